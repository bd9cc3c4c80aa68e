//! Tokens, seconds and dollars: from the past where there is enough of it, else a labelled guess.

use nightshift_core::agent::{AgentSpec, OutputFormat};
use nightshift_core::plan::{Actual, Ceiling, Estimate, Range};
use nightshift_core::port::Ask;

/// Fewer finished tasks say too little about a p90.
pub(super) const ENOUGH: usize = 5;

/// A short request to an AI agent, until this installation knows better.
const GUESS_TOKENS: Range = Range {
    p50: 50_000.0,
    p90: 80_000.0,
};
const GUESS_SECONDS: Range = Range {
    p50: 180.0,
    p90: 400.0,
};
/// A program that asks no model, as far as its preset says.
const GUESS_PROGRAM_SECONDS: Range = Range {
    p50: 10.0,
    p90: 60.0,
};
/// An agent sends its prompt again with every turn; a usual task has about ten.
const TURNS: f64 = 10.0;
const BYTES_PER_TOKEN: f64 = 4.0;

/// A ceiling leaves this much room above the p90 …
const ROOM: f64 = 1.5;
/// … and is never so low that an ordinary surprise ends the work.
const LEAST_TOKENS: f64 = 20_000.0;
const LEAST_USD: f64 = 1.0;

/// What the figures come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Basis {
    Past(usize),
    Guess { finished: usize },
}

pub(super) fn estimate(ask: &Ask, agent: &AgentSpec, prompt: &str) -> (Estimate, Basis) {
    let actuals = usable(&ask.history.actuals);
    if actuals.len() >= ENOUGH {
        return (from_past(&actuals), Basis::Past(actuals.len()));
    }
    let finished = actuals.len();
    (guess(agent, prompt), Basis::Guess { finished })
}

/// Seconds of a named command, which uses no tokens.
pub(super) fn seconds(ask: &Ask, guess: Range) -> (Range, Basis) {
    let actuals = usable(&ask.history.actuals);
    let finished = actuals.len();
    if finished >= ENOUGH {
        (from_past(&actuals).seconds, Basis::Past(finished))
    } else {
        (guess, Basis::Guess { finished })
    }
}

/// A wish for the cost is taken as it is: `Plan::check` refuses one beyond the limit.
pub(super) fn ceiling(ask: &Ask, estimate: &Estimate) -> Ceiling {
    let tokens = (estimate.tokens.p90 * ROOM).max(LEAST_TOKENS);
    let tokens = (tokens / 1000.0).ceil() * 1000.0;
    let usd = (estimate.usd.p90 * ROOM).max(LEAST_USD);
    let usd = (usd * 100.0).ceil() / 100.0;
    Ceiling {
        tokens: (tokens as u64).min(ask.limits.max_tokens),
        usd: ask
            .wishes
            .max_cost_usd
            .unwrap_or_else(|| usd.min(ask.limits.max_usd)),
    }
}

/// Whether tokens are to be expected: a preset says so by hosts, price or output format.
fn asks_a_model(agent: &AgentSpec) -> bool {
    !agent.hosts.is_empty() || agent.usd_per_mtok_micros > 0 || agent.output != OutputFormat::Text
}

fn guess(agent: &AgentSpec, prompt: &str) -> Estimate {
    if !asks_a_model(agent) {
        return Estimate {
            seconds: GUESS_PROGRAM_SECONDS,
            ..Estimate::default()
        };
    }
    let more = TURNS * prompt.len() as f64 / BYTES_PER_TOKEN;
    let factor = ((GUESS_TOKENS.p50 + more) / 1000.0).round() * 1000.0 / GUESS_TOKENS.p50;
    let tokens = scaled(GUESS_TOKENS, factor);
    let usd_per_token = agent.usd_per_mtok_micros as f64 / 1e12;
    let seconds = scaled(GUESS_SECONDS, factor);
    Estimate {
        tokens,
        seconds: Range {
            p50: seconds.p50.round(),
            p90: seconds.p90.round(),
        },
        usd: scaled(tokens, usd_per_token),
    }
}

fn scaled(range: Range, factor: f64) -> Range {
    Range {
        p50: range.p50 * factor,
        p90: range.p90 * factor,
    }
}

fn usable(actuals: &[Actual]) -> Vec<Actual> {
    let sane = |value: f64| value.is_finite() && value >= 0.0;
    actuals
        .iter()
        .filter(|actual| sane(actual.usd) && sane(actual.seconds))
        .copied()
        .collect()
}

fn from_past(actuals: &[Actual]) -> Estimate {
    let range = |of: fn(&Actual) -> f64| {
        let mut values: Vec<f64> = actuals.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        Range {
            p50: percentile(&values, 50),
            p90: percentile(&values, 90),
        }
    };
    Estimate {
        tokens: range(|actual| actual.tokens as f64),
        seconds: range(|actual| actual.seconds),
        usd: range(|actual| actual.usd),
    }
}

/// Nearest rank: a value that really occurred. `sorted` is not empty.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted[rank - 1]
}
