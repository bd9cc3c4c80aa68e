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
        "whoami please",
        "claim prize no. 7",
        "disk",
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

#[test]
fn each_verb_with_a_task_does_what_it_says() {
    let task = id;
    for (text, command) in [
        ("results", Command::Results { task: task() }),
        ("why", Command::Why { task: task() }),
        ("cancel", Command::Cancel { task: task() }),
        ("retry", Command::Retry { task: task() }),
    ] {
        assert_eq!(say(&format!("{text} {ID}")), Ok(command), "{text}");
        assert!(say(&format!("{text} {ID} now")).is_err(), "{text}");
    }
    let feedback = "only the tests".to_owned();
    let revised = Command::Revise {
        task: id(),
        feedback,
    };
    assert_eq!(say(&format!("revise {ID} only the tests")), Ok(revised));
    let why_not = say(&format!("revise {ID}")).unwrap_err();
    assert_eq!(why_not.message, "What should be different?");
    let logs = Command::Logs {
        task: id(),
        lines: 20,
    };
    assert_eq!(say(&format!("logs {ID}")), Ok(logs));
    let unexplained = Command::Reject {
        task: id(),
        why: None,
    };
    assert_eq!(say(&format!("reject {ID}")), Ok(unexplained));
}

#[test]
fn verbs_alone_ask_about_everything() {
    assert_eq!(say("queue"), Ok(Command::Queue { state: None }));
    assert_eq!(say("whoami"), Ok(Command::Whoami));
    assert_eq!(say("help"), Ok(Command::Help { verb: None }));
}

#[test]
fn every_option_is_taken_for_what_it_is() {
    let Ok(Command::Ask { text, wishes }) =
        say("tidy --agent a --model m --project p --on local --dir /x --timeout 1500ms")
    else {
        panic!("no task")
    };
    let expected = Wishes {
        agent: Some("a".into()),
        model: Some("m".into()),
        project: Some("p".into()),
        executor: Some("local".into()),
        dir: Some("/x".into()),
        timeout_s: Some(2),
        ..Wishes::default()
    };
    assert_eq!((text.as_str(), wishes), ("tidy", expected));
    for amount in ["-1", "inf", "NaN", "much"] {
        assert!(
            say(&format!("tidy --max-cost {amount}")).is_err(),
            "{amount}"
        );
    }
}

#[test]
fn a_submission_of_other_words_is_a_task() {
    let grammar = Grammar {
        commands: ["disk".to_owned()].into(),
    };
    for text in ["run the tests", "look at disk", " disk"] {
        let parsed = parse_submission(text, &grammar);
        assert!(matches!(parsed, Ok(Command::Ask { text: kept, .. }) if kept == text));
    }
}

#[test]
fn only_a_name_before_an_equals_sign_names_an_argument() {
    let call = parse_call("disk a_b-9=x=y a.b=c =d ä=e -- f").unwrap();
    let args: Vec<(&str, &str)> = call
        .args
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    let positional = [
        ("#1", "a.b=c"),
        ("#2", "=d"),
        ("#3", "ä=e"),
        ("#4", "--"),
        ("#5", "f"),
    ];
    assert_eq!(args[..5], positional);
    assert_eq!(args[5], ("a_b-9", "x=y"));
    assert!(parse_call("disk path=/a path=/b").is_err());
}

/// A command with one argument of this kind.
fn one(kind: ArgKind, choices: &[&str]) -> CommandSpec {
    let arg = ArgSpec {
        kind,
        pattern: None,
        choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
        default: None,
    };
    CommandSpec {
        argv: vec!["x".into(), "{v}".into()],
        args: vec![("v".into(), arg)],
        ..disk()
    }
}

#[test]
fn a_value_must_be_of_its_argument_s_kind() {
    let kinds = [
        (ArgKind::Integer, &["7", "-7"][..], &["7.5", "x", ""][..]),
        (ArgKind::Number, &["7.5", "-1"], &["inf", "NaN", "x"]),
        (ArgKind::Flag, &["true", "false"], &["yes", "TRUE", ""]),
        (ArgKind::Text, &["x", "a-b", ""], &["-x", "a\0b"]),
    ];
    for (kind, good, bad) in kinds {
        let filled = |value: &str| {
            let call = NamedCommand {
                name: "disk".into(),
                args: [("v".to_owned(), value.to_owned())].into(),
            };
            fill(&one(kind, &[]), &call)
        };
        for value in good {
            assert_eq!(
                filled(value).unwrap().argv,
                ["x", value],
                "{kind:?} {value}"
            );
        }
        for value in bad {
            assert!(filled(value).is_err(), "{kind:?} {value:?}");
        }
    }
}

#[test]
fn a_value_must_be_one_of_the_choices() {
    let spec = one(ArgKind::Text, &["red", "blue"]);
    assert!(fill(&spec, &parse_call("disk v=blue").unwrap()).is_ok());
    let error = fill(&spec, &parse_call("disk v=green").unwrap()).unwrap_err();
    assert_eq!(error.message, "`v=green`: expected one of red, blue.");
    assert!(
        fill(&spec, &parse_call("disk").unwrap()).is_err(),
        "missing"
    );
}

#[test]
fn a_pattern_is_told_as_it_was_configured() {
    let error = fill(&disk(), &parse_call("disk path=relative").unwrap()).unwrap_err();
    let said = "`path=relative`: expected something that matches /[a-z/]*.";
    assert_eq!(error.message, said);
}
