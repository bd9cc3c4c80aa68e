//! Asks, agents and replies with good defaults, for the tests of this crate.

use std::collections::BTreeMap;

use nightshift_core::agent::{AgentSpec, OutputFormat, PromptBy};
use nightshift_core::id::{Fence, TaskId};
use nightshift_core::plan::{Actual, History, Limits};
use nightshift_core::port::Ask;
use nightshift_core::port::planner::CommandPlan;
use nightshift_core::task::{NamedCommand, TaskKind, Wishes};
use serde_json::{Value, json};

pub(crate) const REQUEST: &str =
    "Analyze recent papers on transformer architectures published in the last 6 months";

pub(crate) fn claude() -> AgentSpec {
    AgentSpec {
        name: "claude-code".into(),
        argv: [
            "claude",
            "-p",
            "--output-format",
            "stream-json",
            "--verbose",
        ]
        .map(String::from)
        .to_vec(),
        prompt: PromptBy::Stdin,
        output: OutputFormat::ClaudeStreamJson,
        hosts: vec!["api.anthropic.com".into()],
        credential_paths: vec![".claude.json".into()],
        env_pass: vec!["ANTHROPIC_API_KEY".into()],
        env_set: BTreeMap::from([("QUIET".to_owned(), "1".to_owned())]),
        model_flag: Some("--model".into()),
        install_hint: "Install it.".into(),
        usd_per_mtok_micros: 8_000_000,
    }
}

pub(crate) fn script() -> AgentSpec {
    AgentSpec {
        name: "stub".into(),
        argv: vec!["/opt/agent.sh".into(), "--flag".into()],
        output: OutputFormat::Text,
        hosts: vec![],
        model_flag: None,
        usd_per_mtok_micros: 0,
        ..claude()
    }
}

pub(crate) fn ask() -> Ask {
    Ask {
        task: TaskId::from_entropy([7; 16]),
        fence: Fence(3),
        kind: TaskKind::Agent,
        text: REQUEST.into(),
        wishes: Wishes::default(),
        feedback: vec![],
        agent: Some(claude()),
        command: None,
        project_dir: None,
        executor: "local".into(),
        workspace: "/work/task".into(),
        history: History::default(),
        limits: Limits {
            max_tokens: 100_000,
            max_usd: 10.0,
            default_timeout_s: 900,
            max_timeout_s: 3600,
        },
    }
}

pub(crate) fn disk() -> Ask {
    let call = NamedCommand {
        name: "disk".into(),
        args: BTreeMap::new(),
    };
    Ask {
        kind: TaskKind::Command,
        text: "run disk".into(),
        agent: None,
        command: Some(CommandPlan {
            call,
            argv: ["df", "-h", "/"].map(String::from).to_vec(),
            description: "free space".into(),
            timeout_s: 30,
            risk: "low".into(),
            hosts: vec![],
        }),
        ..ask()
    }
}

/// Tasks that took 10, 20, 30 … seconds, with 1000 tokens and a cent for each of them.
pub(crate) fn past(count: u64) -> History {
    let actual = |seconds: u64| Actual {
        tokens: seconds * 1000,
        usd: seconds as f64 / 100.0,
        seconds: seconds as f64,
    };
    History {
        actuals: (1..=count).rev().map(|n| actual(n * 10)).collect(),
    }
}

pub(crate) fn reply() -> Value {
    json!({
        "summary": "Reads the papers and writes a survey.",
        "prompt": "1. Search. 2. Read. 3. Write survey.md.",
        "tools": ["WebSearch", "Write"],
        "estimate": {
            "tokens": {"p50": 30000, "p90": 60000},
            "seconds": {"p50": 120, "p90": 300.5},
            "usd": {"p50": 0.25, "p90": 0.5}
        },
        "ceiling": {"tokens": 90000, "usd": 1.5},
        "timeout_s": 600,
        "risk": "low",
        "reasoning": "Six months of papers are many."
    })
}
