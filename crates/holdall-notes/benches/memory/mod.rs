//! The memory of this process, by what it is for. From `/proc`; zeros where there is none.

use std::fs;

/// Resident memory, in bytes.
#[derive(Clone, Copy, Default)]
pub(crate) struct Memory {
    /// What the process made: heap and stacks.
    pub(crate) own: u64,
    /// Pages of the mapped vectors, which the system can drop and other processes share.
    pub(crate) vectors: u64,
    /// Pages of the mapped index of words, likewise.
    pub(crate) words: u64,
    /// All there is, shared pages counted in part.
    pub(crate) proportional: u64,
}

/// Looks.
pub(crate) fn read() -> Memory {
    let mut memory = Memory::default();
    let mut name = String::new();
    for line in fs::read_to_string("/proc/self/smaps").unwrap_or_default().lines() {
        let mut fields = line.split_whitespace();
        let (first, second) = (
            fields.next().unwrap_or_default(),
            fields.next().unwrap_or_default(),
        );
        let bytes = second.parse::<u64>().unwrap_or_default() * 1024;
        match first {
            "Rss:" if name.contains("/vectors-") => memory.vectors += bytes,
            "Rss:" if name.contains("/words/") => memory.words += bytes,
            "Anonymous:" => memory.own += bytes,
            "Pss:" => memory.proportional += bytes,
            _ if !first.ends_with(':') => name = line.to_owned(),
            _ => {}
        }
    }
    memory
}

/// Prints what came with the index.
pub(crate) fn print(before: &Memory, after: &Memory) {
    let mb = |bytes: u64| bytes as f64 / 1e6;
    println!(
        "memory: {:.1} MB of its own ({:.1} before the index was opened); mapped: words {:.1} MB, vectors {:.1} MB; \
         whole process {:.1} MB (Pss)",
        mb(after.own),
        mb(before.own),
        mb(after.words),
        mb(after.vectors),
        mb(after.proportional),
    );
}
