//! From an untrusted reply to a draft.
//!
//! A reply fills in words, figures and ceilings within their limits; anything else in it, or
//! anything beyond a limit, makes the whole reply unusable. Nothing is bent in silence.

mod extract;

use nightshift_core::plan::{Ceiling, Draft, Estimate, Plan, Range, Risk};
use nightshift_core::port::Ask;
use nightshift_core::secret::Scrubber;
use serde::Deserialize;

use crate::prompt::Most;

pub(crate) use extract::MOST_REPLY;

/// Why a reply cannot be used; shown in the plan's reasoning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReplyError {
    #[error("its reply is longer than {} KiB", MOST_REPLY >> 10)]
    TooLong,
    #[error("its reply holds no plan as a JSON object")]
    NoPlan,
    #[error("its reply holds more than one plan")]
    ManyPlans,
    #[error("its plan does not have the right form: {0}")]
    Form(String),
    #[error("its plan's {field} is not {expected}")]
    Range {
        field: &'static str,
        expected: String,
    },
}

/// Everything a reply may say.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reply {
    summary: String,
    prompt: String,
    tools: Vec<String>,
    estimate: Estimates,
    ceiling: Limit,
    timeout_s: u64,
    risk: String,
    reasoning: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Estimates {
    tokens: Span,
    seconds: Span,
    usd: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Span {
    p50: f64,
    p90: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    tokens: u64,
    usd: f64,
}

/// Longest texts in characters and lists in items, as the schema says.
const MOST_SUMMARY: usize = 1000;
const MOST_REASONING: usize = 2000;
const MOST_TOOLS: usize = 50;
const MOST_TOOL: usize = 100;
/// Beyond these a figure is a mistake, not an estimate: 10^9 tokens, a year, a million dollars.
const MOST_TOKENS: f64 = 1e9;
const MOST_SECONDS: f64 = 31_536_000.0;
const MOST_USD: f64 = 1e6;

impl Reply {
    /// Reads what the agent said.
    pub(crate) fn read(text: &str) -> Result<Self, ReplyError> {
        let plan = extract::plan(text)?;
        serde_json::from_value(plan).map_err(|error| ReplyError::Form(error.to_string()))
    }

    /// The draft: `base` with what the reply may say.
    pub(crate) fn onto(
        self,
        base: Draft,
        ask: &Ask,
        scrubber: &Scrubber,
    ) -> Result<Draft, ReplyError> {
        self.check_texts()?;
        self.check_figures(&Most::of(ask))?;
        let risk = self.risk()?;
        let floor = Risk::from_name(&base.risk).unwrap_or(Risk::High);
        let reasoning = self.notes(risk, floor, &base);
        let mut prompt = base.prompt.clone();
        if !self.prompt.trim().is_empty() {
            prompt.push_str("\n\nPlan: ");
            prompt.push_str(&scrubber.text(&self.prompt));
        }
        let draft = Draft {
            summary: scrubber.text(&self.summary),
            prompt,
            tools: self.tools.iter().map(|tool| scrubber.text(tool)).collect(),
            estimate: self.estimate.into(),
            ceiling: Ceiling {
                tokens: self.ceiling.tokens,
                usd: self.ceiling.usd,
            },
            timeout_s: self.timeout_s,
            risk: risk.max(floor).name().to_owned(),
            reasoning: scrubber.text(&reasoning),
            ..base
        };
        match Plan::check(draft.clone(), &ask.limits) {
            Ok(_) => Ok(draft),
            Err(error) => Err(ReplyError::Form(error.to_string())),
        }
    }

    /// The reply's reasons, and what of it is not taken as it is.
    fn notes(&self, risk: Risk, floor: Risk, base: &Draft) -> String {
        let mut notes = vec![self.reasoning.trim().to_owned()];
        if risk < floor {
            notes.push(format!(
                "The planner said risk {}; it is {} because of where the agent may write.",
                risk.name(),
                floor.name()
            ));
        }
        if !self.tools.is_empty() {
            notes.push("The tools are an expectation, not a limit.".to_owned());
        }
        if base.network == "open" {
            notes.push("Network open: every host can be reached.".to_owned());
        }
        notes.retain(|note| !note.is_empty());
        notes.join(" ")
    }

    fn check_texts(&self) -> Result<(), ReplyError> {
        let summary = self.summary.trim().chars().count();
        within("summary", (1..=MOST_SUMMARY).contains(&summary), || {
            format!("1 to {MOST_SUMMARY} characters long")
        })?;
        let reasoning = self.reasoning.chars().count();
        within("reasoning", reasoning <= MOST_REASONING, || {
            format!("at most {MOST_REASONING} characters long")
        })?;
        let plain = |tool: &String| {
            (1..=MOST_TOOL).contains(&tool.chars().count()) && !tool.contains(char::is_control)
        };
        let few = self.tools.len() <= MOST_TOOLS && self.tools.iter().all(plain);
        within("tools", few, || {
            format!("a list of at most {MOST_TOOLS} short names")
        })
    }

    fn check_figures(&self, most: &Most) -> Result<(), ReplyError> {
        let Estimates {
            tokens,
            seconds,
            usd,
        } = self.estimate;
        tokens.check("estimate.tokens", MOST_TOKENS)?;
        seconds.check("estimate.seconds", MOST_SECONDS)?;
        usd.check("estimate.usd", MOST_USD)?;
        let tokens_fit = (1..=most.tokens).contains(&self.ceiling.tokens);
        within("ceiling.tokens", tokens_fit, || {
            format!("1 to {}", most.tokens)
        })?;
        let usd_fits = (0.0..=most.usd).contains(&self.ceiling.usd);
        within("ceiling.usd", usd_fits, || format!("0 to {}", most.usd))?;
        let time_fits = (1..=most.timeout_s).contains(&self.timeout_s);
        within("timeout_s", time_fits, || {
            format!("1 to {}", most.timeout_s)
        })
    }

    fn risk(&self) -> Result<Risk, ReplyError> {
        Risk::from_name(&self.risk).ok_or_else(|| ReplyError::Range {
            field: "risk",
            expected: "low, medium or high".to_owned(),
        })
    }
}

impl Span {
    fn check(self, field: &'static str, most: f64) -> Result<(), ReplyError> {
        let sane = (0.0..=most).contains(&self.p50) && (self.p50..=most).contains(&self.p90);
        within(field, sane, || format!("0 ≤ p50 ≤ p90 ≤ {most}"))
    }
}

impl From<Estimates> for Estimate {
    fn from(from: Estimates) -> Self {
        let range = |Span { p50, p90 }| Range { p50, p90 };
        Self {
            tokens: range(from.tokens),
            seconds: range(from.seconds),
            usd: range(from.usd),
        }
    }
}

fn within(
    field: &'static str,
    fits: bool,
    expected: impl FnOnce() -> String,
) -> Result<(), ReplyError> {
    if fits {
        Ok(())
    } else {
        let expected = expected();
        Err(ReplyError::Range { field, expected })
    }
}

#[cfg(test)]
mod tests;
