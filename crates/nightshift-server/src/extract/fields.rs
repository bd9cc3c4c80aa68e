//! A JSON object read field by field, so that the answer names every wrong field at once.

use nightshift_protocol::FieldError;
use serde_json::{Map, Value};

use super::RawBody;
use super::body::Kind;
use crate::error::{ApiError, Code};

/// Unknown fields named in one answer: a body of nothing else must not make a longer answer.
const MOST_UNKNOWN: usize = 20;

/// The fields of a body that nobody has asked for yet, and what was wrong with the others.
#[derive(Debug, Default)]
pub struct Fields {
    left: Map<String, Value>,
    known: Vec<&'static str>,
    wrong: Vec<FieldError>,
}

impl Fields {
    /// Of a body under `/api/v1`: it may be left out; what is there must call itself JSON.
    pub fn optional(body: &RawBody) -> Result<Self, ApiError> {
        if body.bytes.is_empty() {
            return Ok(Self::default());
        }
        if body.kind != Kind::Json {
            return Err(ApiError::new(
                Code::UnsupportedType,
                "the body must be application/json",
            ));
        }
        Self::parse(&body.bytes)
    }

    /// Of a submission: JSON, also when the client calls it a form (`curl -d`).
    pub fn of_submission(body: &RawBody) -> Result<Self, ApiError> {
        if body.kind == Kind::Other {
            return Err(ApiError::new(
                Code::UnsupportedType,
                "the body must be application/json",
            ));
        }
        Self::parse(&body.bytes)
    }

    fn parse(bytes: &[u8]) -> Result<Self, ApiError> {
        let malformed = |why: String| ApiError::new(Code::Malformed, why);
        let value: Value = serde_json::from_slice(bytes).map_err(|error| {
            // Position only: the text of the error may quote the body.
            malformed(format!(
                "the body is no JSON: line {}, column {}",
                error.line(),
                error.column()
            ))
        })?;
        match value {
            Value::Object(left) => Ok(Self {
                left,
                ..Self::default()
            }),
            _ => Err(malformed("the body must be a JSON object".to_owned())),
        }
    }

    /// The value of a field; `null` counts as left out.
    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.left.remove(name).filter(|value| !value.is_null())
    }

    pub fn text(&mut self, name: &'static str) -> Option<String> {
        if let Value::String(text) = self.take(name)? {
            return Some(text);
        }
        self.wrong(name, "a text is needed");
        None
    }

    /// Left out means no.
    pub fn flag(&mut self, name: &'static str) -> bool {
        match self.take(name) {
            None => false,
            Some(Value::Bool(flag)) => flag,
            Some(_) => {
                self.wrong(name, "true or false is needed");
                false
            }
        }
    }

    pub fn number(&mut self, name: &'static str) -> Option<f64> {
        let number = self.take(name)?.as_f64();
        if number.is_none() {
            self.wrong(name, "a number is needed");
        }
        number
    }

    /// A text in a notation of its own.
    pub fn parsed<T, E: std::fmt::Display>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(name)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(why) => {
                self.wrong(name, why);
                None
            }
        }
    }

    pub fn wrong(&mut self, name: &str, why: impl std::fmt::Display) {
        self.wrong.push(FieldError {
            field: name.to_owned(),
            message: why.to_string(),
        });
    }

    /// Nothing was wrong, and nothing is there that nobody knows.
    pub fn finish(mut self) -> Result<(), ApiError> {
        let unknown: Vec<String> = self.left.keys().take(MOST_UNKNOWN).cloned().collect();
        let known = if self.known.is_empty() {
            "this route has no fields".to_owned()
        } else {
            format!("this route knows: {}", self.known.join(", "))
        };
        for name in unknown {
            self.wrong(&name, format!("unknown; {known}"));
        }
        if self.wrong.is_empty() {
            Ok(())
        } else {
            Err(ApiError::invalid(self.wrong))
        }
    }
}

#[cfg(test)]
mod tests;
