//! No secret leaves by an error, a print or a name.

use nightshift_core::secret::Secret;

use super::{loads, refused};

const EVERYWHERE: &str = r#"remote:
  trigger_service:
    platforms:
      slack: {enabled: true, bot_token: hunter-one-1, signing_secret: hunter-two-2, app_token: "${APP}"}
  execution:
    agents:
      mine: {command: [tool, "--header=${HEADER}"], env: {KEY: hunter-four-4}}
    commands:
      call: {argv: [curl, "${HEADER}"]}
  storage: {url: "postgres://me:hunter-five-5@db/x"}
  auth:
    api_keys: {sk_hunter_six_6: user_ana, sk_hunter_seven_7: user_bob}
    platform_secrets: {telegram: hunter-eight-8}
    jwt: {secret: hunter-nine-9}
    oauth2: {client_secret: hunter-ten-10}
"#;

const VARIABLES: [(&str, &str); 2] = [
    ("APP", "xapp-hunter-three-3"),
    ("HEADER", "hunter-eleven-11"),
];

#[test]
fn a_print_shows_every_key_and_no_secret() {
    let loaded = loads(EVERYWHERE, &VARIABLES);
    let print = loaded.redacted_yaml();
    assert!(!print.contains("hunter"), "{print}");
    assert!(!format!("{loaded:?}").contains("hunter-t"), "debug");
    for line in [
        "bot_token: '***'",
        "'***': user_ana",
        "'*** (2)': user_bob",
        "KEY: '***'",
        "- --header=***",
        "url: '***'",
    ] {
        assert!(print.contains(line), "{line} is not in\n{print}");
    }
}

#[test]
fn the_scrubber_is_given_every_secret() {
    let secrets = loads(EVERYWHERE, &VARIABLES).secrets();
    let secrets: Vec<&str> = secrets.iter().map(Secret::expose).collect();
    for secret in [
        "hunter-one-1",
        "hunter-two-2",
        "xapp-hunter-three-3",
        "postgres://me:hunter-five-5@db/x",
        "sk_hunter_six_6",
        "sk_hunter_seven_7",
        "hunter-eight-8",
        "hunter-nine-9",
        "hunter-ten-10",
        "hunter-eleven-11",
    ] {
        assert!(secrets.contains(&secret), "{secret} is not in the list");
    }
}

#[test]
fn no_mistake_makes_a_message_repeat_a_secret() {
    let slack = |line: &str| {
        format!("remote:\n  trigger_service:\n    platforms:\n      slack:\n        {line}\n")
    };
    let auth = |lines: &str| format!("remote:\n  auth:\n{lines}");
    for (text, said) in [
        (slack("bot_token: [hunter-one]"), "found a list"),
        (slack("bot_token: {hunter-one: 1}"), "found a mapping"),
        (slack("bot_token: !x hunter-one"), "found a YAML tag"),
        (slack("api_url: hunter-one"), "expected an https address"),
        (slack("enabled: hunter-one"), "expected true or false"),
        (slack("transport: hunter-one"), "expected one of auto"),
        (slack("xoxb-hunter: one"), "slack.***: unknown key"),
        (slack("hunter1one: one"), "slack.***: unknown key"),
        (slack("bot_token: \"hunter-one"), "expected YAML"),
        (
            slack("bot_token: hunter-one\n        bot_token: hunter-two"),
            "stands twice",
        ),
        (slack("bot_token: ${hunter one}"), "expected `${NAME}`"),
        (
            auth("    api_keys: {sk_hunter: [user]}\n"),
            "api_keys.***: expected text",
        ),
        (
            auth("    api_keys: {sk_hunter: \" \"}\n"),
            "api_keys.***: expected a user id",
        ),
        (
            auth("    api_keys:\n    sk_hunter_1: user\n"),
            "auth.***: unknown key",
        ),
        (
            auth("    api_keys: {sk_hunter: a, sk_hunter: b}\n"),
            "stands twice",
        ),
        (auth("    api_keys: [sk_hunter]\n"), "found a list"),
        ("hunter1: one\n".into(), "***: unknown key"),
    ] {
        let message = refused(&text, &[]);
        assert!(message.contains(said), "{message}");
        assert!(!message.contains("hunter"), "{message}");
    }
    let variable = ("NIGHTSHIFT__REMOTE__AUTH__API_KEYS__sk_hunter", "[]");
    let fine = loads("", &[variable]);
    assert!(!format!("{:?}", fine.sources).contains("hunter"));
}

#[test]
fn a_variable_cannot_bring_yaml() {
    let text = "remote:\n  trigger_service:\n    platforms:\n      slack:\n        enabled: true\n        \
                bot_token: ${T}\n        signing_secret: s\n";
    let inject = "x\n        api_url: http://evil.example\nremote: {enabled: false} # \" ' ${APP}";
    let loaded = loads(text, &[("T", inject)]);
    let slack = loaded.config.remote.trigger_service.platforms.slack;
    assert_eq!(slack.bot_token.unwrap().expose(), inject);
    assert_eq!(slack.api_url, "https://slack.com/api");
}
