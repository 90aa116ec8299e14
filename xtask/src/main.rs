//! The checks of this repository which no other program makes: `cargo xtask architecture` and `cargo xtask links`.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`architecture`] | which crate may use which, sizes, names, manifests, the words at each folder's door |
//! | [`links`] | the links of the documents |
//! | [`finding`] | what a check says when a rule is broken |
//! | [`sources`] | which files are looked at |
//!
//! Not here: formatting, lints and licences, which are `cargo fmt`, `cargo clippy` and `cargo deny`.

mod architecture;
mod finding;
mod links;
mod sources;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::finding::Finding;

const USAGE: &str = "\
usage: cargo xtask <CHECK>

  architecture  crate edges, sizes of files and functions, names, manifests, the words at each folder's door
  links         links of README.md and the other documents point to files and headings that exist";

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask lies in the workspace's root")?;
    let (name, findings) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["architecture"] => ("architecture", architecture::check(root)?),
        ["links"] => ("links", links::check(root)?),
        ["help" | "--help" | "-h"] => {
            eprintln!("{USAGE}");
            return Ok(ExitCode::SUCCESS);
        }
        _ => {
            eprintln!("{USAGE}");
            return Ok(ExitCode::from(2));
        }
    };
    Ok(report(name, &findings))
}

/// Prints what was found, and how many rules were broken.
fn report(name: &str, findings: &[Finding]) -> ExitCode {
    for finding in findings {
        eprintln!("{finding}\n");
    }
    match findings.len() {
        0 => {
            eprintln!("{name}: every rule is kept");
            ExitCode::SUCCESS
        }
        1 => {
            eprintln!("{name}: 1 rule is broken, see above");
            ExitCode::FAILURE
        }
        many => {
            eprintln!("{name}: rules are broken in {many} places, see above");
            ExitCode::FAILURE
        }
    }
}
