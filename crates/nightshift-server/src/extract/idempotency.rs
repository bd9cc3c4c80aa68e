//! The client's own name for a request: the same key and body is the same task.

use axum::http::HeaderMap;
use nightshift_core::port::store::Idempotency;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::Fields;

/// Longest key; a UUID has 36.
const LONGEST: usize = 200;

/// From the header or the body's `idempotency_key`; saying both differently is wrong.
pub(crate) fn idempotency(
    headers: &HeaderMap,
    fields: &mut Fields,
    body: &[u8],
) -> Option<Idempotency> {
    let header = headers
        .get("idempotency-key")
        .map(|value| value.to_str().unwrap_or_default().to_owned());
    let field = fields.text("idempotency_key");
    if let (Some(one), Some(other)) = (&header, &field)
        && one != other
    {
        fields.wrong("idempotency_key", "differs from the header Idempotency-Key");
        return None;
    }
    let key = header.or(field)?;
    if key.is_empty() || key.len() > LONGEST || key.chars().any(char::is_control) {
        fields.wrong(
            "idempotency_key",
            format!("1 up to {LONGEST} printable characters"),
        );
        return None;
    }
    Some(Idempotency {
        key,
        body_hash: Sha256::digest(request(body)).into(),
    })
}

/// The request without its name: header and field are two forms of one key.
fn request(body: &[u8]) -> Vec<u8> {
    let Ok(mut fields) = serde_json::from_slice::<Map<String, Value>>(body) else {
        return body.to_vec();
    };
    fields.remove("idempotency_key");
    serde_json::to_vec(&fields).unwrap_or_else(|_| body.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::RawBody;
    use crate::extract::body::Kind;

    fn read(header: Option<&str>, body: &'static str) -> Result<Option<String>, String> {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert("idempotency-key", header.parse().unwrap());
        }
        let raw = RawBody {
            bytes: body.into(),
            kind: Kind::Json,
        };
        let mut fields = Fields::of_submission(&raw).unwrap();
        let key = idempotency(&headers, &mut fields, body.as_bytes());
        fields
            .finish()
            .map(|()| key.map(|key| key.key))
            .map_err(|error| error.message)
    }

    #[test]
    fn the_key_comes_from_the_header_or_the_body_and_never_from_two_opinions() {
        assert_eq!(read(None, "{}"), Ok(None));
        assert_eq!(read(Some("a"), "{}"), Ok(Some("a".into())));
        assert_eq!(
            read(None, r#"{"idempotency_key":"b"}"#),
            Ok(Some("b".into()))
        );
        assert_eq!(
            read(Some("b"), r#"{"idempotency_key":"b"}"#),
            Ok(Some("b".into()))
        );
        assert!(read(Some("a"), r#"{"idempotency_key":"b"}"#).is_err());
        assert!(read(Some(""), "{}").is_err());
    }

    #[test]
    fn header_and_field_name_the_same_request() {
        let by_header = request(br#"{"description":"x"}"#);
        let by_field = request(br#"{"idempotency_key":"k", "description":"x"}"#);
        assert_eq!(by_header, by_field);
        assert_ne!(by_header, request(br#"{"description":"y"}"#));
        assert_eq!(request(b"no json"), b"no json");
    }
}
