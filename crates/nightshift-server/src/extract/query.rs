//! Parameters after the `?`, read one by one, so that the answer names every wrong one.

use axum::extract::{FromRequestParts, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use nightshift_protocol::FieldError;

use crate::error::{ApiError, Code};

/// Longest page of a list.
pub const LONGEST_PAGE: u32 = 1000;
const PAGE: u32 = 100;

/// The parameters that nobody has asked for yet, and what was wrong with the others.
#[derive(Debug, Default)]
pub struct Params {
    left: Vec<(String, String)>,
    wrong: Vec<FieldError>,
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::of(&parts.uri)
    }
}

impl Params {
    pub(crate) fn of(uri: &Uri) -> Result<Self, ApiError> {
        let Query(left) = Query::try_from_uri(uri)
            .map_err(|_| ApiError::new(Code::Malformed, "the query cannot be read"))?;
        Ok(Self {
            left,
            wrong: Vec::new(),
        })
    }

    /// The last value wins; an empty one counts as left out.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let mut found = None;
        self.left.retain_mut(|(key, value)| {
            if key == name {
                found = Some(std::mem::take(value));
                return false;
            }
            true
        });
        found.filter(|value| !value.is_empty())
    }

    pub fn number(&mut self, name: &str, from: u64, to: u64) -> Option<u64> {
        let text = self.text(name)?;
        let number = text.parse().ok().filter(|n| (from..=to).contains(n));
        if number.is_none() {
            self.wrong(name, format!("a whole number from {from} to {to}"));
        }
        number
    }

    /// `limit` of a list.
    pub fn page(&mut self) -> u32 {
        self.number("limit", 1, u64::from(LONGEST_PAGE))
            .map_or(PAGE, |limit| limit as u32)
    }

    pub fn one_of(&mut self, name: &str, words: &[&str]) -> Option<String> {
        let text = self.text(name)?;
        if !words.contains(&text.as_str()) {
            self.wrong(name, format!("one of {}", words.join(", ")));
        }
        Some(text)
    }

    pub fn wrong(&mut self, name: &str, why: impl Into<String>) {
        self.wrong.push(FieldError {
            field: name.to_owned(),
            message: why.into(),
        });
    }

    /// Nothing was wrong, and nothing is there that nobody knows.
    pub fn finish(mut self) -> Result<(), ApiError> {
        let unknown: Vec<String> = self.left.drain(..).map(|(name, _)| name).collect();
        for name in unknown {
            self.wrong(&name, "unknown parameter");
        }
        if self.wrong.is_empty() {
            Ok(())
        } else {
            Err(ApiError::invalid(self.wrong))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pairs: &[(&str, &str)]) -> Params {
        Params {
            left: pairs
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            wrong: Vec::new(),
        }
    }

    #[test]
    fn every_wrong_parameter_is_named() {
        let mut asked = params(&[("limit", "1001"), ("status", "asleep"), ("colour", "red")]);
        asked.page();
        asked.one_of("status", &["staged"]);
        let error = asked.finish().unwrap_err();
        let named: Vec<&str> = error.fields.iter().map(|wrong| &*wrong.field).collect();
        assert_eq!(named, ["limit", "status", "colour"]);
    }

    #[test]
    fn a_page_has_at_most_a_thousand_entries() {
        assert_eq!(params(&[]).page(), 100);
        assert_eq!(params(&[("limit", "1000")]).page(), 1000);
        for bad in ["0", "-1", "many", "1001", "99999999999999999999"] {
            let mut asked = params(&[("limit", bad)]);
            asked.page();
            assert!(asked.finish().is_err(), "{bad}");
        }
    }
}
