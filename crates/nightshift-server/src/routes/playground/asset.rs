//! The page and its files, part of the binary.

use axum::extract::Path;
use axum::http::{HeaderName, header};

use super::guard::Addressed;
use crate::error::ApiError;

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

const PAGE: &str = include_str!("assets/index.html");

/// Name, type and text of each.
const ASSETS: [(&str, &str, &str); 8] = [
    ("app.js", SCRIPT, include_str!("assets/app.js")),
    ("card.js", SCRIPT, include_str!("assets/card.js")),
    ("composer.js", SCRIPT, include_str!("assets/composer.js")),
    (
        "conversation.js",
        SCRIPT,
        include_str!("assets/conversation.js"),
    ),
    ("feed.js", SCRIPT, include_str!("assets/feed.js")),
    ("output.js", SCRIPT, include_str!("assets/output.js")),
    ("server.js", SCRIPT, include_str!("assets/server.js")),
    ("style.css", STYLE, include_str!("assets/style.css")),
];

type File = ([(HeaderName, &'static str); 1], &'static str);

pub(super) async fn page(_: Addressed) -> File {
    ([(header::CONTENT_TYPE, HTML)], PAGE)
}

pub(super) async fn asset(_: Addressed, Path(name): Path<String>) -> Result<File, ApiError> {
    let found = ASSETS.iter().find(|(known, ..)| *known == name);
    let (_, kind, text) = found.ok_or_else(|| ApiError::not_found("such file"))?;
    Ok(([(header::CONTENT_TYPE, kind)], text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scripts() -> impl Iterator<Item = &'static (&'static str, &'static str, &'static str)> {
        ASSETS.iter().filter(|(_, kind, _)| *kind == SCRIPT)
    }

    /// The texts between `open` and the next quote.
    fn named<'a>(text: &'a str, open: &str) -> Vec<&'a str> {
        text.split(open)
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect()
    }

    #[test]
    fn whatever_the_page_loads_is_there() {
        let mut wanted = named(PAGE, "\"/playground/");
        for (_, _, text) in scripts() {
            wanted.extend(named(text, "from \"./"));
        }
        assert!(wanted.len() > ASSETS.len(), "{wanted:?}");
        for name in wanted {
            assert!(ASSETS.iter().any(|(known, ..)| *known == name), "{name}");
        }
    }

    #[test]
    fn text_enters_the_page_as_text_only() {
        for (name, _, text) in scripts() {
            for way in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "srcdoc",
            ] {
                assert!(!text.contains(way), "{name} uses {way}");
            }
        }
        // The policy forbids them, so they would silently do nothing.
        for inline in ["<style", " style=", " onclick=", "javascript:"] {
            assert!(!PAGE.contains(inline), "{inline}");
        }
    }
}
