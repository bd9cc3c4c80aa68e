//! What operators write, as plain functions for the fuzz targets.

use std::collections::BTreeMap;

use crate::config::size::Size;
use crate::config::{expand, load_text};

/// A configuration that was accepted.
#[derive(Debug)]
pub struct Accepted {
    /// As `nightshift config show` prints it.
    pub shown: String,
    pub secrets: Vec<String>,
}

/// A configuration that was refused.
#[derive(Debug)]
pub struct Refused {
    /// As the terminal shows it.
    pub shown: String,
    pub problems: usize,
    /// Those of the problems that have a place in the text.
    pub lines: Vec<usize>,
}

pub fn configuration(
    text: &str,
    environment: &BTreeMap<String, String>,
) -> Result<Accepted, Refused> {
    match load_text(text, environment) {
        Ok(loaded) => Ok(Accepted {
            shown: loaded.redacted_yaml(),
            secrets: loaded
                .secrets()
                .iter()
                .map(|secret| secret.expose().to_owned())
                .collect(),
        }),
        Err(problems) => Err(Refused {
            shown: problems.to_string(),
            problems: problems.list.len(),
            lines: problems.lines(),
        }),
    }
}

/// A value with its variables and files filled in; the only file is `/secret`.
pub fn expanded(text: &str, environment: &BTreeMap<String, String>) -> Option<String> {
    let read = |path: &str| match path {
        "/secret" => Ok("out-of-a-file\n".to_owned()),
        _ => Err(std::io::ErrorKind::NotFound.into()),
    };
    let done = expand::expand(text, environment, &read).ok()?;
    Some(done.text)
}

/// A size, written again.
pub fn size(text: &str) -> Option<(u64, String)> {
    let size: Size = text.parse().ok()?;
    Some((size.0, size.to_string()))
}
