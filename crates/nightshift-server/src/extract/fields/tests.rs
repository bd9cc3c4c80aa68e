use bytes::Bytes;

use super::*;

fn body(text: &str, kind: Kind) -> RawBody {
    RawBody {
        bytes: Bytes::copy_from_slice(text.as_bytes()),
        kind,
    }
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let text = r#"{"name": 7, "flag": "yes", "cost": "much", "extra": 1, "colour": "red"}"#;
    let mut fields = Fields::optional(&body(text, Kind::Json)).unwrap();
    assert_eq!(fields.text("name"), None);
    assert!(!fields.flag("flag"));
    assert_eq!(fields.number("cost"), None);
    let error = fields.finish().unwrap_err();
    assert_eq!(error.code, Code::Invalid);
    let named: Vec<&str> = error.fields.iter().map(|wrong| &*wrong.field).collect();
    assert_eq!(named, ["name", "flag", "cost", "colour", "extra"]);
    assert_eq!(
        error.fields[3].message,
        "unknown; this route knows: name, flag, cost"
    );
}

#[test]
fn null_counts_as_left_out() {
    let mut fields = Fields::optional(&body(r#"{"name": null}"#, Kind::Json)).unwrap();
    assert_eq!(fields.text("name"), None);
    fields.finish().unwrap();
}

#[test]
fn under_the_api_a_body_must_call_itself_json_but_may_be_left_out() {
    let code = |text: &str, kind| Fields::optional(&body(text, kind)).map_err(|error| error.code);
    assert!(code("", Kind::Form).is_ok());
    assert!(code("{}", Kind::Json).is_ok());
    for kind in [Kind::Unsaid, Kind::Form, Kind::Other] {
        assert_eq!(code("{}", kind).unwrap_err(), Code::UnsupportedType);
    }
    assert_eq!(code("[1]", Kind::Json).unwrap_err(), Code::Malformed);
    assert_eq!(code("{", Kind::Json).unwrap_err(), Code::Malformed);
}

#[test]
fn a_submission_may_call_its_json_a_form() {
    let code =
        |text: &str, kind| Fields::of_submission(&body(text, kind)).map_err(|error| error.code);
    for kind in [Kind::Unsaid, Kind::Form, Kind::Json] {
        assert!(code(r#"{"description": "x"}"#, kind).is_ok());
    }
    assert_eq!(
        code("description=x", Kind::Form).unwrap_err(),
        Code::Malformed
    );
    assert_eq!(code("{}", Kind::Other).unwrap_err(), Code::UnsupportedType);
}

#[test]
fn the_answer_to_broken_json_does_not_repeat_it() {
    let error = Fields::optional(&body(r#"{"secret-word" 1}"#, Kind::Json)).unwrap_err();
    assert!(!error.message.contains("secret-word"), "{}", error.message);
}
