use super::*;
use crate::Transport;

fn section(json: &str) -> SlackConfig {
    serde_json::from_str(json).unwrap()
}

#[test]
fn an_empty_section_is_switched_off_and_points_at_slack() {
    let section = section("{}");
    assert!(!section.enabled);
    assert_eq!(section.api_url, "https://slack.com/api");
    assert_eq!(section.transport, Transport::Auto);
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    let error = serde_json::from_str::<SlackConfig>(r#"{"signing_sekret":"x"}"#).unwrap_err();
    assert!(error.to_string().contains("signing_sekret"), "{error}");
}

#[test]
fn each_wrong_key_is_named_and_no_secret_is_shown() {
    let full = r#""bot_token":"xoxb-1","signing_secret":"abc","#;
    for (json, key) in [
        (r#"{"signing_secret":"abc"}"#.to_owned(), "bot_token"),
        (
            r#"{"bot_token":" ","signing_secret":"abc"}"#.to_owned(),
            "bot_token",
        ),
        (
            r#"{"bot_token":"xoxb 1","signing_secret":"abc"}"#.to_owned(),
            "bot_token",
        ),
        (r#"{"bot_token":"xoxb-1"}"#.to_owned(), "signing_secret"),
        (
            r#"{"bot_token":"xoxb-1","signing_secret":""}"#.to_owned(),
            "signing_secret",
        ),
        (format!(r#"{{{full}"transport":"socket"}}"#), "app_token"),
        (
            format!(r#"{{{full}"api_url":"http://slack.com/api"}}"#),
            "api_url",
        ),
    ] {
        let error = section(&json).check(None).unwrap_err();
        assert_eq!(error.key, key, "{json}");
        assert!(error.to_string().starts_with(key), "{error}");
        assert!(!error.to_string().contains("xoxb 1"), "{error}");
    }
}

#[test]
fn auto_is_the_transport_that_needs_no_public_address() {
    let bare = section("{}");
    let with_token = section(r#"{"app_token":"xapp-1"}"#);
    let empty_token = section(r#"{"app_token":""}"#);
    let address = Some("https://ns.example.com");
    assert_eq!(bare.transport(None), Transport::Http);
    assert_eq!(with_token.transport(None), Transport::Socket);
    assert_eq!(empty_token.transport(None), Transport::Http);
    assert_eq!(with_token.transport(address), Transport::Http);
    let chosen = section(r#"{"transport":"http","app_token":"xapp-1"}"#);
    assert_eq!(chosen.transport(None), Transport::Http);
}

#[test]
fn secrets_are_stars_wherever_the_section_is_printed() {
    let config = config();
    let printed = format!("{config:?} {}", serde_json::to_string(&config).unwrap());
    assert!(!printed.contains("xoxb-test") && !printed.contains(SIGNING_SECRET));
    assert!(!format!("{:?}", platform()).contains("xoxb-test"));
}
