//! The links of the documents: what they point to exists.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`document`] | what a Markdown file links to, and which anchors its headings have |
//!
//! Links to other sites are not looked at: a check must not depend on the network. Links in doc comments are
//! checked by rustdoc.

mod document;

use std::collections::BTreeMap;
use std::path::Path;

use percent_encoding::percent_decode_str;

use crate::finding::Finding;
use crate::sources::{self, Source};

use self::document::{Document, Link};

const RULE: &str = "links within the repository are relative, and lead to a file and a heading that exist";

/// Documents and folders of documents. Markdown elsewhere is data.
const DOCUMENTS: [&str; 6] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "docs",
];

/// Checks the links of every document of the repository at `root`.
pub(crate) fn check(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let sources = sources::files(root, &DOCUMENTS, |path| {
        path.extension().is_some_and(|end| end == "md")
    })?;
    let documents: BTreeMap<&str, Document> = sources
        .iter()
        .map(|source| (source.path.as_str(), Document::read(&source.text)))
        .collect();
    let mut findings = Vec::new();
    for source in &sources {
        for link in &documents[source.path.as_str()].links {
            if let Err((problem, remedy)) = follow(root, source, link, &documents) {
                let place = format!("{}:{}", source.path, link.line);
                findings.push(Finding {
                    place,
                    problem,
                    rule: RULE,
                    remedy,
                });
            }
        }
    }
    Ok(findings)
}

/// Follows a link; the error is the problem and what to do about it.
fn follow(
    root: &Path,
    source: &Source,
    link: &Link,
    documents: &BTreeMap<&str, Document>,
) -> Result<(), (String, String)> {
    let target = link.target.as_str();
    if is_elsewhere(target) {
        return Ok(());
    }
    let (file, anchor) = target
        .split_once('#')
        .map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let file = percent_decode_str(file).decode_utf8_lossy();
    let path = if file.is_empty() {
        source.path.clone()
    } else {
        resolve(&source.path, &file).ok_or_else(|| {
            let remedy = "write the path relative to this file, within the repository".to_owned();
            (format!("the link `{target}` leads out of the repository"), remedy)
        })?
    };
    if !root.join(&path).exists() {
        let remedy = "correct the path, or remove the link with the sentence that needs it".to_owned();
        return Err((
            format!("the link `{target}` leads to {path}, which does not exist"),
            remedy,
        ));
    }
    match (anchor, documents.get(path.as_str())) {
        (Some(anchor), Some(document)) if !document.anchors.iter().any(|known| known == anchor) => {
            let remedy = format!("use one of its anchors: {}", document.anchors.join(", "));
            Err((
                format!("the link `{target}` leads to a heading which {path} does not have"),
                remedy,
            ))
        }
        _ => Ok(()),
    }
}

/// Whether a link names a scheme (`https:`, `mailto:`), and so another place than this repository.
fn is_elsewhere(target: &str) -> bool {
    target.starts_with("//")
        || target.split_once(':').is_some_and(|(scheme, _)| {
            scheme.len() > 1
                && scheme
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        })
}

/// The path within the repository that `link` names in the document at `from`, or nothing if it leads out of it.
fn resolve(from: &str, link: &str) -> Option<String> {
    if link.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong in a repository whose `docs/guide.md` is `text`.
    fn problems(text: &str) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("docs/pictures")).unwrap();
        std::fs::write(root.path().join("docs/pictures/a b.png"), "").unwrap();
        std::fs::write(root.path().join("README.md"), "# Holdall\n\n## Start here\n").unwrap();
        std::fs::write(root.path().join("docs/guide.md"), text).unwrap();
        let findings = check(root.path()).unwrap();
        findings
            .into_iter()
            .map(|finding| format!("{}: {}", finding.place, finding.problem))
            .collect()
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        let text = "# Guide\n\n[read](../README.md) [start](../README.md#start-here) [here](#guide) [folder](pictures)\n\
                    ![picture](pictures/a%20b.png) <img src=\"pictures/a b.png\"> [site](https://example.com/#x)\n\
                    [mail](mailto:someone@example.com) [named]\n\n[named]: ../README.md\n";
        assert!(problems(text).is_empty());
    }

    #[test]
    fn a_link_to_a_missing_file_is_found_with_its_line() {
        assert_eq!(
            problems("# Guide\n\n[gone](gone.md)\n"),
            ["docs/guide.md:3: the link `gone.md` leads to docs/gone.md, which does not exist"]
        );
        assert_eq!(problems("<img src=\"gone.png\">\n").len(), 1);
        assert_eq!(problems("[named]\n\n[named]: gone.md\n").len(), 1);
    }

    #[test]
    fn a_link_to_a_missing_heading_is_found() {
        assert_eq!(
            problems("[gone](../README.md#gone)\n"),
            [
                "docs/guide.md:1: the link `../README.md#gone` leads to a heading which README.md does not have"
            ]
        );
        assert_eq!(problems("[gone](#gone)\n").len(), 1);
    }

    #[test]
    fn a_link_out_of_the_repository_is_found() {
        assert_eq!(
            problems("[out](../../other/README.md)\n"),
            ["docs/guide.md:1: the link `../../other/README.md` leads out of the repository"]
        );
        assert_eq!(problems("[root](/README.md)\n").len(), 1);
    }

    #[test]
    fn links_in_code_are_text() {
        assert!(problems("`[gone](gone.md)`\n\n```md\n[gone](gone.md)\n```\n").is_empty());
    }
}
