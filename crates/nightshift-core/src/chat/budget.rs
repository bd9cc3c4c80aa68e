//! How fast a platform may be called: its limits as data, one shape for all platforms.
//!
//! A budget is a token bucket: `burst` tokens when full, one more after each `every`. What a
//! platform counts together is a budget's scope; a call spends one token of every budget that
//! names its act.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::id::Platform;

/// What is done to a platform, as far as limits tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// A word to one person.
    Whisper,
    Post,
    File,
    Edit,
    /// Looking for a message that may have arrived: before a post that is tried again in doubt.
    Find,
}

impl Act {
    /// In the order in which acts are served where they compete: what people wait for first, and
    /// the change of a card, which a later one replaces, last.
    pub const ALL: [Self; 5] = [
        Self::Whisper,
        Self::Post,
        Self::File,
        Self::Edit,
        Self::Find,
    ];

    /// The word it is stored by.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Whisper => "whisper",
            Self::Post => "post",
            Self::File => "file",
            Self::Edit => "edit",
            Self::Find => "find",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.word() == word)
    }
}

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// All workspaces of our account.
    Platform,
    Workspace,
    Channel,
    /// A thread, or our messages of one task.
    Conversation,
}

/// One limit of a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Names its buckets in the store; unique within the platform.
    pub name: &'static str,
    /// Each of these spends one token.
    pub acts: &'static [Act],
    pub scope: Scope,
    /// Counts only in channels whose id begins so; empty: in all.
    pub channels: &'static str,
    /// The time after which one token is there again; whole milliseconds, at least one.
    pub every: Duration,
    /// Tokens of a full bucket, at least one.
    pub burst: u32,
}

impl Budget {
    /// Whether `act` in `channel` spends of it.
    pub fn counts(&self, act: Act, channel: &str) -> bool {
        self.acts.contains(&act) && channel.starts_with(self.channels)
    }

    pub fn every_ms(&self) -> i64 {
        i64::try_from(self.every.as_millis()).map_or(i64::MAX, |ms| ms.max(1))
    }
}

/// The limits of all platforms; one that is not here has none.
#[derive(Debug, Clone, Default)]
pub struct Budgets(BTreeMap<Platform, &'static [Budget]>);

impl Budgets {
    pub fn of(&self, platform: &Platform) -> &'static [Budget] {
        self.0.get(platform).copied().unwrap_or_default()
    }
}

impl FromIterator<(Platform, &'static [Budget])> for Budgets {
    fn from_iter<I: IntoIterator<Item = (Platform, &'static [Budget])>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}

/// What a platform's "too fast" is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub act: Act,
    pub scope: Scope,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_act_is_read_as_it_is_written() {
        for act in Act::ALL {
            assert_eq!(Act::from_word(act.word()), Some(act));
        }
        assert_eq!(Act::from_word("shout"), None);
    }

    #[test]
    fn a_budget_counts_its_acts_in_its_channels() {
        let groups = Budget {
            name: "groups",
            acts: &[Act::Post],
            scope: Scope::Channel,
            channels: "-",
            every: Duration::from_secs(3),
            burst: 20,
        };
        assert!(groups.counts(Act::Post, "-100"));
        assert!(!groups.counts(Act::Post, "100"));
        assert!(!groups.counts(Act::Edit, "-100"));
    }
}
