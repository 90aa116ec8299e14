//! Finds files by their names, and lines in them.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use cap_std::fs::Dir;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use regex::{Regex, RegexBuilder};

use super::look::EntryKind;
use super::media::as_text;
use super::walk::{Below, DEPTH_MAX, Met, Walk};
use super::{Place, Roots};
use crate::error::FileError;
use crate::plain;

/// Names one search looks at.
const NAMES_MAX: usize = 200_000;
/// Bytes of files one search reads: 512 MiB.
const BYTES_MAX: u64 = 512 * 1024 * 1024;
/// How long one search may take.
const TIME_MAX: Duration = Duration::from_secs(20);
/// Characters of a line that are shown.
const LINE_CHARS_MAX: usize = 300;
/// Bytes of lines one search returns, about 25,000 tokens.
const TEXT_BYTES_MAX: usize = 100_000;
/// Memory of a compiled pattern: what is larger takes too long on each byte.
const PATTERN_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a line that are searched: longer ones are no lines somebody wrote.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// Patterns of names that are left out.
const EXCLUDES_MAX: usize = 32;

/// What to search for: names, lines, or both.
#[derive(Clone, Debug, Default)]
pub struct SearchRequest<'a> {
    /// The folder to search; `None` for all roots.
    pub path: Option<&'a str>,
    /// Which files: a glob over paths below the folder; without `/` over names.
    pub glob: Option<&'a str>,
    /// Which files and folders are passed over: globs of the same kind.
    pub exclude: &'a [String],
    /// Which lines: a regular expression.
    pub pattern: Option<&'a str>,
    /// Whether the case of letters does not matter, in both.
    pub ignore_case: bool,
    /// How many lines around each that matches.
    pub context: usize,
    /// Most lines that match, or most files where no lines are looked for.
    pub limit: usize,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchResults {
    /// The files, in the order of their paths.
    pub files: Vec<FileMatches>,
    /// How many files were looked at.
    pub searched: usize,
    /// How many files were passed over: no text, or too large.
    pub skipped: usize,
    /// Why there may be more than was found.
    pub stopped: Option<String>,
}

/// A file that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileMatches {
    /// `root/folder/name`.
    pub path: String,
    /// What it is: folders and links are found by their names.
    pub kind: EntryKind,
    /// Lines that match, and those around them.
    pub lines: Vec<LineMatch>,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineMatch {
    /// Its number, counted from 1.
    pub number: u32,
    /// Its text, at most 300 characters around the first match.
    pub text: String,
    /// Whether it matches, or only stands beside one that does.
    pub matches: bool,
}

impl Roots {
    /// Searches. It ends early, and says so, when `is_cancelled` says yes, and at its bounds: 200,000 names, 512 MiB,
    /// 20 seconds, [`limit`](SearchRequest::limit).
    ///
    /// # Errors
    /// `invalid_argument` for patterns that are none, and those of [`list`](Self::list).
    pub fn search(
        &self,
        request: &SearchRequest<'_>,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<SearchResults, FileError> {
        let mut search = Search {
            roots: self,
            wanted: Wanted::new(request)?,
            is_cancelled,
            until: Instant::now() + TIME_MAX,
            names: 0,
            bytes: 0,
            text_bytes: 0,
            matches: 0,
            results: SearchResults::default(),
        };
        let places = match request.path {
            Some(path) => vec![self.place(path)?],
            None => (0..self.roots.len())
                .map(|root| self.at(root, Vec::new()))
                .collect(),
        };
        for place in places {
            let (dir, place) = self.folder_at(&place)?;
            if search.folder(&dir, &place)?.is_break() {
                break;
            }
        }
        Ok(search.results)
    }
}

/// The request, compiled.
struct Wanted {
    glob: Option<GlobSet>,
    exclude: GlobSet,
    pattern: Option<Regex>,
    context: usize,
    limit: usize,
}

impl Wanted {
    fn new(request: &SearchRequest<'_>) -> Result<Self, FileError> {
        let wrong = |what: String| FileError::InvalidArgument { what };
        if request.glob.is_none() && request.pattern.is_none() {
            let what = "there is nothing to search for: give a glob for names, a pattern for lines, or both";
            return Err(wrong(what.to_owned()));
        }
        if request.exclude.len() > EXCLUDES_MAX {
            return Err(wrong(format!("more than {EXCLUDES_MAX} patterns to leave out")));
        }
        let globs = |globs: &mut dyn Iterator<Item = &str>| {
            let mut set = GlobSetBuilder::new();
            for glob in globs {
                let anywhere = match glob.contains('/') {
                    true => glob.trim_start_matches("./").to_owned(),
                    false => format!("**/{glob}"),
                };
                let glob = GlobBuilder::new(&anywhere)
                    .literal_separator(true)
                    .case_insensitive(request.ignore_case)
                    .build()
                    .map_err(|error| wrong(format!("`{glob}` is no glob: {}", error.kind())))?;
                set.add(glob);
            }
            set.build()
                .map_err(|error| wrong(format!("the globs are too much: {}", error.kind())))
        };
        let pattern = request.pattern.map(|pattern| {
            RegexBuilder::new(pattern)
                .case_insensitive(request.ignore_case)
                .size_limit(PATTERN_BYTES_MAX)
                .build()
                .map_err(|error| wrong(format!("the pattern is no regular expression: {error}")))
        });
        Ok(Self {
            glob: request
                .glob
                .map(|glob| globs(&mut [glob].into_iter()))
                .transpose()?,
            exclude: globs(&mut request.exclude.iter().map(String::as_str))?,
            pattern: pattern.transpose()?,
            context: request.context,
            limit: request.limit,
        })
    }
}

/// A search under way.
struct Search<'a> {
    roots: &'a Roots,
    wanted: Wanted,
    is_cancelled: &'a dyn Fn() -> bool,
    until: Instant,
    names: usize,
    bytes: u64,
    text_bytes: usize,
    matches: usize,
    results: SearchResults,
}

impl Search<'_> {
    fn folder(&mut self, dir: &Dir, place: &Place) -> Result<ControlFlow<()>, FileError> {
        let mut walk = Walk {
            root: self.roots.root(place),
            depth: DEPTH_MAX,
            after: None,
            left_out: 0,
        };
        let above = place.names.len();
        walk.run(dir, place, &mut |met| {
            if let Some(reason) = self.bound_reached() {
                self.results.stopped = Some(reason);
                return ControlFlow::Break(());
            }
            self.names += 1;
            let below = met.names[above..].join("/");
            if self.wanted.exclude.is_match(&below) {
                return ControlFlow::Continue(Below::PassOver);
            }
            if self.wanted.glob.as_ref().is_none_or(|glob| glob.is_match(&below)) {
                self.met(met, place.root)?;
            }
            ControlFlow::Continue(Below::Enter)
        })
    }

    /// Why it ends here, if it does.
    fn bound_reached(&self) -> Option<String> {
        if (self.is_cancelled)() {
            Some("the search was cancelled".to_owned())
        } else if self.names >= NAMES_MAX {
            Some(format!("{NAMES_MAX} names were looked at"))
        } else if self.bytes >= BYTES_MAX {
            Some(format!("{BYTES_MAX} bytes were read"))
        } else if Instant::now() > self.until {
            Some(format!("{} seconds were over", TIME_MAX.as_secs()))
        } else {
            None
        }
    }

    fn met(&mut self, met: &Met<'_>, root: usize) -> ControlFlow<()> {
        let kind = match met.kind {
            kind if kind.is_file() => EntryKind::File,
            kind if kind.is_dir() => EntryKind::Folder,
            kind if kind.is_symlink() => EntryKind::Link,
            _ => EntryKind::Other,
        };
        let path = || self.roots.at(root, met.names.to_vec()).shown;
        let Some(pattern) = self.wanted.pattern.clone() else {
            self.results.searched += 1;
            let path = path();
            return self.found(path, kind, Vec::new(), 1);
        };
        // What a link leads to is searched where it lies.
        if kind != EntryKind::File {
            return ControlFlow::Continue(());
        }
        let path = path();
        let read = plain::open(met.dir, met.name)
            .map_err(|error| FileError::from_io(&path, "read", error))
            .and_then(|file| {
                let metadata = file
                    .metadata()
                    .map_err(|error| FileError::from_io(&path, "read", error))?;
                plain::whole(file, &metadata, self.roots.file_bytes_max, &path)
            });
        let Some(text) = read
            .ok()
            .inspect(|bytes| self.bytes += bytes.len() as u64)
            .and_then(|bytes| as_text(bytes).ok())
        else {
            self.results.skipped += 1;
            return ControlFlow::Continue(());
        };
        self.results.searched += 1;
        let room = self.wanted.limit - self.matches;
        let is_over = || (self.is_cancelled)() || Instant::now() > self.until;
        let (lines, matches) = matching_lines(&text, &pattern, self.wanted.context, room, &is_over);
        match matches {
            0 => ControlFlow::Continue(()),
            matches => self.found(path, kind, lines, matches),
        }
    }

    fn found(
        &mut self,
        path: String,
        kind: EntryKind,
        lines: Vec<LineMatch>,
        matches: usize,
    ) -> ControlFlow<()> {
        self.matches += matches;
        self.text_bytes += path.len() + lines.iter().map(|line| line.text.len() + 8).sum::<usize>();
        self.results.files.push(FileMatches { path, kind, lines });
        let reason = if self.matches >= self.wanted.limit {
            format!("the limit of {} was reached", self.wanted.limit)
        } else if self.text_bytes >= TEXT_BYTES_MAX {
            format!("more than {TEXT_BYTES_MAX} bytes were found")
        } else {
            return ControlFlow::Continue(());
        };
        self.results.stopped = Some(reason);
        ControlFlow::Break(())
    }
}

/// The first `room` lines that match, with those around them, and how many match. Fewer when time is over, or when they
/// are more than is returned.
fn matching_lines(
    text: &str,
    pattern: &Regex,
    context: usize,
    room: usize,
    is_over: &dyn Fn() -> bool,
) -> (Vec<LineMatch>, usize) {
    /// Lines between two looks at the clock.
    const LINES_AT_ONCE: usize = 256;
    let lines: Vec<&str> = text.lines().collect();
    let mut shown: Vec<LineMatch> = Vec::new();
    let (mut matches, mut bytes) = (0, 0);
    // Lines up to here stand beside the last match.
    let mut beside = 0;
    for (at, line) in lines.iter().enumerate() {
        if at.is_multiple_of(LINES_AT_ONCE) && is_over() {
            break;
        }
        let searched = &line[..line.floor_char_boundary(LINE_BYTES_MAX)];
        let found = match matches < room && bytes < TEXT_BYTES_MAX {
            true => pattern.find(searched),
            false if at >= beside => break,
            false => None,
        };
        let next = shown.last().map_or(0, |last| last.number as usize);
        let mut show = |at: usize, start: Option<usize>| {
            let text = excerpt(lines[at], start.unwrap_or(0));
            bytes += text.len();
            shown.push(LineMatch {
                number: u32::try_from(at + 1).unwrap_or(u32::MAX),
                text,
                matches: start.is_some(),
            });
        };
        if let Some(found) = found {
            for before in next.max(at.saturating_sub(context))..at {
                show(before, None);
            }
            show(at, Some(found.start()));
            matches += 1;
            beside = at + context + 1;
        } else if at < beside {
            show(at, None);
        }
    }
    (shown, matches)
}

/// A line, cut so that what is at byte `at` is in it.
fn excerpt(line: &str, at: usize) -> String {
    if line.len() <= LINE_CHARS_MAX {
        return line.to_owned();
    }
    let from = line.floor_char_boundary(at.saturating_sub(LINE_CHARS_MAX / 4));
    let mut text: String = line[from..].chars().take(LINE_CHARS_MAX).collect();
    if from > 0 {
        text.insert(0, '…');
    }
    if line[from..].chars().nth(LINE_CHARS_MAX).is_some() {
        text.push('…');
    }
    text
}
