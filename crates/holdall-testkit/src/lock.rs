//! [`check_schema_lock`]: the schema lock as a test.

use std::env;
use std::path::Path;

use holdall::schema_lock::{self, Mode};

use crate::server::IntoService;

/// Accepts whatever has changed, if it is set to `1`.
const UPDATE: &str = "HOLDALL_UPDATE_LOCK";
/// What continuous integration sets everywhere.
const CI: &str = "CI";

/// Compares a server with its schema lock, [`holdall::schema_lock`], in the file at `path`; in tests, paths begin at the
/// folder of the crate.
///
/// ```no_run
/// # use holdall::Server;
/// # fn server() -> Server { Server::new("test") }
/// #[test]
/// fn nothing_breaks_by_accident() {
///     holdall_testkit::check_schema_lock(server(), "holdall.lock.json");
/// }
/// ```
///
/// The first run writes the file, and later ones keep it up to date as long as nothing breaks. What breaks fails the
/// test; `HOLDALL_UPDATE_LOCK=1 cargo test` accepts it. Where `CI` is set nothing is written, and a file that is not up
/// to date fails the test.
///
/// # Panics
/// If the server cannot be built, breaks what the file promises, or the file cannot be used.
#[track_caller]
pub fn check_schema_lock(server: impl IntoService, path: impl AsRef<Path>) {
    let service = match server.into_service() {
        Ok(service) => service,
        Err(error) => panic!("{error}"),
    };
    let set = |name| env::var(name).unwrap_or_default();
    if let Err(error) = schema_lock::check(&service, path, mode(&set(UPDATE), &set(CI))) {
        panic!("{error}\n(`{UPDATE}=1 cargo test` accepts everything, also what breaks)");
    }
}

fn mode(update: &str, ci: &str) -> Mode {
    let is_on = |value: &str| !matches!(value, "" | "0" | "false");
    match (is_on(update), is_on(ci)) {
        (true, _) => Mode::Update,
        (false, true) => Mode::Locked,
        (false, false) => Mode::Compatible,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides_what_is_written() {
        for (update, ci, expected) in [
            ("", "", Mode::Compatible),
            ("0", "false", Mode::Compatible),
            ("", "true", Mode::Locked),
            ("1", "", Mode::Update),
            ("1", "1", Mode::Update),
        ] {
            assert_eq!(mode(update, ci), expected, "{update:?} {ci:?}");
        }
    }
}
