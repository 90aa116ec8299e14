//! The rules about rooms: a newcomer guesses the folder of any feature, and a line of code knows its room.
//!
//! | module | its rule |
//! | --- | --- |
//! | [`edges`] | which crate may use which, and who may speak to `rmcp` |
//! | [`sizes`] | how long a file and a function may be |
//! | [`names`] | names that say nothing |
//! | [`doors`] | each folder opens with what lives in it |
//! | [`manifests`] | versions are chosen in one place, each with its reason |
//!
//! Each rule is a function from data to findings, so that its tests need no files. Links are in [`crate::links`].

mod doors;
mod edges;
mod manifests;
mod names;
mod sizes;

use std::path::Path;

use anyhow::Context as _;
use cargo_metadata::MetadataCommand;

use crate::finding::Finding;
use crate::sources::{self, Source};

/// Folders with Rust code of this repository.
const CODE: [&str; 5] = ["crates", "xtask", "examples", "tests", "benches"];

/// Checks every rule over the repository at `root`.
pub(crate) fn check(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cannot read the workspace with cargo metadata")?;
    let members = edges::members(root, &metadata);
    let root_manifest = sources::files(root, &["Cargo.toml"], |_| true)?.remove(0);
    let manifests = sources::files(root, &CODE, |path| path.ends_with("Cargo.toml"))?;
    let code: Vec<Source> = sources::rust_files(root, &CODE)?;

    let mut findings = edges::check(&members);
    findings.extend(manifests::check(&root_manifest, &manifests)?);
    findings.extend(names::check(&code));
    findings.extend(doors::check(&code));
    for source in code.iter().filter(|source| !source.is_exempt()) {
        findings.extend(sizes::check(source)?);
    }
    Ok(findings)
}
