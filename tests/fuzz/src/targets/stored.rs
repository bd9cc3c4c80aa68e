//! What the store holds as JSON: it may come from another version, or from a damaged file.

use nightshift_core::card::Card;
use nightshift_core::chat::{Inbound, MessageRef};
use nightshift_core::notice::Notice;
use nightshift_core::plan::{Ceiling, Draft, Estimate, Limits, Plan, Range};
use nightshift_core::task::{ResultFile, TaskResult, Usage, Wishes};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::input;

pub(super) const WORDS: &[&str] = &[
    "\"v\":\"task_card\"",
    "\"v\":\"part\"",
    "\"v\":\"say\"",
    "\"task\":\"task_7k2m9q4x\"",
    "\"plan_no\":1",
    "\"fence\":1",
    "\"say\":{\"text\":\"x\"}",
    "\"gesture\":",
    "\"press\":",
    "\"platform\":\"slack\"",
    "\"line\":[{\"text\":\"x\"}]",
    "\"max_cost_usd\":0.1",
    "\"usd\":",
    "\"p50\":",
    "\"p90\":",
    "\"risk\":\"low\"",
    "\"hash\":\"sha256:",
    "\"argv\":[\"df\"]",
];

/// What can be read is written and read as the same.
pub(super) fn rows(data: &[u8]) {
    again::<Inbound>(data);
    again::<Notice>(data);
    again::<Card>(data);
    again::<MessageRef>(data);
    again::<Wishes>(data);
    again::<Usage>(data);
    again::<TaskResult>(data);
    again::<Vec<ResultFile>>(data);
    again::<Plan>(data);
}

fn again<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<T>(data) else {
        return;
    };
    let written = serde_json::to_string(&value).expect("what was read can be written");
    let read: T = serde_json::from_str(&written).expect("what was written can be read");
    assert_eq!(read, value, "{written}");
    assert_eq!(serde_json::to_string(&read).ok(), Some(written));
}

const LIMITS: Limits = Limits {
    max_tokens: 100_000,
    max_usd: 10.0,
    default_timeout_s: 900,
    max_timeout_s: 3600,
};

/// A plan that was checked keeps its limits, its hash, and that hash in the store.
pub(super) fn plan(data: &[u8]) {
    if let Ok(read) = serde_json::from_slice::<Plan>(data)
        && read.is_intact()
    {
        let mut other = read;
        other.body.prompt.push('!');
        assert!(!other.is_intact(), "two plans with one hash");
    }
    let Ok(plan) = Plan::check(drafted(data), &LIMITS) else {
        return;
    };
    let body = &plan.body;
    assert!((1..=LIMITS.max_tokens).contains(&body.ceiling.tokens));
    assert!((0.0..=LIMITS.max_usd).contains(&body.ceiling.usd));
    assert!((1..=LIMITS.max_timeout_s).contains(&body.timeout_s));
    assert!(body.writable_dirs.iter().all(|dir| dir.starts_with('/')));
    let stored = serde_json::to_string(&plan).expect("plain data");
    let read: Plan = serde_json::from_str(&stored).expect("what was stored is read");
    assert!(read == plan && read.is_intact(), "{stored}");
}

/// Six numbers of eight bytes, then lines of text.
fn drafted(data: &[u8]) -> Draft {
    let mut numbers = data.chunks(8).map(|chunk| {
        let mut bytes = [0; 8];
        bytes[..chunk.len()].copy_from_slice(chunk);
        bytes
    });
    let mut bits = || numbers.next().unwrap_or_default();
    // Any double at all, and figures as planners give them.
    let mut figure = || {
        let bits = bits();
        let any = f64::from_le_bytes(bits);
        if bits[7] == 0 {
            f64::from(u32::from_le_bytes([bits[0], bits[1], bits[2], bits[3]])) / 7000.0
        } else {
            any
        }
    };
    let (p50, p90, usd) = (figure(), figure(), figure());
    let tokens = u64::from_le_bytes(bits()) % 110_000;
    let timeout_s = u64::from_le_bytes(bits()) % 4000;
    let text = input::text(data.get(48..).unwrap_or_default());
    let mut lines = text.lines().map(str::to_owned);
    let range = Range { p50, p90 };
    Draft {
        summary: lines.next().unwrap_or_else(|| "look".to_owned()),
        prompt: lines.next().unwrap_or_else(|| "look around".to_owned()),
        agent: lines.next(),
        model: lines.next(),
        executor: "local".to_owned(),
        workspace: "/w".to_owned(),
        writable_dirs: lines.next().into_iter().collect(),
        tools: lines.next().into_iter().collect(),
        network: "none".to_owned(),
        estimate: Estimate {
            tokens: range,
            seconds: range,
            usd: range,
        },
        ceiling: Ceiling { tokens, usd },
        timeout_s,
        risk: lines.next().unwrap_or_else(|| "low".to_owned()),
        reasoning: String::new(),
        argv: lines.collect(),
    }
}
