//! Words as a POSIX shell would read them: quotes and backslashes, no expansion, no comments.
//!
//! White space is what people see as such: telephones write other spaces than terminals do.

/// The words of `text`; `None` when a quote is not closed or nothing follows a backslash.
pub(super) fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut chars = text.chars();
    // `None` between words; an empty word was quoted.
    let mut word: Option<String> = None;
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_default();
        match c {
            '\'' => single(&mut chars, word)?,
            '"' => double(&mut chars, word)?,
            '\\' => word.extend(Some(chars.next()?).filter(|next| *next != '\n')),
            c => word.push(c),
        }
    }
    words.extend(word);
    Some(words)
}

/// All of it is text up to the next single quote.
fn single(chars: &mut impl Iterator<Item = char>, word: &mut String) -> Option<()> {
    loop {
        match chars.next()? {
            '\'' => return Some(()),
            c => word.push(c),
        }
    }
}

/// Text up to the next double quote; a backslash keeps its meaning before few characters only.
fn double(chars: &mut impl Iterator<Item = char>, word: &mut String) -> Option<()> {
    loop {
        match chars.next()? {
            '"' => return Some(()),
            '\\' => match chars.next()? {
                '\n' => {}
                c @ ('$' | '`' | '"' | '\\') => word.push(c),
                c => word.extend(['\\', c]),
            },
            c => word.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn words_are_read_as_a_shell_reads_them() {
        for (text, words) in [
            ("a  b\tc\nd ", vec!["a", "b", "c", "d"]),
            (r#"x="a b" 'c "d'e "" "#, vec!["x=a b", r#"c "de"#, ""]),
            (r#"a\ b "\$x \n \"" '\'"#, vec!["a b", r#"$x \n ""#, r"\"]),
            ("a\\\nb \"c\\\nd\"", vec!["ab", "cd"]),
            ("$HOME `id` *", vec!["$HOME", "`id`", "*"]),
            ("", vec![]),
        ] {
            assert_eq!(split(text).unwrap(), words, "{text}");
        }
        for open in ["'a", "\"a", "a\\", "\"a\\"] {
            assert_eq!(split(open), None, "{open}");
        }
    }

    #[test]
    fn nothing_is_a_comment() {
        assert_eq!(
            split("issue #12 # now").unwrap(),
            ["issue", "#12", "#", "now"]
        );
    }

    #[test]
    fn a_space_of_a_telephone_is_a_space() {
        let words = split("disk\u{a0}path=/srv\u{2003}'a\u{a0}b'").unwrap();
        assert_eq!(words, ["disk", "path=/srv", "a\u{a0}b"]);
    }
}
