//! What we would do: a draft is untrusted, a plan is checked and named by its hash.

use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// A range learned from the past: the middle and the upper end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Range {
    #[serde(serialize_with = "whole_as_integer")]
    pub p50: f64,
    #[serde(serialize_with = "whole_as_integer")]
    pub p90: f64,
}

/// `50000`, not `50000.0`: readers may expect tokens and seconds to be integers.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde calls"
)]
fn whole_as_integer<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    // 2^53: every whole number up to here is exact.
    if value.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(value) {
        serializer.serialize_u64(*value as u64)
    } else {
        serializer.serialize_f64(*value)
    }
}

/// Tokens, wall-clock seconds, US dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub tokens: Range,
    pub seconds: Range,
    pub usd: Range,
}

/// The hard limit that the approval grants.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ceiling {
    pub tokens: u64,
    pub usd: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    Low,
    Medium,
    High,
}

impl Risk {
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Low, Self::Medium, Self::High]
            .into_iter()
            .find(|risk| risk.name() == name)
    }
}

/// What one finished task of this installation used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Actual {
    pub tokens: u64,
    pub usd: f64,
    pub seconds: f64,
}

/// Comparable finished tasks, newest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    pub actuals: Vec<Actual>,
}

/// What no plan may exceed, from the configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    pub max_tokens: u64,
    pub max_usd: f64,
    pub default_timeout_s: u64,
    pub max_timeout_s: u64,
}

/// A plan as a planner proposes it: untrusted.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub summary: String,
    pub prompt: String,
    pub agent: Option<String>,
    pub model: Option<String>,
    pub executor: String,
    pub workspace: String,
    pub writable_dirs: Vec<String>,
    pub tools: Vec<String>,
    pub network: String,
    pub estimate: Estimate,
    pub ceiling: Ceiling,
    pub timeout_s: u64,
    pub risk: String,
    pub reasoning: String,
    /// For named commands: exactly what will be run.
    pub argv: Vec<String>,
}

/// A checked plan. Immutable; two plans with the same content have the same hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub hash: PlanHash,
    #[serde(flatten)]
    pub body: PlanBody,
}

/// Everything the hash covers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanBody {
    pub summary: String,
    pub prompt: String,
    pub agent: Option<String>,
    pub model: Option<String>,
    pub executor: String,
    pub workspace: String,
    pub writable_dirs: Vec<String>,
    pub tools: Vec<String>,
    pub network: String,
    pub estimate: Estimate,
    pub ceiling: Ceiling,
    pub timeout_s: u64,
    pub risk: Risk,
    pub reasoning: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub argv: Vec<String>,
}

/// `sha256:` and 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanHash(String);

impl PlanHash {
    /// For values read back from the store or shown by a client; compared, never trusted.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for PlanHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is wrong with a draft.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    #[error("the plan has no {0}")]
    Missing(&'static str),
    #[error("the plan's {field} is `{value}`: expected {expected}")]
    Bad {
        field: &'static str,
        value: String,
        expected: &'static str,
    },
}

/// Longest texts of a plan in bytes; a card shows less, Details shows all.
const MAX_PROMPT: usize = 1 << 20;
const MAX_TEXT: usize = 16 << 10;
const MAX_ITEMS: usize = 100;

impl Plan {
    /// Checks a draft against what it may be.
    ///
    /// Numbers beyond `limits` are refused, not bent: the person approves what was checked.
    pub fn check(draft: Draft, limits: &Limits) -> Result<Self, DraftError> {
        check_texts(&draft)?;
        check_numbers(&draft, limits)?;
        let risk = Risk::from_name(&draft.risk).ok_or_else(|| DraftError::Bad {
            field: "risk",
            value: draft.risk.clone(),
            expected: "low, medium or high",
        })?;
        let body = PlanBody {
            summary: draft.summary,
            prompt: draft.prompt,
            agent: draft.agent,
            model: draft.model,
            executor: draft.executor,
            workspace: draft.workspace,
            writable_dirs: draft.writable_dirs,
            tools: draft.tools,
            network: draft.network,
            estimate: draft.estimate,
            ceiling: draft.ceiling,
            timeout_s: draft.timeout_s,
            risk,
            reasoning: draft.reasoning,
            argv: draft.argv,
        };
        Ok(Self {
            hash: body.hash(),
            body,
        })
    }

    /// Whether the hash is really the hash of the content.
    pub fn is_intact(&self) -> bool {
        self.hash == self.body.hash()
    }
}

impl PlanBody {
    fn hash(&self) -> PlanHash {
        // Struct fields serialise in the order of their declaration: the text is canonical.
        let text = serde_json::to_vec(self).expect("invariant: a plan is plain data");
        PlanHash(format!("sha256:{}", hex::encode(Sha256::digest(text))))
    }
}

fn bad(field: &'static str, value: impl ToString, expected: &'static str) -> DraftError {
    DraftError::Bad {
        field,
        value: value.to_string(),
        expected,
    }
}

fn check_texts(draft: &Draft) -> Result<(), DraftError> {
    if draft.summary.trim().is_empty() {
        return Err(DraftError::Missing("summary"));
    }
    if draft.prompt.is_empty() && draft.argv.is_empty() {
        return Err(DraftError::Missing("prompt"));
    }
    if draft.prompt.len() > MAX_PROMPT {
        return Err(bad("prompt", draft.prompt.len(), "at most 1 MiB"));
    }
    for (field, text) in [("summary", &draft.summary), ("reasoning", &draft.reasoning)] {
        if text.len() > MAX_TEXT {
            return Err(bad(field, text.len(), "at most 16 KiB"));
        }
    }
    for (field, list) in [
        ("writable_dirs", &draft.writable_dirs),
        ("tools", &draft.tools),
    ] {
        if list.len() > MAX_ITEMS || list.iter().any(|item| item.len() > MAX_TEXT) {
            return Err(bad(field, list.len(), "at most 100 short items"));
        }
    }
    if let Some(dir) = draft.writable_dirs.iter().find(|dir| !dir.starts_with('/')) {
        return Err(bad("writable_dirs", dir, "absolute paths"));
    }
    Ok(())
}

fn check_numbers(draft: &Draft, limits: &Limits) -> Result<(), DraftError> {
    let estimate = &draft.estimate;
    for (field, range) in [
        ("estimate.tokens", estimate.tokens),
        ("estimate.seconds", estimate.seconds),
        ("estimate.usd", estimate.usd),
    ] {
        let sane = range.p50.is_finite()
            && range.p90.is_finite()
            && range.p50 >= 0.0
            && range.p90 >= range.p50;
        if !sane {
            return Err(bad(
                field,
                format!("{}–{}", range.p50, range.p90),
                "0 ≤ p50 ≤ p90",
            ));
        }
    }
    if draft.ceiling.tokens == 0 || draft.ceiling.tokens > limits.max_tokens {
        return Err(bad(
            "ceiling.tokens",
            draft.ceiling.tokens,
            "1 up to the limit per task",
        ));
    }
    let usd = draft.ceiling.usd;
    if !usd.is_finite() || usd < 0.0 || usd > limits.max_usd {
        return Err(bad("ceiling.usd", usd, "0 up to the limit per task"));
    }
    if draft.timeout_s == 0 || draft.timeout_s > limits.max_timeout_s {
        return Err(bad(
            "timeout_s",
            draft.timeout_s,
            "1 up to the longest timeout",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
