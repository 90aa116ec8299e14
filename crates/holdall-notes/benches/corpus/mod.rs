//! Notes made from real text: as many as are wanted, no two alike, the same ones in every run.
//!
//! The text is that of the example notes, of this repository's documentation, and of the folder named by
//! `HOLDALL_BENCH_NOTES` if there is one. A note is made of their paragraphs; three of ten words are replaced by
//! others, drawn as often as they are used, and one of a hundred by a word that nobody else uses.

use std::fs;
use std::path::{Path, PathBuf};

/// Of a thousand words, how many are replaced by another, and how many by a new one.
const REPLACED: u64 = 300;
const COINED: u64 = 10;

/// What notes are made of.
pub(crate) struct Corpus {
    paragraphs: Vec<String>,
    /// Every word as often as it is used.
    words: Vec<String>,
}

/// A file to be.
pub(crate) struct MadeNote {
    /// Its path below the root.
    pub(crate) path: String,
    /// Its whole text, frontmatter included.
    pub(crate) text: String,
}

impl Corpus {
    /// Reads the text.
    pub(crate) fn read() -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut files = Vec::new();
        find_markdown(&workspace.join("examples/notes"), &mut files);
        find_markdown(&workspace.join("docs"), &mut files);
        if let Some(folder) = std::env::var_os("HOLDALL_BENCH_NOTES") {
            find_markdown(Path::new(&folder), &mut files);
        }
        files.sort();
        let texts: Vec<String> = files
            .iter()
            .filter_map(|file| fs::read_to_string(file).ok())
            .collect();
        let paragraphs: Vec<String> = texts.iter().flat_map(|text| paragraphs(text)).collect();
        let words = paragraphs
            .iter()
            .flat_map(|paragraph| paragraph.split_whitespace());
        let words = words.filter(|word| is_plain(word)).map(String::from).collect();
        Self { paragraphs, words }
    }

    /// The note with this number.
    pub(crate) fn note(&self, number: u64) -> MadeNote {
        let mut chance = Chance::new(number);
        let (year, month, day) = (2022 + chance.below(5), 1 + chance.below(12), 1 + chance.below(28));
        let tags: Vec<String> = (0..1 + chance.below(3)).map(|_| tag(chance.below(40))).collect();
        let mut text = format!(
            "---\ndate: {year}-{month:02}-{day:02}\ntags: [{}]\n---\n# {} {number}\n",
            tags.join(", "),
            self.some_words(&mut chance, 4)
        );
        for _ in 0..1 + chance.below(4) {
            text.push_str(&format!("\n## {}\n", self.some_words(&mut chance, 3)));
            for _ in 0..1 + chance.below(3) {
                text.push('\n');
                text.push_str(&self.varied(&mut chance));
                text.push('\n');
            }
        }
        MadeNote {
            path: format!("area-{}/note-{number}.md", number % 24),
            text,
        }
    }

    /// A question made of words that stand beside each other in a note.
    pub(crate) fn question(&self, number: u64) -> String {
        let mut chance = Chance::new(!number);
        let paragraph = &self.paragraphs[chance.below(self.paragraphs.len() as u64) as usize];
        let words: Vec<&str> = paragraph
            .split_whitespace()
            .filter(|word| is_plain(word))
            .collect();
        let length = 3 + chance.below(8) as usize;
        let start = chance.below(words.len().saturating_sub(length).max(1) as u64) as usize;
        words[start..]
            .iter()
            .take(length)
            .copied()
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn some_words(&self, chance: &mut Chance, most: u64) -> String {
        let count = 1 + chance.below(most);
        let words: Vec<&str> = (0..count).map(|_| self.word(chance)).collect();
        words.join(" ")
    }

    fn word(&self, chance: &mut Chance) -> &str {
        &self.words[chance.below(self.words.len() as u64) as usize]
    }

    /// A paragraph with other words in it.
    fn varied(&self, chance: &mut Chance) -> String {
        let paragraph = &self.paragraphs[chance.below(self.paragraphs.len() as u64) as usize];
        let mut text = String::with_capacity(paragraph.len());
        for word in paragraph.split_inclusive(char::is_whitespace) {
            let plain = word.trim_end();
            match chance.below(1_000) {
                _ if !is_plain(plain) => text.push_str(plain),
                kind if kind < COINED => text.push_str(&coined(chance.next())),
                kind if kind < COINED + REPLACED => text.push_str(self.word(chance)),
                _ => text.push_str(plain),
            }
            text.push_str(&word[plain.len()..]);
        }
        text
    }
}

/// The tag with this number.
pub(crate) fn tag(number: u64) -> String {
    format!("topic-{number}")
}

/// A word made of syllables, and no other number's.
pub(crate) fn coined(mut number: u64) -> String {
    const SYLLABLES: [&str; 16] = [
        "ba", "ce", "di", "fo", "gu", "ha", "ke", "li", "mo", "nu", "pa", "re", "si", "to", "vu", "za",
    ];
    let mut word = String::new();
    while word.len() < 8 || number > 0 {
        word.push_str(SYLLABLES[(number % 16) as usize]);
        number /= 16;
    }
    word
}

/// Numbers that look random and are the same in every run (splitmix64).
pub(crate) struct Chance(u64);

impl Chance {
    /// A sequence of its own for every seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Self(seed);
        Self(chance.next())
    }

    /// Any number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }
}

fn find_markdown(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            find_markdown(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
}

/// Paragraphs and lists of some length; headings, frontmatter and code are left out.
fn paragraphs(text: &str) -> Vec<String> {
    let body = text
        .strip_prefix("---\n")
        .and_then(|rest| rest.split_once("\n---\n"));
    let body = body.map_or(text, |(_, body)| body);
    let blocks = body.split("\n\n").map(str::trim);
    blocks
        .filter(|block| block.len() >= 60 && !block.contains("```") && !block.starts_with(['#', '|', ' ']))
        .map(String::from)
        .collect()
}

fn is_plain(word: &str) -> bool {
    word.chars().all(char::is_alphabetic)
}
