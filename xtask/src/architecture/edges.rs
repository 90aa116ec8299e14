//! Which crate may use which.
//!
//! The table is the architecture's: an edge that is not in it needs a decision first, and then a row here.

use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata};

use crate::finding::Finding;

const RULE: &str =
    "crates use each other only along the edges of ARCHITECTURE.md, so that every line of code has one room";
const PROTOCOL_RULE: &str = "only holdall, holdall-http and holdall-testkit speak to rmcp, so that a new protocol version changes three crates and no more";
const PROGRAM_RULE: &str =
    "a library is tested without the program, so that its tests say what the library itself does";

/// The crate with the program, which puts everything together.
const PROGRAM: &str = "holdall-cli";

/// A crate of ours, and those of ours which it may use outside its tests.
struct Room {
    name: &'static str,
    may_use: &'static [&'static str],
    speaks_protocol: bool,
}

const ROOMS: [Room; 9] = [
    Room {
        name: "holdall-macros",
        may_use: &[],
        speaks_protocol: false,
    },
    Room {
        name: "holdall",
        may_use: &["holdall-macros"],
        speaks_protocol: true,
    },
    Room {
        name: "holdall-http",
        may_use: &["holdall"],
        speaks_protocol: true,
    },
    Room {
        name: "holdall-files",
        may_use: &[],
        speaks_protocol: false,
    },
    Room {
        name: "holdall-notes",
        may_use: &["holdall-files"],
        speaks_protocol: false,
    },
    Room {
        name: "holdall-toolsets",
        may_use: &["holdall", "holdall-files", "holdall-notes"],
        speaks_protocol: false,
    },
    Room {
        name: "holdall-testkit",
        may_use: &["holdall", "holdall-http"],
        speaks_protocol: true,
    },
    Room {
        name: "holdall-telemetry",
        may_use: &["holdall", "holdall-http"],
        speaks_protocol: false,
    },
    Room {
        name: PROGRAM,
        may_use: &[
            "holdall-macros",
            "holdall",
            "holdall-http",
            "holdall-notes",
            "holdall-toolsets",
            "holdall-telemetry",
        ],
        speaks_protocol: false,
    },
];

/// A member of the workspace with what it depends on.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) name: String,
    /// Folder within the repository.
    pub(super) folder: String,
    /// Names of the crates it depends on, for the library or program and for its build script.
    pub(super) uses: Vec<String>,
    /// Names of the crates its tests depend on.
    pub(super) tests_use: Vec<String>,
}

/// The members of the workspace at `root`.
pub(super) fn members(root: &Path, metadata: &Metadata) -> Vec<Member> {
    let packages = metadata.workspace_packages();
    let member = |package: &&cargo_metadata::Package| {
        let folder = package
            .manifest_path
            .parent()
            .map(|folder| folder.as_std_path())
            .unwrap_or(root);
        let names = |tests: bool| {
            let mut names: Vec<String> = package
                .dependencies
                .iter()
                .filter(|dependency| (dependency.kind == DependencyKind::Development) == tests)
                .map(|dependency| dependency.name.clone())
                .collect();
            names.sort();
            names.dedup();
            names
        };
        Member {
            name: package.name.to_string(),
            folder: folder.strip_prefix(root).unwrap_or(folder).display().to_string(),
            uses: names(false),
            tests_use: names(true),
        }
    };
    packages.iter().map(member).collect()
}

/// Finds edges that the table does not allow.
pub(super) fn check(members: &[Member]) -> Vec<Finding> {
    members
        .iter()
        .flat_map(|member| check_member(member, members))
        .collect()
}

fn check_member(member: &Member, members: &[Member]) -> Vec<Finding> {
    let is_ours = |name: &&String| members.iter().any(|member| member.name == **name);
    let mut findings = Vec::new();
    match ROOMS.iter().find(|room| room.name == member.name) {
        Some(room) => {
            let forbidden = member
                .uses
                .iter()
                .filter(is_ours)
                .filter(|name| !room.may_use.contains(&name.as_str()));
            findings.extend(forbidden.map(|name| forbidden_edge(member, room, name)));
            findings.extend(protocol(member, room.speaks_protocol));
            findings.extend(program_in_tests(member));
        }
        None if member.folder.starts_with("crates/") => findings.push(Finding {
            place: format!("{}/Cargo.toml", member.folder),
            problem: format!("the crate {} is not in the table of crates", member.name),
            rule: RULE,
            remedy:
                "move the code into the crate whose room it is, or decide on the new room in ARCHITECTURE.md \
                     and give it a row in xtask/src/architecture/edges.rs"
                    .to_owned(),
        }),
        None if member.folder.starts_with("tests") || member.folder.starts_with("benches") => {}
        None => findings.extend(protocol(member, false)),
    }
    findings
}

fn forbidden_edge(member: &Member, room: &Room, name: &str) -> Finding {
    let allowed = match room.may_use {
        [] => "none of our crates".to_owned(),
        names => names.join(", "),
    };
    Finding {
        place: format!("{}/Cargo.toml", member.folder),
        problem: format!("{} depends on {name}; it may use {allowed}", member.name),
        rule: RULE,
        remedy: format!(
            "move the code that needs {name} into a crate that may use it, or pass what it needs as a value; \
             in tests alone it may be a dev-dependency"
        ),
    }
}

fn protocol(member: &Member, speaks_protocol: bool) -> Option<Finding> {
    let breaks = !speaks_protocol && member.uses.iter().any(|name| name == "rmcp");
    breaks.then(|| Finding {
        place: format!("{}/Cargo.toml", member.folder),
        problem: format!("{} depends on rmcp", member.name),
        rule: PROTOCOL_RULE,
        remedy: "use what holdall offers, and its module `protocol` for the protocol's own types".to_owned(),
    })
}

fn program_in_tests(member: &Member) -> Option<Finding> {
    let breaks = member.name != PROGRAM && member.tests_use.iter().any(|name| name == PROGRAM);
    breaks.then(|| Finding {
        place: format!("{}/Cargo.toml", member.folder),
        problem: format!("the tests of {} depend on {PROGRAM}", member.name),
        rule: PROGRAM_RULE,
        remedy: format!("test through the library, or move the test into crates/{PROGRAM}/tests or tests/"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, folder: &str, uses: &[&str], tests_use: &[&str]) -> Member {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Member {
            name: name.into(),
            folder: folder.into(),
            uses: owned(uses),
            tests_use: owned(tests_use),
        }
    }

    /// Every crate of the table, without edges, and the one under test.
    fn problems(subject: Member) -> Vec<String> {
        let mut members: Vec<Member> = ROOMS
            .iter()
            .filter(|room| room.name != subject.name)
            .map(|room| member(room.name, &format!("crates/{}", room.name), &[], &[]))
            .collect();
        members.push(subject);
        check(&members)
            .into_iter()
            .map(|finding| finding.problem)
            .collect()
    }

    #[test]
    fn edges_of_the_table_and_crates_of_others_are_allowed() {
        let uses = ["holdall", "holdall-notes", "serde"];
        assert!(problems(member("holdall-toolsets", "crates/holdall-toolsets", &uses, &[])).is_empty());
        assert!(
            problems(member(
                "holdall-http",
                "crates/holdall-http",
                &["holdall", "rmcp"],
                &[]
            ))
            .is_empty()
        );
    }

    #[test]
    fn an_edge_outside_the_table_is_found() {
        let found = problems(member("holdall-notes", "crates/holdall-notes", &["holdall"], &[]));
        assert_eq!(
            found,
            ["holdall-notes depends on holdall; it may use holdall-files"]
        );
        let found = problems(member("holdall", "crates/holdall", &["holdall-http"], &[]));
        assert_eq!(
            found,
            ["holdall depends on holdall-http; it may use holdall-macros"]
        );
        assert_eq!(
            problems(member(PROGRAM, "crates/holdall-cli", &["holdall-testkit"], &[])).len(),
            1
        );
    }

    #[test]
    fn tests_may_use_every_crate_but_the_program() {
        assert!(
            problems(member(
                "holdall",
                "crates/holdall",
                &[],
                &["holdall-http", "rmcp"]
            ))
            .is_empty()
        );
        let found = problems(member("holdall", "crates/holdall", &[], &[PROGRAM]));
        assert_eq!(found, ["the tests of holdall depend on holdall-cli"]);
    }

    #[test]
    fn the_protocol_has_rooms_of_its_own() {
        let found = problems(member(
            "holdall-toolsets",
            "crates/holdall-toolsets",
            &["rmcp"],
            &[],
        ));
        assert_eq!(found, ["holdall-toolsets depends on rmcp"]);
        assert_eq!(
            problems(member("weather", "examples/weather", &["rmcp"], &[])),
            ["weather depends on rmcp"]
        );
        assert!(problems(member("load", "benches/load", &["rmcp"], &[])).is_empty());
    }

    #[test]
    fn a_crate_without_a_room_is_found() {
        let found = problems(member("holdall-extras", "crates/holdall-extras", &[], &[]));
        assert_eq!(found, ["the crate holdall-extras is not in the table of crates"]);
        assert!(problems(member("weather", "examples/weather", &["holdall"], &[])).is_empty());
    }
}
