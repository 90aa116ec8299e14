//! Any text as a query, a time or a filter: an answer within its bounds or an error, and what is excluded is not found.

#![no_main]

use std::cell::RefCell;
use std::fs;
use std::time::Duration;

use holdall_fuzz::split;
use holdall_notes::search::SearchMode;
use holdall_notes::when::{End, interval, point};
use holdall_notes::{Filter, ListRequest, Notebook, NotebookOptions, SearchRequest};
use jiff::Zoned;
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;

/// Stands in one note alone.
const RARE: &str = "zanzibar";

thread_local! {
    static NOTES: RefCell<Notes> = RefCell::new(Notes::open());
}

fuzz_target!(|data: &[u8]| {
    let Some((mode, bytes)) = split(data) else { return };
    let text = String::from_utf8_lossy(bytes);
    NOTES.with_borrow(|notes| match mode & 3 {
        0 | 1 => notes.search(&text, mode),
        2 => notes.filter(&text, mode),
        _ => time(&text, &notes.now),
    });
});

struct Notes {
    notebook: Notebook,
    now: Zoned,
    _folder: tempfile::TempDir,
}

impl Notes {
    fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let notes = folder.path().join("notes");
        fs::create_dir_all(notes.join("travel/old")).expect("a folder");
        for (name, text) in [
            (
                "rust.md",
                "---\ntags: [rust, code/async]\n---\n# Rust book\n\nHot reload of a server, 5\" disk.\n",
            ),
            (
                "travel/plan.md",
                "# Travel plan\n\nBoats leave for Zanzibar on Monday. A good morning.\n",
            ),
            (
                "travel/old/2026-05-03 日記.md",
                "# 日記\n\n机器学习 深度学习. #travel/past\n",
            ),
            ("empty.md", ""),
        ] {
            fs::write(notes.join(name), text).expect("a file");
        }
        let mut options = NotebookOptions::new(folder.path().join("data"));
        options.semantic = false;
        options.zone = TimeZone::UTC;
        let notebook = Notebook::open(&[notes], options).expect("the folder is there");
        assert!(
            notebook.wait_until_indexed(Duration::from_secs(60)),
            "there are few notes"
        );
        Self {
            notebook,
            now: "2026-11-20T15:00[Europe/Berlin]".parse().expect("a time"),
            _folder: folder,
        }
    }

    fn search(&self, text: &str, mode: u8) {
        let mut request = SearchRequest::new(text);
        request.limit = usize::from(mode >> 4);
        request.mode = match mode >> 2 & 3 {
            0 => SearchMode::Hybrid,
            1 => SearchMode::Dense,
            _ => SearchMode::Lexical,
        };
        let found = self.found(&request);
        // A query that is cut, or excludes much already, may not exclude more.
        if found == 0 || text.len() > 1000 || text.matches('-').count() > 6 {
            return;
        }
        // A query of nothing but exclusions asks about its words, so there is something else in this one.
        request.query = format!("plan {text} -{RARE}");
        let Ok(results) = self.notebook.search(&request) else {
            panic!("with an exclusion it is no query any more: {text:?}");
        };
        let has_rare = |text: &str| text.to_lowercase().contains(RARE);
        assert!(
            !results.hits.iter().any(|hit| has_rare(&hit.chunk.text)),
            "found what is excluded: {text:?}"
        );
    }

    fn filter(&self, text: &str, mode: u8) {
        let (folder, tags) = text.split_once('\n').unwrap_or((text, ""));
        let filter = Filter {
            interval: None,
            tags: tags.split('\n').take(16).map(str::to_owned).collect(),
            any_tag: mode & 4 != 0,
            folder: (mode & 8 != 0).then(|| folder.to_owned()),
        };
        let mut request = SearchRequest::new("a good plan");
        request.filter = filter.clone();
        self.found(&request);
        let list = ListRequest {
            filter,
            cursor: (mode & 16 != 0).then(|| tags.to_owned()),
            ..ListRequest::default()
        };
        if let Ok(page) = self.notebook.list(&list) {
            assert!(
                page.notes.iter().all(|note| list.filter.matches(note)),
                "{list:?}"
            );
        }
        if let Ok(path) = self.notebook.resolve(folder) {
            assert!(self.notebook.read(path.as_str(), None).is_ok(), "{path}");
        }
        assert!(self.notebook.complete(folder, 3).len() <= 3);
    }

    /// How much is found; what is, is as it was asked for.
    fn found(&self, request: &SearchRequest) -> usize {
        let Ok(results) = self.notebook.search(request) else {
            return 0;
        };
        assert!(results.hits.len() <= request.limit, "{request:?}");
        for hit in &results.hits {
            assert!(
                (0.0..=1.0).contains(&hit.score.total),
                "{:?} for {request:?}",
                hit.score
            );
            assert!(hit.snippet.chars().count() <= 301, "{:?}", hit.snippet);
            assert!(request.filter.matches(&hit.file), "{request:?}");
        }
        results.hits.len()
    }
}

fn time(text: &str, now: &Zoned) {
    if let Ok(interval) = interval(text, now) {
        assert!(!interval.describe().is_empty());
        if let (Some(since), Some(until)) = (interval.since, interval.until) {
            assert!(since < until, "{text:?}");
        }
    }
    if let (Ok(since), Ok(until)) = (point(text, End::Since, now), point(text, End::Until, now)) {
        // A day with a time is one moment.
        assert!(since <= until, "{text:?}");
    }
}
