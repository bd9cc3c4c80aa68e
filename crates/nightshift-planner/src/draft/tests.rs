use nightshift_core::plan::{Draft, Plan};
use nightshift_core::port::Ask;
use nightshift_core::secret::{Scrubber, Secret};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Reply, ReplyError};
use crate::EstimatePlanner;
use crate::samples::{REQUEST, ask, reply};

fn read_for(ask: &Ask, text: &str) -> Result<Draft, ReplyError> {
    let base = EstimatePlanner.draft(ask).unwrap();
    Reply::read(text)?.onto(base, ask, &Scrubber::default())
}

fn read(text: &str) -> Result<Draft, ReplyError> {
    read_for(&ask(), text)
}

/// The good reply with one value replaced.
fn with(pointer: &str, value: Value) -> String {
    let mut reply = reply();
    *reply.pointer_mut(pointer).unwrap() = value;
    reply.to_string()
}

#[test]
fn a_plan_is_found_however_it_is_wrapped() {
    let plain = reply().to_string();
    let expected = read(&plain).unwrap();
    let pretty = serde_json::to_string_pretty(&reply()).unwrap();
    let result = json!({"type": "result", "result": format!("Here:\n```json\n{pretty}\n```")});
    let structured = json!({"type": "result", "result": "done {", "structured_output": reply()});
    let stream = format!("{{\"type\":\"system\"}}\n{{\"type\":\"assistant\"}}\n{result}\n");
    let wrapped = [
        format!("```json\n{pretty}\n```"),
        format!("Sure {{ok}}, {{\"a\": 1}} the plan:\n{plain}\nAnything else {{?"),
        result.to_string(),
        structured.to_string(),
        json!([{"type": "system"}, structured]).to_string(),
        stream,
        format!("{plain}\n{plain}"),
    ];
    for text in wrapped {
        assert_eq!(read(&text).as_ref(), Ok(&expected), "{text}");
    }
}

#[test]
fn a_reply_fills_in_words_and_figures_and_nothing_else() {
    let ask = ask();
    let base = EstimatePlanner.draft(&ask).unwrap();
    let draft = read(&reply().to_string()).unwrap();
    assert_eq!(draft.summary, "Reads the papers and writes a survey.");
    assert_eq!(
        draft.prompt,
        format!("{REQUEST}\n\nPlan: 1. Search. 2. Read. 3. Write survey.md.")
    );
    assert_eq!(draft.tools, ["WebSearch", "Write"]);
    assert_eq!((draft.ceiling.tokens, draft.timeout_s), (90_000, 600));
    let kept = |draft: Draft| {
        (
            (draft.agent, draft.model, draft.executor, draft.workspace),
            (draft.writable_dirs, draft.network, draft.argv),
        )
    };
    assert_eq!(kept(draft), kept(base));
}

#[test]
fn fields_that_are_not_the_planners_make_the_reply_unusable() {
    let extras = [
        ("agent", json!("other")),
        ("executor", json!("remote")),
        ("workspace", json!("/")),
        ("writable_dirs", json!(["/home"])),
        ("network", json!("open")),
        ("argv", json!(["sh", "-c", "id"])),
        ("model", json!("dear")),
    ];
    for (name, value) in extras {
        let mut reply = reply();
        reply[name] = value;
        let error = read(&reply.to_string()).unwrap_err();
        assert!(matches!(error, ReplyError::Form(_)), "{name}: {error}");
    }
}

#[test]
fn values_out_of_range_make_the_reply_unusable() {
    let bad = [
        ("/ceiling/tokens", json!(100_001)),
        ("/ceiling/tokens", json!(0)),
        ("/ceiling/tokens", json!(-1)),
        ("/ceiling/usd", json!(10.01)),
        ("/ceiling/usd", json!(-0.1)),
        ("/timeout_s", json!(3601)),
        ("/timeout_s", json!(0)),
        ("/estimate/tokens", json!({"p50": 2, "p90": 1})),
        ("/estimate/tokens", json!({"p50": 0, "p90": 1e300})),
        ("/estimate/seconds", json!({"p50": -1, "p90": 1})),
        ("/estimate/usd", json!("cheap")),
        ("/risk", json!("none")),
        ("/summary", json!("  ")),
        ("/summary", json!("x".repeat(1001))),
        ("/reasoning", json!("x".repeat(2001))),
        ("/tools", json!(vec!["Read"; 51])),
        ("/tools", json!(["Read\n\u{1b}[2J"])),
    ];
    for (pointer, value) in bad {
        let text = with(pointer, value.clone());
        assert!(read(&text).is_err(), "{pointer} {value}");
    }
}

#[test]
fn a_reply_may_not_exceed_what_the_person_wished() {
    let mut ask = ask();
    ask.wishes.max_cost_usd = Some(1.0);
    let error = read_for(&ask, &reply().to_string()).unwrap_err();
    assert_eq!(error.to_string(), "its plan's ceiling.usd is not 0 to 1");
    ask.wishes.max_cost_usd = None;
    ask.wishes.timeout_s = Some(60);
    let error = read_for(&ask, &reply().to_string()).unwrap_err();
    assert_eq!(error.to_string(), "its plan's timeout_s is not 1 to 60");
}

#[test]
fn a_reply_cannot_talk_the_risk_down() {
    let mut ask = ask();
    ask.project_dir = Some("/srv/demo".into());
    let draft = read_for(&ask, &reply().to_string()).unwrap();
    assert_eq!(draft.risk, "medium");
    assert!(draft.reasoning.contains("The planner said risk low"));
    let draft = read_for(&ask, &with("/risk", json!("high"))).unwrap();
    assert_eq!(draft.risk, "high");
}

#[test]
fn two_different_plans_are_none() {
    let text = format!("{}\n{}", with("/risk", json!("high")), reply());
    assert_eq!(read(&text), Err(ReplyError::ManyPlans));
}

#[test]
fn a_reply_without_a_plan_says_so() {
    for text in [
        "",
        "no",
        "{",
        "{}",
        "[]",
        "null",
        "{\"result\": 3}",
        "{\"summary\"",
    ] {
        assert_eq!(read(text), Err(ReplyError::NoPlan), "{text}");
    }
    assert_eq!(read(&"x".repeat(300_000)), Err(ReplyError::TooLong));
    assert_eq!(
        read(&"{\"result\":".repeat(20_000)),
        Err(ReplyError::NoPlan)
    );
}

#[test]
fn a_secret_in_a_reply_does_not_reach_the_plan() {
    let ask = ask();
    let base = EstimatePlanner.draft(&ask).unwrap();
    let text = reply().to_string().replace("Search", "use sk-live-secret");
    let scrubber = Scrubber::new([Secret::new("sk-live-secret")]);
    let draft = Reply::read(&text).unwrap().onto(base, &ask, &scrubber);
    let draft = draft.unwrap();
    assert!(draft.prompt.contains("use ***"));
    assert!(!format!("{draft:?}").contains("sk-live-secret"));
}

fn json_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
        Just(json!([])),
        Just(json!({"p50": 1, "p90": 2})),
    ]
}

fn pointer() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "/summary",
        "/prompt",
        "/tools",
        "/estimate/usd",
        "/estimate/tokens/p90",
        "/ceiling/tokens",
        "/ceiling/usd",
        "/timeout_s",
        "/risk",
        "/reasoning",
    ])
}

/// Whatever is taken is a plan that may be approved.
fn checked(text: &str) {
    if let Ok(draft) = read(text) {
        assert!(draft.prompt.starts_with(REQUEST));
        Plan::check(draft, &ask().limits).unwrap();
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_panic_or_a_plan_beyond_the_limits(text in ".*", json in "[{}\\[\\]\":, a1]*") {
        checked(&text);
        checked(&json);
    }

    #[test]
    fn no_value_makes_a_panic_or_a_plan_beyond_the_limits(at in pointer(), value in json_value()) {
        checked(&with(at, value));
    }

    #[test]
    fn no_cut_reply_is_taken(cut in any::<prop::sample::Index>(), noise in "[a-z {}]*") {
        let whole = reply().to_string();
        let part = &whole[..cut.index(whole.len())];
        assert!(read(&format!("{noise}{part}")).is_err());
    }
}
