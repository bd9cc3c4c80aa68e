use proptest::prelude::*;

use super::*;

#[test]
fn a_cut_fence_is_closed_and_opened_again() {
    let text = format!("before\n```rust\n{}```\nafter\n", "let x = 1;\n".repeat(20));
    let parts = split(&text, 100, TextUnit::Chars);
    assert!(parts.len() > 2);
    for part in &parts {
        assert!(part.chars().count() <= 100, "{part}");
        assert_eq!(part.matches(FENCE).count() % 2, 0, "{part}");
    }
    assert!(parts[1].starts_with("```rust\n"), "{}", parts[1]);
}

#[test]
fn a_fence_that_ends_in_the_middle_of_a_line_is_never_cut_itself() {
    let text = format!("```a\n{}```\nafter", "x".repeat(61));
    for limit in 64..80 {
        let parts = split(&text, limit, TextUnit::Chars);
        for part in &parts {
            assert_eq!(part.matches(FENCE).count() % 2, 0, "{limit}: {parts:?}");
        }
        assert!(parts.concat().ends_with("after"), "{limit}: {parts:?}");
    }
}

#[test]
fn a_short_text_stays_whole() {
    assert_eq!(split("hello", 100, TextUnit::Chars), ["hello"]);
    assert_eq!(split("", 100, TextUnit::Chars), [""]);
}

proptest! {
    #[test]
    fn no_part_is_too_long_and_no_text_is_lost(
        text in "([a-z äöü🦀\n]{0,40}(```[a-z]{0,5}\n?)?){0,30}",
        limit in 64_usize..200,
    ) {
        for unit in [TextUnit::Bytes, TextUnit::Chars, TextUnit::Utf16] {
            let parts = split(&text, limit, unit);
            for part in &parts {
                prop_assert!(unit.len(part) <= limit, "{} > {limit}: {part:?}", unit.len(part));
                prop_assert!(part.matches(FENCE).count() % 2 == 0, "an open fence: {part:?}");
            }
            let strip = |s: &str| s.replace("```", "").split_whitespace().collect::<String>();
            let words = |s: &str| strip(s).chars().filter(|c| !c.is_ascii_lowercase()).collect::<String>();
            // Reopened fences may repeat a language name (ascii letters): compare the rest.
            prop_assert_eq!(words(&parts.concat()), words(&text));
        }
    }

    #[test]
    fn shortening_keeps_the_limit(text in "[a-z🦀]{0,100}", limit in 1_usize..50) {
        let (short, cut) = shorten(&text, limit, TextUnit::Utf16);
        prop_assert!(TextUnit::Utf16.len(&short) <= limit);
        prop_assert_eq!(cut, short != text);
    }
}
