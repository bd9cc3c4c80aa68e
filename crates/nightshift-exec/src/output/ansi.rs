//! Removes terminal control sequences from text that people read in a chat.

/// The text without escape sequences and control characters; line ends become `\n`.
pub(crate) fn strip(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_sequence(&mut chars),
            '\u{9b}' => skip_until_final(&mut chars),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => clean.push('\n'),
            '\n' | '\t' => clean.push(c),
            c if c.is_control() => {}
            c => clean.push(c),
        }
    }
    clean
}

fn skip_sequence(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next() {
        Some('[') => skip_until_final(chars),
        // Titles and links: up to BEL or ESC \.
        Some(']' | 'P' | '_' | '^' | 'X') => {
            while let Some(c) = chars.next() {
                if c == '\u{7}' || (c == '\u{1b}' && chars.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
        }
        // Character sets take one more.
        Some('(' | ')' | '#' | '%') => drop(chars.next()),
        _ => {}
    }
}

fn skip_until_final(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    for c in chars.by_ref() {
        if ('\u{40}'..='\u{7e}').contains(&c) {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_titles_and_bells_disappear_and_words_stay() {
        assert_eq!(
            strip("\u{1b}[1;31mred\u{1b}[0m \u{1b}]0;title\u{7}tab\there\r\nnext\u{7}\u{1b}(B!"),
            "red tab\there\nnext!"
        );
        assert_eq!(strip("grün ✓ \u{1b}"), "grün ✓ ");
    }
}
