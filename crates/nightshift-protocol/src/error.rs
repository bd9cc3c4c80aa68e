//! The one shape of every error.

use serde::{Deserialize, Serialize};

/// `{"error":{…}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong, for a program (`code`) and for a person (`message`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorDetail {
    /// A word to branch on: `not_found`, `wrong_state`, …
    pub code: String,
    /// A sentence.
    pub message: String,
    /// Names this request in the server's log.
    pub request_id: String,
    /// With `invalid`: each field that is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// As the client spelt it.
    pub field: String,
    /// A sentence.
    pub message: String,
}
