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
