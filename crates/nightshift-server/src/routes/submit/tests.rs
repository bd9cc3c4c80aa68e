use super::*;
use crate::error::Code;
use crate::extract::body::Kind;

fn read(text: &str) -> Result<Wanted, ApiError> {
    let body = RawBody {
        bytes: bytes::Bytes::copy_from_slice(text.as_bytes()),
        kind: Kind::Form,
    };
    Wanted::read(&HeaderMap::new(), &body)
}

#[test]
fn the_guides_own_body_is_read() {
    let wanted = read(r#"{"description": "Analyze transformer papers", "auto_approve": false}"#);
    let wanted = wanted.unwrap();
    assert_eq!(wanted.description, "Analyze transformer papers");
    assert_eq!(wanted.wishes, Wishes::default());
}

#[test]
fn every_wish_is_read_in_its_own_notation() {
    let wanted = read(
        r#"{"description": "x", "auto_approve": true, "agent": "stub", "model": "m",
            "project": "demo", "executor": "local", "timeout": "3s", "max_cost": 0.5,
            "dir": "/srv/demo", "idempotency_key": "k"}"#,
    )
    .unwrap();
    assert!(wanted.wishes.auto_approve);
    assert_eq!(wanted.wishes.timeout_s, Some(3));
    assert_eq!(wanted.wishes.max_cost_usd, Some(0.5));
    assert_eq!(wanted.wishes.dir.as_deref(), Some("/srv/demo"));
    assert_eq!(wanted.key.unwrap().key, "k");
}

#[test]
fn what_cannot_be_done_is_refused_by_name() {
    let named = |text: &str| -> Vec<String> {
        let error = read(text).err().unwrap();
        assert_eq!(error.code, Code::Invalid);
        error.fields.into_iter().map(|wrong| wrong.field).collect()
    };
    assert_eq!(named("{}"), ["description"]);
    assert_eq!(
        named(r#"{"description":"x","timeout":"soon"}"#),
        ["timeout"]
    );
    assert_eq!(named(r#"{"description":"x","colour":"red"}"#), ["colour"]);
    assert_eq!(
        named(r#"{"description":"x","callback_url":"https://example.com"}"#),
        ["callback_url"]
    );
}

#[test]
fn a_timeout_is_never_less_than_was_asked_for() {
    let seconds = |timeout: &str| {
        let body = format!(r#"{{"description":"x","timeout":"{timeout}"}}"#);
        read(&body).unwrap().wishes.timeout_s
    };
    assert_eq!(seconds("500ms"), Some(1));
    assert_eq!(seconds("1001ms"), Some(2));
    assert_eq!(seconds("0s"), Some(0), "refused where limits are known");
}
