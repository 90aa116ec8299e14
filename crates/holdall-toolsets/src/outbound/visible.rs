//! Text of others, before it is shown.

/// `text` without what nobody sees, but a model reads or a terminal obeys: control characters, marks that reorder text,
/// and invisible letters. Lines end with `\n`.
pub(crate) fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\r' => visible.push('\n'),
            '\n' | '\t' => visible.push(c),
            _ if c.is_control() || is_invisible(c) => {}
            _ => visible.push(c),
        }
    }
    visible
}

fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn only_what_can_be_seen_is_shown() {
        assert_eq!(
            visible("a\u{1b}[2J\u{202e}b\u{200b}\u{e0041}\u{feff}c\r\nd\re\tf"),
            "a[2Jbc\nd\ne\tf"
        );
        let kept = "ภาษาไทย 中文 ñ 👩\u{200d}👩\u{200d}👧";
        assert_eq!(visible(kept), kept);
    }
}
