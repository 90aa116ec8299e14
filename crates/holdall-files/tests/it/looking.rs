//! Listings, contents and searches.

use std::cell::Cell;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use holdall_files::{EntryKind, FILE_BYTES_MAX, ListRequest, Roots, SearchRequest};

use crate::support::{Ground, kind};

fn paths(roots: &Roots, request: &ListRequest<'_>) -> (Vec<String>, Option<String>) {
    let listing = roots.list(request).unwrap();
    (
        listing.entries.into_iter().map(|entry| entry.path).collect(),
        listing.next,
    )
}

#[test]
fn folders_are_listed_in_parts_of_any_size() {
    let ground = Ground::new(&[
        ("b/2.txt", ""),
        ("b/1/x", ""),
        ("b.txt", ""),
        ("a", ""),
        ("b-c/y", ""),
        (".h", ""),
        ("z", ""),
    ]);
    let roots = ground.roots();
    fn request(depth: usize, limit: usize, after: Option<&str>) -> ListRequest<'_> {
        ListRequest {
            path: Some("r"),
            depth,
            limit,
            after,
        }
    }
    let whole = [
        "r/a",
        "r/b",
        "r/b/1",
        "r/b/1/x",
        "r/b/2.txt",
        "r/b-c",
        "r/b-c/y",
        "r/b.txt",
        "r/z",
    ];
    assert_eq!(
        paths(&roots, &request(10, 100, None)),
        (whole.map(str::to_owned).to_vec(), None)
    );
    assert_eq!(
        paths(&roots, &request(1, 100, None)).0,
        ["r/a", "r/b", "r/b-c", "r/b.txt", "r/z"]
    );
    for limit in 1..=whole.len() {
        let (mut all, mut after) = (Vec::new(), None::<String>);
        loop {
            let (part, next) = paths(&roots, &request(10, limit, after.as_deref()));
            all.extend(part);
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(all, whole, "{limit} at once");
    }
    assert_eq!(kind(roots.list(&request(1, 1, Some("../x")))), "invalid_path");
    let two = Roots::open([ground.options("one"), ground.options("two")], FILE_BYTES_MAX).unwrap();
    let all = ListRequest {
        path: None,
        ..request(1, 10, None)
    };
    assert_eq!(paths(&two, &all).0, ["one", "two"]);
}

#[test]
fn names_nobody_can_ask_for_are_counted() {
    let ground = Ground::new(&[("a", ""), ("new\nline", ""), ("\u{202e}turned", "")]);
    fs::write(
        ground
            .at("served")
            .join(std::ffi::OsStr::from_bytes(b"latin\xe9")),
        "",
    )
    .unwrap();
    let listing = ground.roots().list(&ListRequest {
        path: None,
        depth: 1,
        limit: 10,
        after: None,
    });
    let listing = listing.unwrap();
    assert_eq!((listing.entries.len(), listing.left_out), (1, 3));
}

#[test]
fn files_are_told_apart_by_what_is_in_them() {
    let ground = Ground::new(&[
        ("a.rs", "fn main() {}"),
        ("picture.txt", ""),
        ("text.png", "text"),
        ("x.ts", "let x"),
        ("no", "x"),
    ]);
    fs::write(ground.at("served/picture.txt"), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").unwrap();
    fs::write(ground.at("served/page.pdf"), b"%PDF-1.7\n\xff\xff").unwrap();
    fs::write(ground.at("served/noise.png"), b"\xff\x00\xff").unwrap();
    fs::write(ground.at("served/utf16.txt"), b"\xff\xfea\0").unwrap();
    let roots = ground.roots();
    let read = |path: &str| {
        let contents = roots.read(path).unwrap();
        (contents.body.is_ok(), contents.media_type)
    };
    assert_eq!(read("a.rs"), (true, "text/x-rust".to_owned()));
    assert_eq!(read("text.png"), (true, "text/plain".to_owned()));
    assert_eq!(read("x.ts"), (true, "text/x-typescript".to_owned()));
    assert_eq!(read("no"), (true, "text/plain".to_owned()));
    assert_eq!(read("picture.txt"), (false, "image/png".to_owned()));
    assert_eq!(read("page.pdf"), (false, "application/pdf".to_owned()));
    assert_eq!(read("noise.png"), (false, "application/octet-stream".to_owned()));
    assert_eq!(read("utf16.txt"), (false, "application/octet-stream".to_owned()));
    assert_eq!(roots.entry("a.rs").unwrap().kind, EntryKind::File);
    assert_eq!(roots.entry("r").unwrap().kind, EntryKind::Root);
}

#[test]
fn size_is_judged_before_anything_is_read() {
    let ground = Ground::new(&[("a.txt", "four")]);
    let small = Roots::open([ground.options("r")], 3).unwrap();
    let error = small.read("a.txt").unwrap_err();
    assert_eq!(error.to_string(), "`r/a.txt` has 4 bytes, the limit is 3");
    assert_eq!(
        kind(small.write("b.txt", "four", Default::default(), None)),
        "too_large"
    );
}

#[test]
fn names_and_lines_are_found() {
    let ground = Ground::new(&[
        ("src/main.rs", "fn main() {\n    body();\n}\n"),
        ("src/lib/Deep.rs", "// main\n"),
        ("src/x.md", "main"),
        ("node_modules/main.rs", "main"),
        ("main/readme", "nothing"),
    ]);
    fs::write(ground.at("served/src/main.bin"), b"main\0").unwrap();
    let roots = ground.roots();
    let exclude = ["node_modules".to_owned()];
    let base = SearchRequest {
        exclude: &exclude,
        limit: 100,
        ..SearchRequest::default()
    };
    let find = |request: &SearchRequest<'_>| {
        let found = roots.search(request, &|| false).unwrap();
        let lines = |file: &holdall_files::FileMatches| {
            let lines = file
                .lines
                .iter()
                .map(|line| format!("{}{}", line.number, if line.matches { ":" } else { "-" }));
            format!("{} {}", file.path, lines.collect::<Vec<_>>().join(" "))
                .trim_end()
                .to_owned()
        };
        found.files.iter().map(lines).collect::<Vec<_>>()
    };
    let names = |glob| SearchRequest {
        glob: Some(glob),
        ..base.clone()
    };
    assert_eq!(find(&names("*.rs")), ["r/src/lib/Deep.rs", "r/src/main.rs"]);
    assert_eq!(find(&names("src/*.rs")), ["r/src/main.rs"]);
    assert_eq!(
        find(&names("src/**/*.{rs,md}")),
        ["r/src/lib/Deep.rs", "r/src/main.rs", "r/src/x.md"]
    );
    assert_eq!(find(&names("main")), ["r/main"]);
    assert_eq!(find(&names("deep*")), [""; 0]);
    assert_eq!(
        find(&SearchRequest {
            ignore_case: true,
            ..names("deep*")
        }),
        ["r/src/lib/Deep.rs"]
    );
    let lines = |pattern| SearchRequest {
        pattern: Some(pattern),
        ..base.clone()
    };
    assert_eq!(
        find(&lines("main")),
        ["r/src/lib/Deep.rs 1:", "r/src/main.rs 1:", "r/src/x.md 1:"]
    );
    assert_eq!(
        find(&SearchRequest {
            context: 1,
            ..lines("body")
        }),
        ["r/src/main.rs 1- 2: 3-"]
    );
    assert_eq!(
        find(&SearchRequest {
            path: Some("r/src/lib"),
            ..lines("main")
        }),
        ["r/src/lib/Deep.rs 1:"]
    );
    assert_eq!(
        find(&SearchRequest {
            glob: Some("*.md"),
            ..lines("main")
        }),
        ["r/src/x.md 1:"]
    );
    let one = roots
        .search(
            &SearchRequest {
                limit: 1,
                ..lines("main")
            },
            &|| false,
        )
        .unwrap();
    assert_eq!(
        (one.files.len(), one.stopped.as_deref()),
        (1, Some("the limit of 1 was reached"))
    );
    let all = roots.search(&lines("main"), &|| false).unwrap();
    assert_eq!((all.skipped, all.stopped), (1, None));
}

#[test]
fn hostile_patterns_are_refused_or_end() {
    let ground = Ground::new(&[
        ("long", &"a".repeat(1_000_000)),
        ("lines", &"x\n".repeat(100_000)),
    ]);
    let roots = ground.roots();
    let search = |glob, pattern| {
        let request = SearchRequest {
            glob,
            pattern,
            limit: 500,
            ..SearchRequest::default()
        };
        roots.search(&request, &|| false)
    };
    for (glob, pattern) in [
        (None, None),
        (None, Some("(")),
        (None, Some("(?<=a)b")),
        (None, Some(r"(\w{1000}){1000}")),
        (Some("["), None),
        (Some("{a"), None),
    ] {
        assert_eq!(
            kind(search(glob, pattern)),
            "invalid_argument",
            "{glob:?} {pattern:?}"
        );
    }
    // Patterns that take others for ever.
    assert_eq!(search(None, Some("(a+)+$b")).unwrap().files, []);
    let found = search(None, Some(".")).unwrap();
    let shown: usize = found
        .files
        .iter()
        .flat_map(|file| &file.lines)
        .map(|line| line.text.len())
        .sum();
    assert!(shown < 10_000, "{shown} bytes of lines");
    // Whoever has gone away is not searched for.
    let asked = Cell::new(0);
    let request = SearchRequest {
        pattern: Some("a"),
        limit: 1,
        ..SearchRequest::default()
    };
    let stopped = roots.search(&request, &|| {
        asked.set(asked.get() + 1);
        true
    });
    assert_eq!(
        stopped.unwrap().stopped.as_deref(),
        Some("the search was cancelled")
    );
    assert_eq!(asked.get(), 1);
}
