//! The nearest known word to one that is not known.

/// The word that was probably meant, if one is near enough.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Two slips in a short word, a third of a long one; more is another word.
    let most = (word.chars().count() / 3).max(2);
    known
        .into_iter()
        .map(|name| (distance(&word.to_lowercase(), name), name))
        .filter(|(far, name)| *far <= most && *far < name.chars().count())
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein's distance in characters.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["isolation", "agent", "working_dir"];
        assert_eq!(nearest("isolaton", known), Some("isolation"));
        assert_eq!(nearest("Agent", known), Some("agent"));
        assert_eq!(nearest("workingdir", known), Some("working_dir"));
        assert_eq!(nearest("telephone", known), None);
        assert_eq!(nearest("a", ["b"]), None);
    }
}
