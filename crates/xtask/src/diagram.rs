//! The state machine in `docs/ARCHITECTURE.md`, written from the code's own table of moves.

use anyhow::{Context, ensure};
use nightshift_core::task::state::diagram;

use crate::run::root;

const DOCUMENT: &str = "docs/ARCHITECTURE.md";
const BEGIN: &str = "<!-- The table of moves, written by `cargo xtask diagram`. -->\n";
const END: &str = "<!-- End of the table of moves. -->\n";

/// Rewrites the section.
pub(crate) fn write() -> anyhow::Result<()> {
    let (text, current) = document()?;
    if text == current {
        println!("{DOCUMENT} is up to date");
        return Ok(());
    }
    std::fs::write(root().join(DOCUMENT), current).context(DOCUMENT)?;
    println!("{DOCUMENT} is brought up to date");
    Ok(())
}

pub(crate) fn check(wrong: &mut Vec<String>) -> anyhow::Result<()> {
    let (text, current) = document()?;
    if text != current {
        wrong.push(format!(
            "{DOCUMENT} shows other moves than the code has: run `cargo xtask diagram`"
        ));
    }
    Ok(())
}

/// The document as it is, and as it should be.
fn document() -> anyhow::Result<(String, String)> {
    let text = std::fs::read_to_string(root().join(DOCUMENT)).context(DOCUMENT)?;
    let current = with_section(&text, &diagram::markdown())?;
    Ok((text, current))
}

fn with_section(text: &str, section: &str) -> anyhow::Result<String> {
    let begin = text.find(BEGIN).map(|at| at + BEGIN.len());
    let end = text.find(END);
    let (begin, end) = begin
        .zip(end)
        .with_context(|| format!("{DOCUMENT} has lost the marks around its table of moves"))?;
    ensure!(begin <= end, "{DOCUMENT} has its marks in the wrong order");
    Ok(format!("{}\n{section}\n{}", &text[..begin], &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_shows_the_moves_of_the_code() {
        let mut wrong = Vec::new();
        check(&mut wrong).expect("the document");
        assert_eq!(wrong, [] as [String; 0]);
    }

    #[test]
    fn only_what_is_between_the_marks_is_rewritten() {
        let text = format!("before\n{BEGIN}old\n{END}after\n");
        let written = with_section(&text, "new\n").expect("marks");
        assert_eq!(written, format!("before\n{BEGIN}\nnew\n\n{END}after\n"));
        assert_eq!(with_section(&written, "new\n").expect("marks"), written);
        assert!(with_section("no marks", "new\n").is_err());
    }
}
