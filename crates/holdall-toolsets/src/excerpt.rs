//! As much of a text as fits into a reply.

use holdall::{CallError, CallResult};

/// Text a tool returns at most, about 25,000 tokens: hosts refuse replies much longer.
const TEXT_BYTES_MAX: usize = 100_000;

/// As many whole lines as fit into a reply, and how many these are; a part of the first if not even that one fits.
pub(crate) fn fitting(text: &str) -> (&str, u32) {
    let cut = text.floor_char_boundary(TEXT_BYTES_MAX);
    let end = match text[..cut].rfind('\n') {
        _ if cut == text.len() => cut,
        Some(last) => last + 1,
        None => cut,
    };
    let lines = text[..end].split_inclusive('\n').count();
    (&text[..end], u32::try_from(lines).unwrap_or(u32::MAX))
}

/// `lines` from byte `from_byte` of their first line on, which is line `number`. Where a character began before that
/// byte, it comes whole.
pub(crate) fn from_byte_of(lines: &str, number: usize, from_byte: usize) -> CallResult<&str> {
    let bytes = line_bytes(lines);
    if from_byte == 0 || from_byte < bytes {
        return Ok(&lines[lines.floor_char_boundary(from_byte)..]);
    }
    let message = format!("line {number} has {bytes} bytes, so nothing of it begins at byte {from_byte}");
    Err(CallError::invalid_arguments(message)
        .hint("`from_byte` counts from 0 within the line `from_line`; leave it out to begin at the line"))
}

/// Where line `number` goes on, if `lines`, which begin with it, are more than what was `given` of them from byte
/// `from_byte` on, and not even that line fitted.
pub(crate) fn cut_line(lines: &str, number: usize, from_byte: usize, given: &str) -> Option<String> {
    let from = lines.floor_char_boundary(from_byte);
    let (to, bytes) = (from + given.len(), line_bytes(lines));
    (to < bytes).then(|| {
        format!(
            "line {number} has {bytes} bytes, these are {from} to {to}; read on with from_line={number} and from_byte={to}"
        )
    })
}

fn line_bytes(lines: &str) -> usize {
    lines.find('\n').unwrap_or(lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_read_to_its_end() {
        let line = "ä".repeat(TEXT_BYTES_MAX);
        let lines = format!("{line}\nnext\n");
        let (mut from, mut read, mut parts) = (0, String::new(), 0);
        loop {
            let rest = from_byte_of(&lines, 7, from).expect("it is within the line");
            let (given, _) = fitting(rest);
            read.push_str(given);
            parts += 1;
            let Some(said) = cut_line(&lines, 7, from, given) else {
                break;
            };
            from += given.len();
            assert!(said.ends_with(&format!("read on with from_line=7 and from_byte={from}")));
        }
        assert!(
            read == line && parts == 2,
            "{} bytes in {parts} parts",
            read.len()
        );
        // In the middle of a character.
        assert_eq!(
            fitting(from_byte_of(&lines, 7, 3).expect("it is"))
                .0
                .chars()
                .next(),
            Some('ä')
        );
        let error = from_byte_of("abc\nd", 7, 3).expect_err("it is beyond");
        assert_eq!(
            error.message(),
            "line 7 has 3 bytes, so nothing of it begins at byte 3"
        );
    }
}
