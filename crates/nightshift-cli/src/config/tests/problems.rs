//! Bad input and the sentences it gets.

use super::{loads, refused};

/// The section `local` with one line in it.
fn local(line: &str) -> String {
    format!("remote:\n  execution:\n    local:\n      {line}\n")
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn every_mistake_is_named_with_key_place_and_expectation() {
    for (text, said) in [
        (
            local("isolaton: auto"),
            "line 4, column 7: remote.execution.local.isolaton: unknown key; did you mean `isolation`?",
        ),
        (
            local("isolation: bwarp"),
            "line 4, column 18: remote.execution.local.isolation: \
             expected one of auto, bwrap, landlock, none, found text; did you mean `bwrap`?",
        ),
        (
            local("max_concurrent_tasks: four"),
            "line 4, column 29: remote.execution.local.max_concurrent_tasks: \
             expected a whole number from 1, found text",
        ),
        (
            local("max_concurrent_tasks: 0"),
            "line 4, column 29: remote.execution.local.max_concurrent_tasks: \
             expected a whole number from 1, found a number",
        ),
        (
            local("stop_grace: 10"),
            "line 4, column 19: remote.execution.local.stop_grace: \
             expected a duration such as 200ms, 30s, 5m, 24h or 14d, found a number",
        ),
        (
            local("working_dir: work"),
            "line 4, column 20: remote.execution.local.working_dir: \
             expected a path that is absolute or begins with ~/, found text",
        ),
        (
            local("agent: claud-code"),
            "line 4, column 14: remote.execution.local.agent: \
             names no agent; did you mean `claude-code`?",
        ),
        (
            "remote:\n  execution: fast\n".into(),
            "line 2, column 14: remote.execution: expected a mapping of keys, found text",
        ),
        (
            "remote:\n  enabled: maybe\n".into(),
            "line 2, column 12: remote.enabled: expected true or false, found text",
        ),
        (
            "remote:\n  limits: {body_bytes: 1MB}\n".into(),
            "line 2, column 24: remote.limits.body_bytes: \
             expected a size such as 64KiB, 256MiB or a number of bytes, found text",
        ),
        (
            "remote:\n  trigger_service: {listen: 8080}\n".into(),
            "line 2, column 29: remote.trigger_service.listen: \
             expected an address and a port such as 127.0.0.1:8080, found a number",
        ),
        (
            "remote:\n  trigger_service:\n    platforms:\n      slack: {api_url: \"http://example.com\"}\n".into(),
            "line 4, column 24: remote.trigger_service.platforms.slack.api_url: \
             expected an https address (http only for this machine), found text",
        ),
        (
            "remote:\n  auth:\n    allowed_users: [U1]\n".into(),
            "line 3, column 21: remote.auth.allowed_users[0]: \
             expected a platform and an id such as slack:U12345678, found text",
        ),
        (
            "remote:\n  auth:\n    method: [api_key, password]\n".into(),
            "line 3, column 23: remote.auth.method[1]: \
             expected one of api_key, platform_signature, jwt, oauth2, found text",
        ),
        (
            "remote:\n  auth:\n    allowed_users: [{role: admin}]\n".into(),
            "line 3, column 21: remote.auth.allowed_users[0]: expected the key `id` in it",
        ),
        (
            "remote:\n  timers: {heartbeat: 40s}\n".into(),
            "line 2, column 23: remote.timers.heartbeat: \
             expected at most half of `lease`: one lost heartbeat must not end an attempt",
        ),
        (
            "remote:\n  notify: {alert: [C-ALERT]}\n".into(),
            "line 2, column 20: remote.notify.alert[0]: \
             expected a platform and an id such as slack:U12345678, found text",
        ),
        (
            "remote:\n  notify: {alert: [\"slack:*\"]}\n".into(),
            "line 2, column 20: remote.notify.alert[0]: \
             expected one channel such as slack:C0ALERT, found `slack:*`",
        ),
        (
            "remote:\n  notify: {alert: [\"discord:9001\"]}\n".into(),
            "line 2, column 20: remote.notify.alert[0]: \
             `discord:9001` is on discord, which is not enabled; \
             enable it below remote.trigger_service.platforms, or name another channel",
        ),
        (
            "trigger_service: {}\n".into(),
            "line 1, column 1: trigger_service: unknown key; `trigger_service` belongs below `remote`",
        ),
        (
            "- remote\n".into(),
            "line 1, column 1: expected a mapping with the key `remote`",
        ),
        (
            "remote:\n  enabled: true\n enabled: false\n".into(),
            "line 3, column 2: expected YAML; look at the indentation, the quotes and the colons here",
        ),
        (
            "remote:\n  enabled: true\n  enabled: false\n".into(),
            "line 2, column 3: a key stands twice in this mapping",
        ),
        (
            "remote:\n  execution: {projects: {web: {path: ${WEB}, test: [make]}}}\n".into(),
            "line 2, column 39: expected YAML; inside { } or [ ] a variable needs quotes: \"${NAME}\"",
        ),
    ] {
        assert_eq!(refused(&text, &[]), said, "{text}");
    }
}

#[test]
fn commands_agents_and_projects_are_checked_before_the_first_task() {
    let text = r#"remote:
  execution:
    agents:
      mine: {prompt: file}
      gemini: {}
    commands:
      disk:
        argv: [df, "{path}"]
        args:
          path: {pattern: "^/[a-z/]*$", default: home}
          unit: {type: integer}
      bad: {argv: [true, "{x}"], args: {x: {pattern: "["}}}
      none: {description: nothing}
    projects:
      demo: {path: /srv/demo, default_agent: other}
"#;
    assert_eq!(
        refused(text, &[]),
        "line 4, column 13: remote.execution.agents.mine: \
         expected a `command`; presets are claude-code, codex\n\
         line 5, column 15: remote.execution.agents.gemini: \
         this preset is not part of this version; give its `command`\n\
         line 10, column 50: remote.execution.commands.disk.args.path.default: \
         is refused by the argument's own rules\n\
         line 11, column 17: remote.execution.commands.disk.args.unit: \
         `{unit}` does not stand in argv\n\
         line 12, column 20: remote.execution.commands.bad.argv[0]: \
         expected text, found true or false\n\
         line 12, column 54: remote.execution.commands.bad.args.x.pattern: \
         is no regular expression\n\
         line 13, column 13: remote.execution.commands.none: \
         expected an `argv` with a program and its arguments\n\
         line 15, column 46: remote.execution.projects.demo.default_agent: \
         names no agent; give it a `command` in remote.execution.agents"
    );
}

#[test]
fn what_follows_from_another_mistake_is_not_told() {
    let text = "remote:\n  trigger_service:\n    platforms:\n      slack:\n        enabled: true\n        \
                bot_tokn: a\n        signing_secret: [b]\n  execution:\n    agents:\n      \
                mine: {command: tool}\n";
    assert_eq!(
        refused(text, &[]),
        "line 6, column 9: remote.trigger_service.platforms.slack.bot_tokn: \
         unknown key; did you mean `bot_token`?\n\
         line 7, column 25: remote.trigger_service.platforms.slack.signing_secret: \
         expected text (a secret; in quotes), found a list\n\
         line 10, column 23: remote.execution.agents.mine.command: expected a list, found text"
    );
}

#[test]
fn what_is_not_part_of_this_version_is_refused_by_its_key() {
    for (text, key, what) in [
        (
            "trigger_service: {platforms: {discord: {enabled: true}}}",
            "trigger_service.platforms.discord.enabled",
            "the platform discord",
        ),
        (
            "trigger_service: {platforms: {telegram: {enabled: true}}}",
            "trigger_service.platforms.telegram.enabled",
            "the platform telegram",
        ),
        (
            "trigger_service: {platforms: {whatsapp: {enabled: true}}}",
            "trigger_service.platforms.whatsapp.enabled",
            "the platform whatsapp",
        ),
        (
            "execution: {mode: docker}",
            "execution.mode",
            "the mode docker",
        ),
        (
            "execution: {mode: remote}",
            "execution.mode",
            "the mode remote",
        ),
        (
            "auth: {method: [api_key, jwt]}",
            "auth.method",
            "the method jwt",
        ),
        ("auth: {method: oauth2}", "auth.method", "the method oauth2"),
        (
            "planner: {kind: openai}",
            "planner.kind",
            "a planner on a model's API",
        ),
        (
            "approvals: {rules: [{need: 2}]}",
            "approvals.rules[0].need",
            "more than one vote",
        ),
        (
            "approvals: {rules: [{when: {risk: high}}]}",
            "approvals.rules[0].when",
            "a rule for some plans only",
        ),
    ] {
        let said = refused(&format!("remote: {{{text}}}"), &[]);
        let expected = format!(": remote.{key}: {what} is not part of this version");
        assert!(said.contains(&expected), "{said}");
    }
}

#[test]
fn a_database_server_says_what_it_needs() {
    let storage = |text: &str| refused(&format!("remote: {{storage: {{{text}}}}}"), &[]);
    let said = storage("database: rds");
    assert!(said.contains("remote.storage.url: is missing"), "{said}");
    assert!(said.contains("postgres://"), "{said}");
    let said = storage("database: postgres, url: \"mysql://me:geheim@db/ns\"");
    assert!(
        said.contains("remote.storage.url: is not the address"),
        "{said}"
    );
    assert!(!said.contains("geheim"), "{said}");
    let url = "database: postgres, url: \"postgres://me@db/ns\"";
    let said = storage(&format!(
        "{url}, password_file: /run/pw, password_command: [token]"
    ));
    assert!(said.contains("keep one of them"), "{said}");
    let said = storage(&format!("{url}, replica: \"two words\""));
    assert!(said.contains("remote.storage.replica: expected"), "{said}");
    loads(
        &format!("remote: {{storage: {{{url}, password_command: [aws, token], replica: ns-1}}}}"),
        &[],
    );
}

#[test]
fn disabled_parts_may_have_gaps_and_enabled_ones_may_not() {
    let text = "remote:\n  trigger_service:\n    platforms:\n      discord:\n        \
                enabled: ${ON:-false}\n        bot_token: ${NOWHERE}\n  storage:\n    url: ${NO_URL}\n";
    loads(text, &[]);
    let said = refused(text, &[("ON", "true")]);
    assert!(said.contains("the variable NOWHERE is not set"), "{said}");
    let off = text.replace("remote:\n", "remote:\n  enabled: false\n");
    loads(&off, &[("ON", "true")]);
}

#[test]
fn slack_says_what_its_transport_needs() {
    let slack = |rest: &str| {
        format!("remote:\n  trigger_service: {{platforms: {{slack: {{enabled: true, {rest}}}}}}}\n")
    };
    assert_eq!(
        refused(&slack("bot_token: xoxb-1, transport: socket"), &[]),
        "line 2, column 40: remote.trigger_service.platforms.slack.app_token: \
         is missing: Socket Mode connects with it; set it here or in SLACK_APP_TOKEN"
    );
    assert_eq!(
        refused(&slack("bot_token: \"\""), &[("SLACK_SIGNING_SECRET", "s")]),
        "line 2, column 67: remote.trigger_service.platforms.slack.bot_token: \
         is missing: without it nothing can be posted; set it here or in SLACK_BOT_TOKEN"
    );
    loads(&slack("bot_token: xoxb-1, app_token: xapp-1"), &[]);
}

#[test]
fn alias_bombs_and_deep_nesting_are_refused_quickly() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        bomb = format!("{bomb}a{level}: &a{level} [{below}]\n");
    }
    assert_eq!(
        refused(&bomb, &[]),
        "the aliases in this file expand to too much"
    );
    let deep = format!("remote: {}1{}", "[".repeat(5000), "]".repeat(5000));
    assert!(refused(&deep, &[]).ends_with("this file is nested too deeply"));
    let long = format!("# {}", "x".repeat(2 << 20));
    assert_eq!(refused(&long, &[]), "expected at most 1 MiB");
}

#[test]
fn merges_are_understood() {
    let text = "remote:\n  execution:\n    agents:\n      one: &base {command: [a], prompt: file}\n      \
                two: {<<: *base, command: [b]}\n";
    let agents = loads(text, &[]).config.remote.execution.agents;
    assert_eq!(
        agents["two"].command.as_deref(),
        Some(&["b".to_owned()][..])
    );
    assert!(agents["two"].prompt.is_some());
}
