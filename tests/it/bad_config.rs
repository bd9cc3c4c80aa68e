//! A wrong configuration stops the start, with the key, the place and what was expected.

use harness::process::{Installation, Ran};

const GUIDE: &str = include_str!("../../crates/nightshift-cli/src/config/fixtures/guide_big.yaml");

/// `serve` and `config check` with this file, which must say the same.
async fn refused(site: &Installation, yaml: &str) -> Ran {
    std::fs::write(site.config_file(), yaml).expect("the configuration");
    let checked = site.nightshift(&["config", "check"]).await;
    let served = site.nightshift(&["serve"]).await;
    assert_eq!(
        (checked.code, served.code),
        (2, 2),
        "{checked:?} {served:?}"
    );
    assert_eq!(checked.stderr, served.stderr);
    assert!(!site.data_dir().exists(), "nothing was touched");
    served
}

#[tokio::test]
async fn an_unknown_key_is_named_with_its_line() {
    let site = Installation::new();
    let yaml = "remote:\n  trigger_service:\n    lisen: 127.0.0.1:0\n";
    let said = refused(&site, yaml).await.stderr;
    for word in [
        "remote.trigger_service.lisen",
        "config.yaml",
        "line 3",
        "listen",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[tokio::test]
async fn all_mistakes_are_told_at_once() {
    let site = Installation::new();
    let yaml = "remote:\n  execution:\n    local: {max_concurrent_tasks: many, isolation: maybe}\n  \
                timers: {lease: soon}\n  colour: blue\n";
    let said = refused(&site, yaml).await.stderr;
    for key in [
        "remote.execution.local.max_concurrent_tasks",
        "remote.execution.local.isolation",
        "remote.timers.lease",
        "remote.colour",
    ] {
        assert!(said.contains(key), "{key}: {said}");
    }
}

#[tokio::test]
async fn a_missing_variable_of_an_enabled_part_is_named() {
    let site = Installation::new();
    let yaml = "remote:\n  trigger_service:\n    platforms:\n      slack:\n        enabled: true\n        \
                bot_token: ${SLACK_BOT_TOKEN}\n        signing_secret: literally-secret-text\n";
    let said = refused(&site, yaml).await.stderr;
    for word in [
        "SLACK_BOT_TOKEN",
        "remote.trigger_service.platforms.slack.bot_token",
        "line 6",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!said.contains("literally-secret-text"), "{said}");
}

#[tokio::test]
async fn text_that_is_no_yaml_is_refused_with_its_place() {
    let site = Installation::new();
    let said = refused(&site, "remote:\n  - trigger: [\n").await.stderr;
    assert!(said.contains("config.yaml"), "{said}");
}

#[tokio::test]
async fn a_file_that_was_asked_for_must_be_there() {
    let site = Installation::new();
    let ran = site.nightshift(&["config", "check"]).await;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("config.yaml"), "{ran:?}");
}

#[tokio::test]
async fn the_guides_example_is_right_once_its_variables_are_set() {
    let mut site = Installation::new();
    for name in ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"] {
        site.environment
            .insert(name.into(), format!("value-of-{name}"));
    }
    std::fs::write(site.config_file(), GUIDE).expect("the configuration");
    let checked = site.nightshift(&["config", "check"]).await;
    assert_eq!(checked.code, 0, "{checked:?}");
    let printed = site.nightshift(&["config", "print"]).await;
    assert_eq!(printed.code, 0, "{printed:?}");
    assert!(printed.stdout.contains("***"), "{printed:?}");
    assert!(!printed.both().contains("value-of-"), "{printed:?}");
}

#[tokio::test]
async fn a_data_directory_that_is_a_file_is_named() {
    let site = Installation::new();
    std::fs::write(site.data_dir(), "not a directory").expect("a file");
    let refused = site.refused().await;
    assert_eq!(refused.code, 1, "{refused:?}");
    let name = site.data_dir().display().to_string();
    assert!(
        refused.stderr.contains(&name) && refused.stderr.contains("--data-dir"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_damaged_database_is_named_and_stays_as_it_is() {
    let site = Installation::new();
    std::fs::create_dir(site.data_dir()).expect("the data directory");
    let database = site.data_dir().join("nightshift.sqlite");
    let bytes = [b"this is no database ".as_slice(); 300].concat();
    std::fs::write(&database, &bytes).expect("a file");
    let refused = site.refused().await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("nightshift.sqlite"), "{refused:?}");
    assert_eq!(std::fs::read(&database).expect("it is there"), bytes);
}
