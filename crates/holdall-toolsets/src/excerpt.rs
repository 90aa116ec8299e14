//! As much of a text as fits into a reply.

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
