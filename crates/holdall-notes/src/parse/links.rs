//! Links between notes: what a written link names, and which note that is.

use std::borrow::Cow;
use std::collections::HashMap;

use holdall_files::folded;
use percent_encoding::percent_decode_str;
use pulldown_cmark::LinkType;

use crate::note::{Link, NotePath};

/// Extensions a link to a note may carry.
const NOTE_EXTENSIONS: [&str; 3] = [".md", ".markdown", ".mdx"];
/// What people embed with `![[…]]` that is not a note.
const ATTACHMENT_EXTENSIONS: [&str; 22] = [
    "png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "bmp", "pdf", "mp3", "wav", "m4a", "ogg", "flac",
    "mp4", "mov", "webm", "mkv", "zip", "csv", "canvas", "base",
];

/// Finds the notes that links name.
///
/// A link means, in this order: the path relative to the note's folder, then to each folder above it, then any
/// note whose path ends so. Case, Unicode form and a missing `.md` do not matter. Where several notes fit,
/// the one in the nearest folder wins, then the shortest path, then the first by name.
#[derive(Clone, Debug, Default)]
pub struct LinkResolver {
    /// Notes by their folded stem.
    by_stem: HashMap<String, Vec<Known>>,
}

#[derive(Clone, Debug)]
struct Known {
    path: NotePath,
    /// The folded path without extension.
    folded: String,
}

impl LinkResolver {
    /// A resolver over these notes.
    pub fn new<'a>(paths: impl IntoIterator<Item = &'a NotePath>) -> Self {
        let mut resolver = Self::default();
        paths.into_iter().for_each(|path| resolver.insert(path));
        resolver
    }

    /// Adds a note; adding it twice changes nothing.
    pub fn insert(&mut self, path: &NotePath) {
        let folded = folded(without_note_extension(path.as_str()));
        let known = self.by_stem.entry(last_part(&folded).to_owned()).or_default();
        if !known.iter().any(|other| other.path == *path) {
            known.push(Known {
                path: path.clone(),
                folded,
            });
        }
    }

    /// Removes a note.
    pub fn remove(&mut self, path: &NotePath) {
        let folded = folded(without_note_extension(path.as_str()));
        let stem = last_part(&folded);
        if let Some(known) = self.by_stem.get_mut(stem) {
            known.retain(|other| other.path != *path);
            if known.is_empty() {
                self.by_stem.remove(stem);
            }
        }
    }

    /// The note that `link`, written in the note `from`, names; `None` if there is no such note.
    pub fn resolve(&self, from: &NotePath, link: &Link) -> Option<&NotePath> {
        let from_root = link.target.starts_with('/');
        let target = folded(without_note_extension(link.target.trim_matches('/')));
        let known = self.by_stem.get(last_part(&target))?;
        let folder = folded(from.folder());
        let anchored = target.split('/').any(|part| part == "..") || target.starts_with("./");

        let mut above = if from_root {
            top_folder(&folder)
        } else {
            folder.as_str()
        };
        loop {
            if let Some(wanted) = joined(above, &target) {
                let same: Vec<&Known> = known.iter().filter(|note| note.folded == wanted).collect();
                if let Some(note) = best(&same, from, &link.target) {
                    return Some(note);
                }
            }
            if above.is_empty() || anchored {
                break;
            }
            above = above.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
        if anchored {
            return None;
        }
        let ends_so: Vec<&Known> = known
            .iter()
            .filter(|note| ends_with_path(&note.folded, &target))
            .collect();
        best(&ends_so, from, &link.target)
    }
}

/// The link a Markdown element writes, unless it leads out of the notes, to an attachment or to its own note.
pub(super) fn written(kind: LinkType, destination: &str, embedded: bool) -> Option<Link> {
    let wiki = matches!(kind, LinkType::WikiLink { .. });
    if matches!(kind, LinkType::Autolink | LinkType::Email) {
        return None;
    }
    let decoded = if wiki {
        Cow::Borrowed(destination)
    } else {
        decoded(destination.split(['#', '?']).next()?)?
    };
    let target = if wiki {
        decoded.split('#').next()?
    } else {
        &decoded
    };
    // `\|` is how a table writes the bar of an alias.
    let target = target.trim().trim_end_matches('\\').trim();
    if target.is_empty() || target.starts_with("//") || target.contains('\0') || has_scheme(target) {
        return None;
    }
    let extension = last_part(target)
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_lowercase());
    let is_attachment = match (&extension, wiki) {
        (None, _) => embedded && !wiki,
        (Some(extension), true) => ATTACHMENT_EXTENSIONS.contains(&extension.as_str()),
        (Some(extension), false) => !NOTE_EXTENSIONS.iter().any(|note| note[1..] == *extension),
    };
    (!is_attachment && !target.ends_with('/')).then(|| Link {
        target: target.to_owned(),
        wiki,
    })
}

fn decoded(text: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(text).decode_utf8().ok()
}

/// `https:`, `mailto:`, `obsidian:`… One letter is a drive, not a scheme, and no note either.
fn has_scheme(target: &str) -> bool {
    target.split_once(':').is_some_and(|(scheme, rest)| {
        !rest.starts_with(' ')
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    })
}

fn without_note_extension(path: &str) -> &str {
    for extension in NOTE_EXTENSIONS {
        let cut = path.len().saturating_sub(extension.len());
        if cut > 0
            && path
                .get(cut..)
                .is_some_and(|end| end.eq_ignore_ascii_case(extension))
        {
            return &path[..cut];
        }
    }
    path
}

fn last_part(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, last)| last)
}

fn top_folder(folder: &str) -> &str {
    folder.split_once('/').map_or(folder, |(top, _)| top)
}

/// `folder` and `target` as one path, `..` resolved; `None` if that leads out of the notes.
fn joined(folder: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
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

fn ends_with_path(path: &str, end: &str) -> bool {
    path.strip_suffix(end)
        .is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

/// The note written exactly so, then the nearest, the shortest, the first.
fn best<'a>(candidates: &[&'a Known], from: &NotePath, target: &str) -> Option<&'a NotePath> {
    let exact = target.trim_start_matches(['.', '/']);
    let exact_end = |path: &NotePath| {
        path.as_str().ends_with(exact) || without_note_extension(path.as_str()).ends_with(exact)
    };
    let shared = |path: &NotePath| {
        path.folder()
            .split('/')
            .zip(from.folder().split('/'))
            .take_while(|(ours, theirs)| ours == theirs)
            .count()
    };
    candidates.iter().map(|known| &known.path).min_by_key(|path| {
        (
            std::cmp::Reverse(shared(path)),
            !exact_end(path),
            path.as_str().matches('/').count(),
            path.as_str().len(),
            path.as_str(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(target: &str) -> Link {
        Link {
            target: target.into(),
            wiki: true,
        }
    }

    #[test]
    fn links_resolve_by_folder_root_and_stem() {
        let paths = [
            "index.md",
            "projects/mcp.md",
            "projects/old/mcp.md",
            "ideas/MCP.markdown",
            "ideas/caf\u{e9}.md",
            "deep/er/unique.md",
            "deep/er/v1.2 release.md",
        ]
        .map(NotePath::new);
        let resolver = LinkResolver::new(&paths);
        let cases = [
            ("index.md", "projects/mcp.md", Some("projects/mcp.md")),
            ("index.md", "mcp", Some("projects/mcp.md")),
            ("index.md", "MCP", Some("ideas/MCP.markdown")),
            ("projects/plan.md", "mcp", Some("projects/mcp.md")),
            ("projects/old/plan.md", "mcp", Some("projects/old/mcp.md")),
            ("projects/old/plan.md", "../mcp.md", Some("projects/mcp.md")),
            ("ideas/x.md", "Mcp", Some("ideas/MCP.markdown")),
            ("deep/x.md", "/ideas/mcp", Some("ideas/MCP.markdown")),
            ("deep/x.md", "old/mcp", Some("projects/old/mcp.md")),
            ("x.md", "cafe\u{301}", Some("ideas/caf\u{e9}.md")),
            ("x.md", "UNIQUE.md", Some("deep/er/unique.md")),
            ("x.md", "v1.2 release", Some("deep/er/v1.2 release.md")),
            ("x.md", "../index", None),
            ("x.md", "nothing", None),
            ("x.md", "r/unique", None),
            ("x.md", "", None),
        ];
        for (from, target, expected) in cases {
            let found = resolver.resolve(&NotePath::new(from), &link(target));
            assert_eq!(found.map(NotePath::as_str), expected, "{target} from {from}");
        }
    }

    #[test]
    fn notes_come_and_go() {
        let (one, two) = (NotePath::new("a/x.md"), NotePath::new("b/x.md"));
        let mut resolver = LinkResolver::new([&one, &one, &two]);
        resolver.remove(&one);
        assert_eq!(resolver.resolve(&NotePath::new("a/y.md"), &link("x")), Some(&two));
        resolver.remove(&two);
        assert!(resolver.by_stem.is_empty());
    }

    #[test]
    fn only_links_to_notes_are_kept() {
        let inline = |target| written(LinkType::Inline, target, false).map(|link| link.target);
        assert_eq!(inline("../a%20b.md#part").as_deref(), Some("../a b.md"));
        assert_eq!(inline("other").as_deref(), Some("other"));
        for target in [
            "https://x.y/z.md",
            "mailto:a@b.c",
            "#here",
            "pic.png",
            "//host/x.md",
            "%ff.md",
            "c:\\x.md",
            "a/",
        ] {
            assert_eq!(inline(target), None, "{target}");
        }
        let wiki = |target, embedded| written(LinkType::WikiLink { has_pothole: false }, target, embedded);
        assert_eq!(wiki("MCP#Part\\", false), Some(link("MCP")));
        assert_eq!(wiki("Re: plan", true), Some(link("Re: plan")));
        assert_eq!(wiki("shot.PNG", true), None);
    }
}
