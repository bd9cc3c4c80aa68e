//! Output as text: whole characters, whatever the offsets.

/// The text of `bytes`, and how many of them it stands for.
///
/// A character whose rest may still come stays out, unless these are the `last` bytes there will
/// ever be: so reading on from the returned length loses nothing and doubles nothing. Bytes that
/// are no UTF-8 at all are shown as U+FFFD.
pub(crate) fn whole(bytes: &[u8], last: bool) -> (String, usize) {
    let length = if last { bytes.len() } else { complete(bytes) };
    let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
    (text, length)
}

/// The longest character has four bytes; a page must hold at least one.
pub(crate) const LONGEST_CHARACTER: u32 = 4;

/// The length without a character that has only begun.
fn complete(bytes: &[u8]) -> usize {
    let from = bytes.len().saturating_sub(LONGEST_CHARACTER as usize - 1);
    for start in from..bytes.len() {
        if let Err(error) = std::str::from_utf8(&bytes[start..])
            && error.valid_up_to() == 0
            && error.error_len().is_none()
        {
            return start;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_on_in_pages_of_any_size_gives_the_whole_text() {
        let text = "äß 🦀 plain €";
        for page in 4..=text.len() {
            let mut read = String::new();
            let mut at = 0;
            while at < text.len() {
                let to = (at + page).min(text.len());
                let (part, length) = whole(&text.as_bytes()[at..to], to == text.len());
                assert!(length > 0, "no progress at {at} with pages of {page}");
                read.push_str(&part);
                at += length;
            }
            assert_eq!(read, text, "pages of {page}");
        }
    }

    #[test]
    fn a_character_that_has_begun_waits_for_its_rest() {
        let crab = "🦀".as_bytes();
        for cut in 1..4 {
            assert_eq!(whole(&crab[..cut], false), (String::new(), 0));
            assert_eq!(whole(&crab[..cut], true), ("\u{fffd}".to_owned(), cut));
        }
        assert_eq!(whole(crab, false), ("🦀".to_owned(), 4));
    }

    #[test]
    fn what_is_no_text_is_shown_as_such_and_holds_nothing_up() {
        assert_eq!(
            whole(b"a\xff\xfe", false),
            ("a\u{fffd}\u{fffd}".to_owned(), 3)
        );
        assert_eq!(whole(b"a\x80", false), ("a\u{fffd}".to_owned(), 2));
        assert_eq!(whole(b"", false), (String::new(), 0));
    }
}
