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

fn cut(text: &str) -> Vec<String> {
    split(text, 64, TextUnit::Chars)
}

#[test]
fn lines_that_fit_stay_whole_and_fill_a_part() {
    let halves = format!("{}\n", "a".repeat(31)).repeat(4);
    assert_eq!(cut(&halves), [&halves[..64], &halves[64..]]);
    let long = format!("{}\n", "b".repeat(39)).repeat(3);
    assert_eq!(cut(&long), [&long[..40], &long[40..80], &long[80..]]);
    let line = "c".repeat(65);
    assert_eq!(cut(&line[..64]), [&line[..64]]);
    assert_eq!(cut(&line), [&line[..64], "c"]);
}

/// Room for the fence, a character of its code, and what closes it.
#[test]
fn a_fence_is_opened_only_where_it_can_be_closed() {
    let before = format!("{}\n", "a".repeat(55));
    let parts = cut(&format!("{before}```\ncode\n```\n"));
    assert_eq!(parts, [before.as_str(), "```\ncode\n```\n"]);
    let within = |width: usize| cut(&format!("{}```y", "x".repeat(width)));
    assert_eq!(within(10), [format!("{}```y\n```", "x".repeat(10))]);
    assert_eq!(within(56), [format!("{}```y\n```", "x".repeat(56))]);
    assert_eq!(within(57), ["x".repeat(57), "```y\n```".to_owned()]);
}

#[test]
fn a_fence_is_closed_on_a_line_of_its_own() {
    let parts = cut(&format!("```\n{}", "let x = 1;\n".repeat(9)));
    for part in &parts {
        assert!(part.ends_with("1;\n```"), "{part:?}");
    }
    let parts = cut(&format!("```\n{}", "x".repeat(90)));
    assert!(parts[1].ends_with("x\n```"), "{parts:?}");
}
