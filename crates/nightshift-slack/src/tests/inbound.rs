use nightshift_core::chat::{Delivery, Gesture};
use serde_json::{Value, json};

use super::*;
use crate::inbound::Me;

fn delivery(received: Result<Received, Refused>) -> Delivery {
    match received {
        Ok(Received::Event { delivery, reply }) => {
            assert_eq!(reply, nightshift_core::port::WebhookReply::default());
            *delivery
        }
        other => panic!("expected an event: {other:?}"),
    }
}

fn ignored(received: Result<Received, Refused>) -> &'static str {
    match received {
        Ok(Received::Ignored(reason)) => reason,
        other => panic!("expected to be ignored: {other:?}"),
    }
}

/// The delivery in a few lines.
fn story(delivery: &Delivery) -> String {
    let inbound = &delivery.inbound;
    let at = &inbound.at;
    let gesture = match &inbound.gesture {
        Gesture::Say { text } => format!("says {text:?}"),
        Gesture::Press { action } => format!("presses {action}"),
        Gesture::Submit { form, text } => format!("submits {form} {text:?}"),
    };
    format!(
        "{} ({}) at {}/{}/{} {gesture}\nreply {} form {}\n{}",
        inbound.from,
        inbound.display_name.as_deref().unwrap_or("-"),
        at.workspace,
        at.channel,
        at.thread.as_deref().unwrap_or("-"),
        inbound.reply_handle.as_deref().unwrap_or("-"),
        inbound.form_handle.as_deref().unwrap_or("-"),
        delivery.keys.join("\n"),
    )
}

const COMMAND: &[(&str, &str)] = &[
    ("token", "t"),
    ("team_id", "T1"),
    ("channel_id", "C1"),
    ("user_id", "U1"),
    ("user_name", "ana"),
    ("command", "/nightshift"),
    ("text", "compare a &lt; b &amp; c <@U2|bob>"),
    ("response_url", "https://hooks.slack.com/commands/T1/1/x"),
    ("trigger_id", "13345224609.738474920.8088930838d88f008e0"),
];

#[test]
fn a_slash_command_is_said_in_its_channel() {
    insta::assert_snapshot!(story(&delivery(receive_form(COMMAND))), @r#"
    slack:U1 (ana) at T1/C1/- says "compare a < b & c <@U2|bob>"
    reply https://hooks.slack.com/commands/T1/1/x form 13345224609.738474920.8088930838d88f008e0
    cmd:13345224609.738474920.8088930838d88f008e0
    "#);
}

#[test]
fn a_command_without_a_trigger_is_known_by_its_body() {
    let fields: Vec<_> = COMMAND
        .iter()
        .copied()
        .filter(|(name, _)| *name != "trigger_id")
        .collect();
    let one = delivery(receive_form(&fields));
    assert_eq!(one.keys, [format!("cmd:{}", hex::encode(one.body_hash))]);
    let mut other = fields.clone();
    other.push(("x", "y"));
    assert_ne!(one.keys, delivery(receive_form(&other)).keys);
}

#[test]
fn a_command_of_another_name_and_a_certificate_check_are_ignored() {
    let mut fields = COMMAND.to_vec();
    fields[5] = ("command", "/other");
    assert_eq!(ignored(receive_form(&fields)), "a command that is not ours");
    let mut fields = COMMAND.to_vec();
    fields.push(("ssl_check", "1"));
    assert_eq!(ignored(receive_form(&fields)), "a certificate check");
    let smuggled = json!({"type": "block_actions"}).to_string();
    let fields = [("ssl_check", "1"), ("payload", smuggled.as_str())];
    assert_eq!(ignored(receive_form(&fields)), "a certificate check");
}

fn event(event: Value) -> Value {
    json!({
        "type": "event_callback", "token": "t", "team_id": "T1", "api_app_id": "A1",
        "event_id": "Ev1", "event_time": 1_700_000_000, "event": event,
        "authorizations": [{"team_id": "T1", "user_id": "UBOT", "is_bot": true}],
        "is_ext_shared_channel": false,
    })
}

fn mention() -> Value {
    json!({
        "type": "app_mention", "user": "U1", "team": "T1", "channel": "C1",
        "ts": "1700000000.000100", "event_ts": "1700000000.000100",
        "text": "<@UBOT> read <https://example.com/?a=1&amp;b=2> and tell <@U2>",
    })
}

fn with(mut value: Value, name: &str, field: Value) -> Value {
    value[name] = field;
    value
}

fn receive_event(body: Value) -> Result<Received, Refused> {
    receive_json(&event(body).to_string())
}

#[test]
fn a_mention_is_said_in_its_thread() {
    insta::assert_snapshot!(story(&delivery(receive_event(mention()))), @r#"
    slack:U1 (-) at T1/C1/1700000000.000100 says "read https://example.com/?a=1&b=2 and tell <@U2>"
    reply - form -
    evt:Ev1
    msg:T1:C1:1700000000.000100
    "#);
    let reply = with(mention(), "thread_ts", json!("1699999999.000001"));
    let delivery = delivery(receive_event(reply));
    assert_eq!(
        delivery.inbound.at.thread.as_deref(),
        Some("1699999999.000001")
    );
    assert_eq!(delivery.keys[1], "msg:T1:C1:1700000000.000100");
}

#[test]
fn once_we_know_ourselves_every_mention_of_us_goes_and_others_stay() {
    let platform = platform();
    *platform.me.write().unwrap() = Me {
        user: Some("UBOT".into()),
        bot: Some("BBOT".into()),
    };
    let body = with(
        mention(),
        "text",
        json!("<@U2> says: <@UBOT|night> go <@UBOT>"),
    );
    let body = event(body).to_string();
    let received = platform.receive(&signed("application/json", body.as_bytes()));
    let Gesture::Say { text } = delivery(received).inbound.gesture else {
        panic!("expected words");
    };
    assert_eq!(text, "<@U2> says:  go");
}

#[test]
fn a_direct_message_is_said_and_other_channels_are_not_overheard() {
    let direct = json!({
        "type": "message", "channel_type": "im", "user": "U1", "team": "T1", "channel": "D1",
        "ts": "1700000000.000200", "text": "sleep 3",
    });
    insta::assert_snapshot!(story(&delivery(receive_event(direct.clone()))), @r#"
    slack:U1 (-) at T1/D1/1700000000.000200 says "sleep 3"
    reply - form -
    evt:Ev1
    msg:T1:D1:1700000000.000200
    "#);
    for kind in ["channel", "group", "mpim"] {
        let overheard = with(direct.clone(), "channel_type", json!(kind));
        assert_eq!(
            ignored(receive_event(overheard)),
            "a message that is not meant for us"
        );
    }
    let shared = with(direct.clone(), "subtype", json!("file_share"));
    delivery(receive_event(shared));
    for (name, field, reason) in [
        ("bot_id", json!("B1"), "a message of a bot"),
        ("hidden", json!(true), "an edit"),
        ("edited", json!({"user": "U1"}), "an edit"),
        (
            "subtype",
            json!("message_changed"),
            "a message of an unspoken kind",
        ),
        (
            "subtype",
            json!("channel_join"),
            "a message of an unspoken kind",
        ),
        ("user", Value::Null, "a message without a user"),
        ("channel", json!(7), "a message without a channel"),
    ] {
        let body = with(direct.clone(), name, field);
        assert_eq!(ignored(receive_event(body)), reason, "{name}");
    }
}

#[test]
fn our_own_words_are_not_heard_even_without_a_bot_id() {
    let platform = platform();
    platform.me.write().unwrap().user = Some("UBOT".into());
    let body = event(with(mention(), "user", json!("UBOT"))).to_string();
    let received = platform.receive(&signed("application/json", body.as_bytes()));
    assert_eq!(ignored(received), "a message of a bot");
}

#[test]
fn the_workspace_is_the_team_of_the_person() {
    let workspace = |body: Value| {
        delivery(receive_json(&body.to_string()))
            .inbound
            .at
            .workspace
    };
    // Of two workspaces one is foreign, whichever: nobody's workspace is called like that.
    let foreign = with(mention(), "user_team", json!("T2"));
    assert_eq!(workspace(event(foreign)), "T2@T1");
    let foreign = with(mention(), "team", json!("T2"));
    assert_eq!(workspace(event(foreign)), "T2@T1");
    let around = with(event(mention()), "team_id", json!("T9"));
    assert_eq!(workspace(around), "T1@T9");
    let silent = with(mention(), "team", Value::Null);
    assert_eq!(workspace(event(silent.clone())), "T1");
    // Within an organisation the organisation's id may stand in the person's place.
    let grid = with(mention(), "user_team", json!("E1"));
    assert_eq!(
        workspace(with(event(grid), "enterprise_id", json!("E1"))),
        "T1"
    );
    let nowhere = with(event(silent), "team_id", Value::Null).to_string();
    assert_eq!(ignored(receive_json(&nowhere)), "an event without a team");
}

fn press() -> Value {
    json!({
        "type": "block_actions", "api_app_id": "A1", "trigger_id": "12321423423.333649436676.d8",
        "team": {"id": "T1", "domain": "d"},
        "user": {"id": "U1", "username": "ana", "name": "ana", "team_id": "T1"},
        "container": {"type": "message", "message_ts": "1700000001.000100", "channel_id": "C1",
                      "is_ephemeral": false, "thread_ts": "1700000000.000100"},
        "channel": {"id": "C1", "name": "general"},
        "message": {"bot_id": "BBOT", "type": "message", "user": "UBOT", "ts": "1700000001.000100",
                    "thread_ts": "1700000000.000100", "text": "card"},
        "response_url": "https://hooks.slack.com/actions/T1/1/x",
        "actions": [{"type": "button", "action_id": "ns_0", "block_id": "b", "value": "act_abc",
                     "text": {"type": "plain_text", "text": "Approve"}, "action_ts": "1700000002.5"}],
    })
}

#[test]
fn a_press_names_the_button_and_where_it_stands() {
    insta::assert_snapshot!(story(&delivery(receive_payload(&press().to_string()))), @"
    slack:U1 (ana) at T1/C1/1700000000.000100 presses act_abc
    reply https://hooks.slack.com/actions/T1/1/x form 12321423423.333649436676.d8
    act:12321423423.333649436676.d8
    press:C1:1700000001.000100:U1:act_abc:1700000002.5
    ");
}

#[test]
fn a_press_of_an_organisation_wide_install_is_of_the_persons_team() {
    let body = with(press(), "team", Value::Null);
    let one = delivery(receive_payload(&body.to_string()));
    assert_eq!(one.inbound.at.workspace, "T1");
    let stranger = with(press(), "user", json!({"id": "U9", "team_id": "T2"}));
    let other = delivery(receive_payload(&stranger.to_string()));
    assert_eq!(other.inbound.at.workspace, "T2");
    let nowhere = with(body, "user", json!({"id": "U9"})).to_string();
    assert_eq!(ignored(receive_payload(&nowhere)), "a press without a team");
}

#[test]
fn links_and_other_elements_press_nothing() {
    for action in [
        json!([]),
        json!(null),
        json!([{"type": "button", "action_id": "a"}]),
        json!([{"type": "button", "value": "act_abc", "url": "https://example.com"}]),
        json!([{"type": "static_select", "value": "act_abc"}]),
    ] {
        let body = with(press(), "actions", action).to_string();
        assert_eq!(
            ignored(receive_payload(&body)),
            "a press without a value of ours"
        );
    }
}

fn submission() -> Value {
    json!({
        "type": "view_submission", "team": null, "trigger_id": "1.2.3", "response_urls": [],
        "user": {"id": "U1", "name": "ana", "team_id": "T1"},
        "view": {"id": "V1", "team_id": "T1", "type": "modal", "callback_id": "ns_form",
                 "private_metadata": "act_form", "hash": "156663117.cd33ad1f",
                 "state": {"values": {"ns_text": {"ns_text":
                     {"type": "plain_text_input", "value": "shorter & <fast>"}}}}},
    })
}

#[test]
fn a_form_comes_back_with_its_token_and_what_was_typed() {
    insta::assert_snapshot!(story(&delivery(receive_payload(&submission().to_string()))), @r#"
    slack:U1 (ana) at T1//- submits act_form "shorter & <fast>"
    reply - form 1.2.3
    view:V1:156663117.cd33ad1f
    "#);
    let mut untouched = submission();
    untouched["view"]["state"]["values"]["ns_text"]["ns_text"]["value"] = Value::Null;
    let delivery = delivery(receive_payload(&untouched.to_string()));
    assert!(matches!(delivery.inbound.gesture, Gesture::Submit { text, .. } if text.is_empty()));
    let mut foreign = submission();
    foreign["view"]["callback_id"] = json!("other");
    assert_eq!(
        ignored(receive_payload(&foreign.to_string())),
        "a form that is not ours"
    );
}

#[test]
fn what_we_do_not_know_is_ignored_and_only_garbage_is_malformed() {
    for body in [
        json!({"type": "app_rate_limited", "minute_rate_limited": 1}),
        json!({"type": "something_new"}),
        json!({}),
        json!({"type": "event_callback"}),
        json!({"type": "event_callback", "event": []}),
        event(json!({"type": "team_join", "user": {"id": "U1"}})),
        event(json!({"type": "app_mention"})),
        event(json!({"type": 7})),
    ] {
        ignored(receive_json(&body.to_string()));
    }
    for payload in [
        json!({"type": "shortcut"}),
        json!({"type": "new"}),
        json!({}),
    ] {
        ignored(receive_payload(&payload.to_string()));
    }
    for garbage in ["", "{", "[]", "\"x\"", "{\"type\":\"url_verification\"}"] {
        assert_eq!(receive_json(garbage), Err(Refused::Malformed), "{garbage}");
    }
    for garbage in ["{", "[]", ""] {
        assert_eq!(
            receive_payload(garbage),
            Err(Refused::Malformed),
            "{garbage}"
        );
    }
    assert_eq!(receive_form(&[("a", "b")]), Err(Refused::Malformed));
    let latin1 = signed("application/x-www-form-urlencoded", b"command=\xff");
    assert_eq!(platform().receive(&latin1), Err(Refused::Malformed));
}

#[test]
fn a_repeated_delivery_has_the_same_keys_and_hash_and_another_body_another_hash() {
    let one = delivery(receive_event(mention()));
    assert_eq!(one, delivery(receive_event(mention())));
    let other = delivery(receive_event(with(
        mention(),
        "text",
        json!("<@UBOT> else"),
    )));
    assert_eq!(one.keys, other.keys);
    assert_ne!(one.body_hash, other.body_hash);
}

#[test]
fn text_arrives_as_it_was_typed() {
    for (sent, typed) in [
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("<http://example.com|example.com>", "example.com"),
        ("<https://example.com/>", "https://example.com/"),
        ("<https://example.com|here>", "here (https://example.com)"),
        ("<mailto:a@example.com|a@example.com>", "a@example.com"),
        ("in <#C1|general>", "in #general"),
        ("<!here> <!subteam^S1|@ops>", "@here @ops"),
        ("<@U2> <not a token> a < b", "<@U2> <not a token> a < b"),
        (
            "$(touch /tmp/x) \"; rm -rf ~ # --flag",
            "$(touch /tmp/x) \"; rm -rf ~ # --flag",
        ),
        ("```\nx &lt; y\n```", "```\nx < y\n```"),
    ] {
        let mut fields = COMMAND.to_vec();
        fields[6] = ("text", sent);
        let Gesture::Say { text } = delivery(receive_form(&fields)).inbound.gesture else {
            panic!("expected words");
        };
        assert_eq!(text, typed);
    }
}
