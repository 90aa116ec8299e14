//! Lines out of a stream of bytes, whole or too long.

use std::io::BufRead;

use super::{LINE_BYTES_MAX, STREAM_BYTES};

/// Gathers bytes until a line is whole, and never much more than [`LINE_BYTES_MAX`] of them.
#[derive(Default)]
pub(super) struct Lines {
    line: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// The line is being gathered.
    #[default]
    Open,
    /// The line was handed out; the next one begins.
    Done,
    /// What is left of a line that was too long is passed over.
    Skipping,
}

/// What was found in the bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// One line, with its newline unless the input ended without one.
    Whole(&'a [u8]),
    /// A line has grown too long. Said as soon as it is known, and once.
    TooLong,
}

impl Lines {
    /// Takes bytes from `input` until there is something to tell. `None` when all are taken and the line goes on.
    pub(super) fn take<'a>(&'a mut self, input: &mut &[u8]) -> Option<Line<'a>> {
        if self.state == State::Done {
            self.restart(State::Open);
        }
        let bytes = *input;
        if self.state == State::Skipping {
            let skipped = input.skip_until(b'\n').expect("memory can be read");
            if !bytes[..skipped].ends_with(b"\n") {
                return None;
            }
            self.state = State::Open;
        }
        let taken = input
            .read_until(b'\n', &mut self.line)
            .expect("memory can be read");
        if self.line.len() > LINE_BYTES_MAX {
            let ended = self.line.ends_with(b"\n");
            self.restart(if ended { State::Open } else { State::Skipping });
            return Some(Line::TooLong);
        }
        if taken == 0 || !self.line.ends_with(b"\n") {
            return None;
        }
        self.state = State::Done;
        Some(Line::Whole(&self.line))
    }

    /// What is left when the input ends: a line that lacks its newline, or half a message.
    pub(super) fn finish(&mut self) -> Option<Line<'_>> {
        if self.state != State::Open || self.line.is_empty() {
            return None;
        }
        self.state = State::Done;
        Some(Line::Whole(&self.line))
    }

    /// Begins a new line. The memory of a long one goes back.
    fn restart(&mut self, state: State) {
        self.line.clear();
        self.line.shrink_to(STREAM_BYTES);
        self.state = state;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told about `bytes` when they come in pieces of `piece` bytes.
    fn told(bytes: &[u8], piece: usize) -> Vec<String> {
        let mut lines = Lines::default();
        let mut told = Vec::new();
        let mut tell = |line: Line<'_>| {
            told.push(match line {
                Line::Whole(line) => String::from_utf8_lossy(line).into_owned(),
                Line::TooLong => "too long".into(),
            });
        };
        for mut input in bytes.chunks(piece) {
            while !input.is_empty() {
                if let Some(line) = lines.take(&mut input) {
                    tell(line);
                }
            }
        }
        if let Some(line) = lines.finish() {
            tell(line);
        }
        told
    }

    #[test]
    fn lines_do_not_depend_on_the_pieces_they_come_in() {
        let bytes = b"one\n\n\r\ntwo\nhalf";
        for piece in 1..bytes.len() + 1 {
            assert_eq!(
                told(bytes, piece),
                ["one\n", "\n", "\r\n", "two\n", "half"],
                "{piece}"
            );
        }
        assert_eq!(told(b"one\n", 2), ["one\n"]);
        assert_eq!(told(b"", 1), [""; 0]);
    }

    #[test]
    fn a_line_without_end_is_told_once_never_held_whole_and_left_behind() {
        for length in [LINE_BYTES_MAX, LINE_BYTES_MAX + 1, 3 * LINE_BYTES_MAX] {
            let mut bytes = vec![b'x'; length];
            bytes.extend_from_slice(b"\nnext\n");
            assert_eq!(told(&bytes, STREAM_BYTES), ["too long", "next\n"], "{length}");
        }
        let mut lines = Lines::default();
        let piece = vec![b'x'; STREAM_BYTES];
        for _ in 0..3 * LINE_BYTES_MAX / STREAM_BYTES {
            lines.take(&mut piece.as_slice());
            // A vector grows by doubling.
            assert!(lines.line.capacity() <= 2 * (LINE_BYTES_MAX + STREAM_BYTES));
        }
        assert!(lines.line.capacity() <= STREAM_BYTES);
        assert_eq!(lines.finish(), None);
    }

    #[test]
    fn the_longest_line_allowed_is_whole() {
        let mut bytes = vec![b'x'; LINE_BYTES_MAX - 1];
        bytes.push(b'\n');
        assert_eq!(told(&bytes, STREAM_BYTES)[0].len(), LINE_BYTES_MAX);
    }
}
