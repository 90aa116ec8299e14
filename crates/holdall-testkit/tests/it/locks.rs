//! The schema lock as a test.

use std::panic::catch_unwind;

use holdall::Server;
use holdall::schema_lock::{self, Mode};
use holdall_testkit::check_schema_lock;

use crate::fixture::server;

#[test]
fn a_server_that_breaks_its_promises_fails_the_test() {
    let path = std::env::temp_dir().join(format!("holdall-testkit-lock-{}.json", std::process::id()));
    let service = server().build().unwrap();
    schema_lock::check(&service, &path, Mode::Update).unwrap();
    check_schema_lock(server(), &path);
    let panic = catch_unwind(|| check_schema_lock(Server::new("empty"), &path)).unwrap_err();
    std::fs::remove_file(&path).unwrap();
    let said = panic.downcast_ref::<String>().unwrap();
    assert!(
        said.contains("/tools/echo") && said.contains("HOLDALL_UPDATE_LOCK=1"),
        "{said}"
    );
}
