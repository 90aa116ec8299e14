use std::ops::Range;

/// The lines of a text. A line ends with `\n`, `\r\n` or a lone `\r`, as in CommonMark; lines count from 1.
///
/// Chunks, outlines and reading by lines all use this table, so that a line number means the same everywhere.
#[derive(Clone, Debug)]
pub struct Lines {
    /// Byte at which each line starts. Texts are far shorter than 4 GiB (see `scan`).
    starts: Vec<u32>,
    length: u32,
}

impl Lines {
    /// Finds the lines of `text`. A line break at the very end does not begin another line.
    ///
    /// Text beyond 4 GiB is not seen; notes are limited far below.
    pub fn of(text: &str) -> Self {
        let bytes = &text.as_bytes()[..text.len().min(u32::MAX as usize)];
        let mut starts = Vec::with_capacity(bytes.len() / 32 + 1);
        if !bytes.is_empty() {
            starts.push(0);
        }
        for (at, byte) in bytes.iter().enumerate() {
            let ends = *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
            if ends && at + 1 < bytes.len() {
                starts.push(at as u32 + 1);
            }
        }
        Self {
            starts,
            length: bytes.len() as u32,
        }
    }

    /// How many lines there are.
    pub fn count(&self) -> u32 {
        self.starts.len() as u32
    }

    /// The line, from 1, that holds the byte at `offset`; past the end, the last one.
    pub fn at(&self, offset: usize) -> u32 {
        (self.starts.partition_point(|start| *start as usize <= offset) as u32).max(1)
    }

    /// The bytes of a line, its line break included; empty past the end.
    pub fn bytes(&self, line: u32) -> Range<usize> {
        self.start(line)..self.start(line + 1)
    }

    /// The bytes of several lines, end excluded.
    pub fn bytes_of(&self, lines: Range<u32>) -> Range<usize> {
        self.start(lines.start)..self.start(lines.end.max(lines.start))
    }

    fn start(&self, line: u32) -> usize {
        let index = line.saturating_sub(1) as usize;
        self.starts.get(index).copied().unwrap_or(self.length) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_break_ends_a_line() {
        let text = "a\nb\r\nc\rd";
        let lines = Lines::of(text);
        let seen: Vec<&str> = (1..=lines.count()).map(|line| &text[lines.bytes(line)]).collect();
        assert_eq!(seen, ["a\n", "b\r\n", "c\r", "d"]);
        assert_eq!([0, 1, 2, 5, 7].map(|offset| lines.at(offset)), [1, 1, 2, 3, 4]);
    }

    #[test]
    fn a_final_break_begins_no_line_and_an_empty_text_has_none() {
        assert_eq!(Lines::of("a\n").count(), 1);
        assert_eq!(Lines::of("a\n\n").count(), 2);
        assert_eq!(Lines::of("").count(), 0);
        assert_eq!(Lines::of("").bytes(7), 0..0);
    }
}
