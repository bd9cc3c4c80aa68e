//! Keys from the environment, and where the file is looked for.

use nightshift_core::secret::Secret;

use super::{environment, loads, refused};
use crate::config::load;

const SIGNING: &str = "remote:\n  trigger_service:\n    platforms:\n      slack:\n        \
                       enabled: true\n        bot_token: xoxb-file\n        signing_secret: file\n";

fn signing_secret(text: &str, variables: &[(&str, &str)]) -> String {
    let platforms = loads(text, variables)
        .config
        .remote
        .trigger_service
        .platforms;
    let secret = platforms.slack.signing_secret.unwrap();
    secret.expose().to_owned()
}

#[test]
fn a_key_of_the_environment_is_over_the_file_and_the_guides_variable_is_under_it() {
    let guide = ("SLACK_SIGNING_SECRET", "guide");
    let key = (
        "NIGHTSHIFT__REMOTE__TRIGGER_SERVICE__PLATFORMS__SLACK__SIGNING_SECRET",
        "key",
    );
    let left_out = SIGNING.replace("        signing_secret: file\n", "");
    let given = format!("{left_out}  auth:\n    platform_secrets:\n      slack: given\n");
    assert_eq!(signing_secret(SIGNING, &[guide, key]), "key");
    assert_eq!(signing_secret(SIGNING, &[guide]), "file");
    assert_eq!(signing_secret(&given, &[guide]), "given");
    assert_eq!(signing_secret(&left_out, &[guide]), "guide");
    // A key of the environment stands in for a variable that the file misses.
    let missing = SIGNING.replace("secret: file", "secret: ${NOWHERE}");
    assert_eq!(signing_secret(&missing, &[key]), "key");
}

#[test]
fn numbers_flags_lists_and_mappings_come_from_the_environment() {
    let loaded = loads(
        "remote:\n  execution:\n    agents:\n      my-agent: {command: [a]}\n",
        &[
            ("NIGHTSHIFT__REMOTE__ENABLED", "false"),
            (
                "NIGHTSHIFT__REMOTE__EXECUTION__LOCAL__MAX_CONCURRENT_TASKS",
                "7",
            ),
            (
                "NIGHTSHIFT__REMOTE__EXECUTION__AGENTS__MY_AGENT__PROMPT",
                "file",
            ),
            (
                "NIGHTSHIFT__REMOTE__EXECUTION__AGENTS__CLAUDE_CODE__ENV_PASS",
                "A, B",
            ),
            ("NIGHTSHIFT__REMOTE__AUTH__METHOD", "api_key"),
            (
                "NIGHTSHIFT__REMOTE__AUTH__ALLOWED_USERS",
                "[\"slack:U1\", {id: \"web:*\"}]",
            ),
            (
                "NIGHTSHIFT__REMOTE__AUTH__API_KEYS",
                "{sk_test_1: user_ana}",
            ),
            ("NIGHTSHIFT__REMOTE__LIMITS__BODY_BYTES", "64KiB"),
            ("NIGHTSHIFT__REMOTE__LIMITS__USD_PER_TASK", "2.5"),
            ("NIGHTSHIFT__REMOTE__TIMERS__LEASE", "90s"),
            ("NIGHTSHIFT__REMOTE__STORAGE__URL", "12345"),
        ],
    );
    let remote = &loaded.config.remote;
    assert!(!remote.enabled);
    assert_eq!(remote.execution.local.max_concurrent_tasks, 7);
    assert!(remote.execution.agents["my-agent"].prompt.is_some());
    let passed = remote.execution.agents["claude-code"].env_pass.clone();
    assert_eq!(passed, Some(vec!["A".to_owned(), "B".to_owned()]));
    assert_eq!(remote.auth.method.len(), 1);
    assert_eq!(remote.auth.allowed_users.len(), 2);
    assert_eq!(remote.auth.api_keys.0.len(), 1);
    assert_eq!(remote.limits.body_bytes.0, 64 << 10);
    assert_eq!(remote.limits.usd_per_task.to_string(), "2.5");
    assert_eq!(remote.timers.lease.to_string(), "90s");
    // A secret of digits is a secret all the same.
    assert_eq!(
        remote.storage.url.as_ref().map(Secret::expose),
        Some("12345")
    );
    let from = &loaded.sources.variables["remote.enabled"];
    assert_eq!(from, "NIGHTSHIFT__REMOTE__ENABLED");
}

#[test]
fn mistakes_in_the_environment_name_the_variable() {
    assert_eq!(
        refused(
            "",
            &[("NIGHTSHIFT__REMOTE__EXECUTION__LOCAL__ISOLATON", "auto")]
        ),
        "NIGHTSHIFT__REMOTE__EXECUTION__LOCAL__ISOLATON: remote.execution.local.isolaton: \
         unknown key; did you mean `isolation`?"
    );
    assert_eq!(
        refused("", &[("NIGHTSHIFT__REMOTE__TIMERS__LEASE", "long")]),
        "NIGHTSHIFT__REMOTE__TIMERS__LEASE: remote.timers.lease: \
         expected a duration such as 200ms, 30s, 5m, 24h or 14d, found text"
    );
    assert_eq!(
        refused("", &[("NIGHTSHIFT_WEBHOOK_URL", "nowhere")]),
        "NIGHTSHIFT_WEBHOOK_URL: remote.trigger_service.webhook_url: \
         expected an address such as https://nightshift.example.com, found text"
    );
}

#[test]
fn every_variable_of_the_guide_fills_a_key_of_the_table() {
    for (variable, path) in crate::config::environment::GUIDE {
        let value = if variable.ends_with("_URL") {
            "https://x.example"
        } else {
            "some-value"
        };
        let loaded = loads("", &[(variable, value)]);
        let set = loaded.sources.variables.get(path);
        assert_eq!(set.map(String::as_str), Some(variable), "{path}");
    }
}

#[test]
fn a_secret_of_a_file_is_read_without_its_newline() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "signed: [by\" #us\n").unwrap();
    let text = SIGNING.replace(
        "secret: file",
        &format!("secret: ${{file:{}}}", secret.display()),
    );
    assert_eq!(signing_secret(&text, &[]), "signed: [by\" #us");
}

#[test]
fn only_the_standard_file_may_be_missing() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let mut variables = environment(&[]);
    assert!(load(None, home, &variables).unwrap().sources.file.is_none());
    std::fs::create_dir(home.join(".nightshift")).unwrap();
    let standard = home.join(".nightshift/config.yaml");
    std::fs::write(&standard, "remote: {timers: {lease: 70s}}").unwrap();
    let loaded = load(None, home, &variables).unwrap();
    assert_eq!(loaded.sources.file, Some(standard));
    assert_eq!(loaded.config.remote.timers.lease.to_string(), "70s");

    let other = home.join("other.yaml");
    variables.insert(
        "NIGHTSHIFT_CONFIG".into(),
        other.to_str().unwrap().to_owned(),
    );
    let said = load(None, home, &variables).unwrap_err().to_string();
    let expected = format!(
        "the configuration cannot be used ({})\n  cannot be read: entity not found",
        other.display()
    );
    assert_eq!(said, expected);
    std::fs::write(&other, "remote: {enabled: false}").unwrap();
    assert!(!load(None, home, &variables).unwrap().config.remote.enabled);

    let named = home.join("named.yaml");
    assert!(load(Some(&named), home, &variables).is_err());
    std::fs::write(&named, "remote: {enabled: true}").unwrap();
    assert!(
        load(Some(&named), home, &variables)
            .unwrap()
            .config
            .remote
            .enabled
    );
    std::fs::write(&named, b"remote: \xff").unwrap();
    let said = load(Some(&named), home, &variables)
        .unwrap_err()
        .to_string();
    assert!(said.ends_with("expected text in UTF-8"), "{said}");
}

#[test]
fn the_home_is_written_out_and_missed_only_when_needed() {
    let local = loads("", &[]).config.remote.execution.local;
    assert_eq!(local.working_dir, "/home/ana/nightshift-work");
    let none = crate::config::expand::Environment::new();
    let said = crate::config::load_text("", &none).unwrap_err();
    assert_eq!(
        said.list[0].to_string(),
        "remote.execution.local.working_dir: `~` stands for $HOME, which is not set"
    );
}

#[test]
fn a_key_without_effect_is_warned_of() {
    let text = "remote:\n  quotas: {default: {max_tasks_per_day: 1}}\n  notify: {log: [\"slack:C1\"]}\n  \
                timers: {silence: 1m}\n  execution: {projects: {p: {path: /p, test: [make]}}}\n";
    assert_eq!(
        loads(text, &[]).warnings,
        [
            "remote.quotas is not enforced by this version",
            "remote.notify.log is not used by this version: nothing is posted to these channels",
            "remote.timers.silence has no effect in this version",
            "remote.execution.projects.p.test has no effect in this version",
        ]
    );
    assert!(
        loads("remote: {quotas: {default: {max_tasks_per_day: 10}}}", &[])
            .warnings
            .is_empty()
    );
}
