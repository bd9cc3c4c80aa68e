//! Verbs that need no server.

use harness::process::{Installation, real_slack};
use serde_json::Value;

use super::well;

#[tokio::test]
async fn help_lists_one_verb_per_line() {
    let site = Installation::new();
    let help = well(&site, &["--help"]).await.stdout;
    let verbs: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    for verb in [
        "serve",
        "demo",
        "submit",
        "queue",
        "status",
        "approve",
        "reject",
        "revise",
        "cancel",
        "retry",
        "logs",
        "results",
        "why",
        "config",
        "doctor",
        "db",
        "slack",
        "completion",
    ] {
        assert!(verbs.contains(&verb), "{verb}: {help}");
    }
    for verb in verbs.into_iter().filter(|verb| *verb != "help") {
        let own = site.nightshift(&[verb, "--help"]).await;
        assert_eq!(own.code, 0, "{own:?}");
    }
}

#[tokio::test]
async fn a_wrong_command_line_ends_with_code_2() {
    let site = Installation::new();
    for words in [
        &["fly"][..],
        &["status"],
        &["submit"],
        &["completion", "klingon"],
        &["queue", "--colour"],
        &[],
    ] {
        let ran = site.nightshift(words).await;
        assert_eq!(ran.code, 2, "{words:?}: {ran:?}");
        assert!(ran.stderr.contains("--help"), "{words:?}: {ran:?}");
    }
}

#[tokio::test]
async fn without_a_server_the_next_step_is_named() {
    let site = Installation::new();
    let ran = site.nightshift(&["queue"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    for word in [
        "nightshift.sock",
        "nightshift serve",
        "--data-dir",
        "--server",
    ] {
        assert!(ran.stderr.contains(word), "{word}: {ran:?}");
    }
}

/// Each script is read by the shell it is for, where this machine has it.
#[tokio::test]
async fn completion_scripts_are_right_for_their_shells() {
    let site = Installation::new();
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let script = well(&site, &["completion", shell]).await.stdout;
        assert!(
            script.contains("nightshift") && script.contains("approve"),
            "{shell}"
        );
        let file = site.path(&format!("completion.{shell}"));
        std::fs::write(&file, script).expect("a file");
        match std::process::Command::new(shell)
            .arg(check)
            .arg(&file)
            .status()
        {
            Ok(status) => assert!(status.success(), "{shell} does not read it"),
            Err(_) => println!("{shell} is not on this machine: its script was not read"),
        }
    }
}

#[tokio::test]
async fn the_configuration_is_checked_printed_and_described() {
    let slack = real_slack().await;
    let site = Installation::on_slack(&slack);
    let text = serde_json::to_string_pretty(&site.config).expect("plain data");
    std::fs::write(site.config_file(), text).expect("the configuration");
    let checked = well(&site, &["config", "check"]).await.stdout;
    assert!(checked.contains("config.yaml is right"), "{checked}");

    let printed = well(&site, &["config", "print"]).await.stdout;
    assert!(
        printed.contains("bot_token: '***'")
            || printed.contains("bot_token: \"***\"")
            || printed.contains("bot_token: ***"),
        "{printed}"
    );
    let setup = slack.setup();
    for secret in [
        &setup.bot_token,
        &setup.signing_secret,
        Installation::ADMIN_KEY,
        Installation::KEY,
    ] {
        assert!(!printed.contains(secret), "{printed}");
    }
    let schema = well(&site, &["config", "schema"]).await.json();
    let listen = schema.pointer("/properties/remote/properties/trigger_service/properties/listen");
    assert!(listen.is_some(), "{schema:#}");
}

#[tokio::test]
async fn the_manifest_makes_an_app_that_hears_all_it_must() {
    let site = Installation::new();
    let socket = well(&site, &["slack", "manifest", "--json"]).await.json();
    assert_eq!(
        socket["settings"]["socket_mode_enabled"], true,
        "{socket:#}"
    );
    let http = [
        "slack",
        "manifest",
        "--json",
        "--url",
        "https://night.example.com",
    ];
    let http = well(&site, &http).await.json();
    assert_eq!(http["settings"]["socket_mode_enabled"], false);
    let url = "https://night.example.com/webhook/slack";
    for place in [
        "/features/slash_commands/0/url",
        "/settings/event_subscriptions/request_url",
        "/settings/interactivity/request_url",
    ] {
        assert_eq!(
            http.pointer(place).and_then(Value::as_str),
            Some(url),
            "{http:#}"
        );
    }
    for manifest in [&socket, &http] {
        let scopes = manifest["oauth_config"]["scopes"]["bot"]
            .as_array()
            .expect("scopes");
        for scope in [
            "app_mentions:read",
            "chat:write",
            "commands",
            "files:write",
            "im:history",
        ] {
            assert!(scopes.iter().any(|it| it == scope), "{scope}: {manifest:#}");
        }
        // https://api.slack.com/reference/manifests
        let name = manifest["display_information"]["name"]
            .as_str()
            .expect("a name");
        assert!(name.chars().count() <= 35);
        let usage = manifest["features"]["slash_commands"][0]["usage_hint"].as_str();
        assert!(usage.is_some_and(|usage| usage.chars().count() <= 1000));
    }
    let yaml = well(&site, &["slack", "manifest"]).await.stdout;
    assert!(yaml.contains("slash_commands:"), "{yaml}");
    assert_eq!(
        site.nightshift(&["slack", "manifest", "--url", "not an address"])
            .await
            .code,
        1
    );
}

#[tokio::test]
async fn the_doctor_says_how_to_repair_what_is_wrong() {
    let slack = real_slack().await;
    let mut site = Installation::on_slack(&slack);
    let write = |site: &Installation| {
        let text = serde_json::to_string_pretty(&site.config).expect("plain data");
        std::fs::write(site.config_file(), text).expect("the configuration");
    };
    write(&site);
    let healthy = well(&site, &["doctor"]).await.stdout;
    assert!(
        healthy.lines().all(|line| line.starts_with('✓')),
        "{healthy}"
    );

    site.environment
        .insert("SLACK_BOT_TOKEN".into(), "xoxb-copied-wrongly".into());
    site.config["remote"]["execution"]["local"]["isolation"] = "none".into();
    site.config["remote"]["execution"]["agents"]["ghost"] =
        serde_json::json!({"command": ["ghost"], "install_hint": "Call the ghosts."});
    write(&site);
    let sick = site.nightshift(&["doctor"]).await;
    assert_eq!(sick.code, 1, "{sick:?}");
    for word in [
        "Call the ghosts.",
        "isolation to auto",
        "bot token",
        "invalid_auth",
    ] {
        assert!(sick.stdout.contains(word), "{word}: {}", sick.stdout);
    }
    assert!(!sick.both().contains("xoxb-copied-wrongly"));
    let listed = site.nightshift(&["doctor", "--json"]).await.json();
    assert!(
        listed["items"]
            .as_array()
            .is_some_and(|items| items.len() >= 4),
        "{listed:#}"
    );
}
