use super::run::{ArgKind, ArgSpec, CommandSpec, fill, parse_call, whole};
use super::*;

const ID: &str = "task_7k2m9q4x";

fn say(text: &str) -> Result<Command, BadCommand> {
    parse(
        text,
        &Grammar {
            commands: ["disk".to_owned()].into(),
        },
    )
}

fn id() -> TaskId {
    ID.parse().unwrap()
}

#[test]
fn a_verb_is_a_verb_only_if_the_rest_parses() {
    for text in [
        "statusful idea",
        "status of the build please",
        "queue up the usual work",
        "approve of my plan?",
        "run the tests",
        "claim the prize",
        "help me with rust",
        "cancel my meeting",
        "pause for thought",
    ] {
        let expected = Command::Ask {
            text: text.into(),
            wishes: Wishes::default(),
        };
        assert_eq!(say(text), Ok(expected), "{text}");
    }
}

#[test]
fn verbs_are_recognised() {
    assert_eq!(say("status"), Ok(Command::Status { task: None }));
    assert_eq!(
        say("Status task_7k2m9q4x"),
        Ok(Command::Status { task: Some(id()) })
    );
    assert_eq!(
        say("queue running"),
        Ok(Command::Queue {
            state: Some("running")
        })
    );
    assert_eq!(
        say(&format!("approve {ID}")),
        Ok(Command::Approve { task: id() })
    );
    let why = Some("too dear".to_owned());
    assert_eq!(
        say(&format!("reject {ID} too dear")),
        Ok(Command::Reject { task: id(), why })
    );
    assert_eq!(
        say(&format!("logs {ID} 5")),
        Ok(Command::Logs {
            task: id(),
            lines: 5
        })
    );
    assert_eq!(say("  "), Ok(Command::Empty));
    assert!(matches!(
        say("help revise"),
        Ok(Command::Help { verb: Some(_) })
    ));
    assert_eq!(
        say("claim 4F7K-2Q9M"),
        Ok(Command::Claim {
            code: "4F7K-2Q9M".into()
        })
    );
}

#[test]
fn a_verb_with_a_task_id_is_never_a_task() {
    for text in [
        format!("approve {ID} now"),
        format!("revise {ID}"),
        format!("logs {ID} many"),
        format!("whoami {ID}"),
        format!("pause {ID}"),
        format!("kill {ID} hard"),
    ] {
        assert!(say(&text).is_err(), "{text}");
    }
}

#[test]
fn a_configured_command_is_never_a_task() {
    let Ok(Command::Run { call, wishes }) = say("run disk path=/srv --timeout 5s") else {
        panic!("no run")
    };
    assert_eq!(call.name, "disk");
    assert_eq!(call.args["path"], "/srv");
    assert_eq!(wishes.timeout_s, Some(5));
    assert!(say("run disk \"open").is_err());
}

#[test]
fn options_are_taken_from_the_end_only() {
    let Ok(Command::Ask { text, wishes }) =
        say("explain --agent in git -- please --agent stub --max-cost=$0.50")
    else {
        panic!("no task")
    };
    assert_eq!(text, "explain --agent in git -- please");
    assert_eq!(wishes.agent.as_deref(), Some("stub"));
    assert_eq!(wishes.max_cost_usd, Some(0.5));
    assert!(say("do it --timeout soon").is_err());
    assert!(say("--agent stub").is_err());
}

#[test]
fn a_submission_parses_nothing_but_run() {
    let grammar = Grammar {
        commands: ["disk".to_owned()].into(),
    };
    for text in ["status", "approve task_7k2m9q4x", "fix it --agent stub"] {
        let expected = Command::Ask {
            text: text.into(),
            wishes: Wishes::default(),
        };
        assert_eq!(parse_submission(text, &grammar), Ok(expected));
    }
    assert!(matches!(
        parse_submission("run disk", &grammar),
        Ok(Command::Run { .. })
    ));
}

fn disk() -> CommandSpec {
    let path = ArgSpec {
        kind: ArgKind::Text,
        pattern: Some(whole("/[a-z/]*").unwrap()),
        choices: vec![],
        default: Some("/".into()),
    };
    let plain = ArgSpec {
        kind: ArgKind::Text,
        pattern: None,
        choices: vec![],
        default: Some("x".into()),
    };
    CommandSpec {
        name: "disk".into(),
        description: "free space".into(),
        argv: vec![
            "df".into(),
            "-h".into(),
            "{path}".into(),
            "--label={label}".into(),
        ],
        args: vec![("path".into(), path), ("label".into(), plain)],
        timeout_s: 30,
        risk: "low".into(),
        hosts: vec![],
    }
}

#[test]
fn arguments_become_single_elements_of_the_argv() {
    let call = parse_call(r#"disk /srv label="a; rm -rf ~ {path} $(x)""#).unwrap();
    let plan = fill(&disk(), &call).unwrap();
    assert_eq!(
        plan.argv,
        ["df", "-h", "/srv", "--label=a; rm -rf ~ {path} $(x)"]
    );
    let defaults = fill(&disk(), &parse_call("disk").unwrap()).unwrap();
    assert_eq!(defaults.argv, ["df", "-h", "/", "--label=x"]);
}

#[test]
fn bad_arguments_are_refused_with_the_usage() {
    for text in [
        "disk path=relative",
        "disk other=1",
        "disk / x y",
        "disk label=-rf",
        "disk path=\"/\nx\"",
    ] {
        let error = fill(&disk(), &parse_call(text).unwrap()).unwrap_err();
        assert_eq!(error.example, "run disk path=/ label=x", "{text}");
    }
}
