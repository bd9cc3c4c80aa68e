use nightshift_core::chat::Gesture;

use super::*;

fn text_of(text: &str) -> String {
    let body = serde_json::json!({ "kind": "say", "id": "m-000001", "text": text });
    match delivered(&body.to_string()).inbound.gesture {
        Gesture::Say { text } => text,
        other => panic!("no words: {other:?}"),
    }
}

#[test]
fn words_open_a_thread_of_their_own() {
    let delivery = delivered(r#"{"kind":"say","id":"m-000001","text":"run disk"}"#);
    assert_eq!(delivery.keys, ["web:ana:m-000001"]);
    assert_eq!(delivery.inbound.from.to_string(), "web:ana");
    let at = &delivery.inbound.at;
    assert_eq!(
        (at.workspace.as_str(), at.channel.as_str()),
        ("local", "playground")
    );
    assert_eq!(at.thread.as_deref(), Some("ana:m-000001"));
    let said = door().said(&delivery, Timestamp::from_millis(5)).unwrap();
    assert_eq!((said.id.as_str(), said.thread), ("ana:m-000001", None));
    assert_eq!(said.author.as_deref(), Some("ana"));
    assert_eq!(said.at, Timestamp::from_millis(5));
}

#[test]
fn words_in_a_thread_stay_in_it() {
    let delivery = delivered(
        r#"{"kind":"say","id":"m-000002","text":"only the tests","thread":"bob:m-000001"}"#,
    );
    assert_eq!(delivery.inbound.at.thread.as_deref(), Some("bob:m-000001"));
    let said = door().said(&delivery, Timestamp::from_millis(5)).unwrap();
    assert_eq!(said.thread.as_deref(), Some("bob:m-000001"));
}

#[test]
fn the_command_name_in_front_is_not_part_of_the_text() {
    for (text, expected) in [
        ("/nightshift run disk", "run disk"),
        ("  /NightShift\n run disk ", "run disk"),
        ("/nightshift", ""),
        ("/nightshifts are long", "/nightshifts are long"),
        (
            "explain /nightshift run disk",
            "explain /nightshift run disk",
        ),
        ("ünïcode and more", "ünïcode and more"),
    ] {
        assert_eq!(text_of(text), expected, "{text:?}");
    }
}

#[test]
fn a_press_says_where_the_button_is() {
    let delivery = delivered(
        r#"{"kind":"press","id":"c-000001","action":"act_1","message":"ns-1","thread":"ana:m-000001"}"#,
    );
    assert_eq!(delivery.keys, ["web:ana:c-000001"]);
    assert_eq!(delivery.inbound.at.thread.as_deref(), Some("ana:m-000001"));
    let Gesture::Press { action } = &delivery.inbound.gesture else {
        panic!("no press");
    };
    assert_eq!(action.as_str(), "act_1");
    assert_eq!(door().said(&delivery, Timestamp::from_millis(5)), None);
}

#[test]
fn what_cannot_be_read_is_malformed_and_what_is_unknown_is_ignored() {
    for bad in [
        "",
        "[]",
        "{}",
        r#"{"kind":7}"#,
        r#"{"kind":"say","id":"m-000001"}"#,
        r#"{"kind":"say","id":"m-000001","text":7}"#,
        r#"{"kind":"say","id":"short","text":"x"}"#,
        r#"{"kind":"say","id":"bob:m-000001","text":"x"}"#,
        r#"{"kind":"say","id":"m-000001","text":"x","thread":""}"#,
        r#"{"kind":"say","id":"m-000001","text":"x","thread":"a\u0000b"}"#,
        r#"{"kind":"press","id":"c-000001"}"#,
    ] {
        assert_eq!(read(bad), Err(Refused::Malformed), "{bad}");
    }
    let unknown = read(r#"{"kind":"wave","id":"m-000001"}"#);
    assert!(matches!(unknown, Ok(Received::Ignored(_))), "{unknown:?}");
}
