//! Versions are chosen once, in the root manifest, each with a line that says what the crate is for.

use std::collections::BTreeSet;

use anyhow::Context as _;
use toml_edit::{DocumentMut, Item, TableLike};

use crate::finding::Finding;
use crate::sources::Source;

const VERSION_RULE: &str =
    "versions are chosen in the root Cargo.toml alone, so that no two crates drift apart";
const REASON_RULE: &str = "every dependency says in one line what it is for, so that the next reader can judge whether \
                           it is still needed";
const UNUSED_RULE: &str = "the root Cargo.toml lists what the workspace uses, nothing else";

/// Tables of a manifest, or of one of its targets, that list dependencies.
const DEPENDENCY_TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// Checks the root manifest and the members' manifests against each other.
pub(super) fn check(root: &Source, members: &[Source]) -> anyhow::Result<Vec<Finding>> {
    let root_document = parse(root)?;
    let listed = root_document
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies"))
        .and_then(Item::as_table_like)
        .context("the root Cargo.toml has no [workspace.dependencies]")?;
    let mut findings = Vec::new();
    let mut used = BTreeSet::new();
    for member in members {
        for (name, dependency) in dependencies(&parse(member)?) {
            if !takes_the_version_of_the_workspace(&dependency) {
                findings.push(own_version(member, &name));
            }
            used.insert(name);
        }
    }
    findings.extend(
        without_reason(listed)
            .into_iter()
            .map(|name| no_reason(root, &name)),
    );
    findings.extend(
        listed
            .iter()
            .filter(|(name, _)| !used.contains(*name))
            .map(|(name, _)| unused(root, name)),
    );
    Ok(findings)
}

fn parse(source: &Source) -> anyhow::Result<DocumentMut> {
    source
        .text
        .parse()
        .with_context(|| format!("{} is not TOML", source.path))
}

/// Every dependency of a manifest by its name, those of single targets too.
fn dependencies(manifest: &DocumentMut) -> Vec<(String, Item)> {
    let mut tables: Vec<&dyn TableLike> = vec![manifest.as_table()];
    if let Some(targets) = manifest.get("target").and_then(Item::as_table_like) {
        tables.extend(targets.iter().filter_map(|(_, target)| target.as_table_like()));
    }
    let mut dependencies = Vec::new();
    for table in tables {
        for name in DEPENDENCY_TABLES {
            if let Some(entries) = table.get(name).and_then(Item::as_table_like) {
                dependencies.extend(
                    entries
                        .iter()
                        .map(|(name, entry)| (name.to_owned(), entry.clone())),
                );
            }
        }
    }
    dependencies
}

fn takes_the_version_of_the_workspace(dependency: &Item) -> bool {
    dependency.get("workspace").and_then(Item::as_bool) == Some(true)
}

/// Names of entries with no comment above them in their paragraph. `# --- heading ---` is no reason.
fn without_reason(listed: &dyn TableLike) -> Vec<String> {
    let mut names = Vec::new();
    let mut has_reason = false;
    for (name, _) in listed.iter() {
        let key = listed.key(name).expect("a key that was just listed exists");
        let above = key
            .leaf_decor()
            .prefix()
            .and_then(|prefix| prefix.as_str())
            .unwrap_or_default();
        let mut lines: Vec<&str> = above.lines().map(str::trim).collect();
        if let Some(gap) = lines.iter().rposition(|line| line.is_empty()) {
            has_reason = false;
            lines.drain(..=gap);
        }
        has_reason |= lines
            .iter()
            .any(|line| line.starts_with('#') && !line.starts_with("# ---"));
        if !has_reason {
            names.push(name.to_owned());
        }
    }
    names
}

fn own_version(member: &Source, name: &str) -> Finding {
    Finding {
        place: member.path.clone(),
        problem: format!("the dependency `{name}` does not take its version from the workspace"),
        rule: VERSION_RULE,
        remedy: format!(
            "write `{name}.workspace = true` here, and its version with a comment in the root Cargo.toml; \
             features are added with `{name} = {{ workspace = true, features = […] }}`"
        ),
    }
}

fn no_reason(root: &Source, name: &str) -> Finding {
    Finding {
        place: place(root, name),
        problem: format!("the dependency `{name}` has no comment that says what it is for"),
        rule: REASON_RULE,
        remedy: "put a comment on the line above it, or move it into the paragraph whose comment fits it"
            .to_owned(),
    }
}

fn unused(root: &Source, name: &str) -> Finding {
    Finding {
        place: place(root, name),
        problem: format!("no member of the workspace uses the dependency `{name}`"),
        rule: UNUSED_RULE,
        remedy: "remove its line and its comment".to_owned(),
    }
}

/// The line of the root manifest on which an entry starts.
fn place(root: &Source, name: &str) -> String {
    let starts = |line: &str| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    match root.text.lines().position(starts) {
        Some(index) => format!("{}:{}", root.path, index + 1),
        None => root.path.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(root: &str, member: &str) -> Vec<String> {
        let root = Source {
            path: "Cargo.toml".into(),
            text: format!("[workspace.dependencies]\n{root}"),
        };
        let member = Source {
            path: "crates/a/Cargo.toml".into(),
            text: member.into(),
        };
        let findings = check(&root, &[member]).unwrap();
        findings
            .into_iter()
            .map(|finding| format!("{}: {}", finding.place, finding.problem))
            .collect()
    }

    #[test]
    fn versions_of_the_workspace_with_reasons_pass() {
        let root =
            "# Errors.\nanyhow = \"1\"\nthiserror = \"2\"\n\n# --- tests ---\n# Folders.\ntempfile = \"3\"\n";
        let member = "[dependencies]\nanyhow.workspace = true\nthiserror = { workspace = true, optional = true }\n\
                      [target.'cfg(unix)'.dev-dependencies]\ntempfile.workspace = true\n";
        assert!(problems(root, member).is_empty());
    }

    #[test]
    fn a_version_of_its_own_is_found_in_every_table() {
        for table in [
            "dependencies",
            "dev-dependencies",
            "build-dependencies",
            "target.'cfg(unix)'.dependencies",
        ] {
            let found = problems(
                "# Errors.\nanyhow = \"1\"\n",
                &format!("[{table}]\nanyhow = \"1\"\n"),
            );
            assert_eq!(
                found,
                ["crates/a/Cargo.toml: the dependency `anyhow` does not take its version from the workspace"]
            );
        }
    }

    #[test]
    fn an_entry_that_nobody_uses_is_found() {
        let found = problems("# Errors.\nanyhow = \"1\"\n", "[package]\nname = \"a\"\n");
        assert_eq!(
            found,
            ["Cargo.toml:3: no member of the workspace uses the dependency `anyhow`"]
        );
    }

    #[test]
    fn an_entry_without_a_reason_is_found() {
        let member = "[dependencies]\nanyhow.workspace = true\nserde.workspace = true\n";
        let found = problems(
            "# --- data ---\nserde = \"1\"\n# Errors.\nanyhow = \"1\"\n",
            member,
        );
        assert_eq!(
            found,
            ["Cargo.toml:3: the dependency `serde` has no comment that says what it is for"]
        );
        let found = problems("# Errors.\nanyhow = \"1\"\n\nserde = \"1\"\n", member);
        assert_eq!(
            found,
            ["Cargo.toml:5: the dependency `serde` has no comment that says what it is for"]
        );
    }
}
