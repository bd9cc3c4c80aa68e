//! The faults by name.

use std::path::PathBuf;
use std::str::FromStr;

/// What is wrong with this server, or when it dies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `synchronous-normal`: commits are not on the disk when they return.
    SynchronousNormal,
    /// `early-ack`: a webhook is answered first and stored then.
    EarlyAck,
    /// `unpaced`: no fault, but a platform that permits any pace, for tests of something else.
    Unpaced,
    /// `idle`: no fault, but an executor that starts no process.
    Idle,
    /// A rule of the store that does not hold.
    Rule(Rule),
    /// What the executor does wrong.
    Runs(Runs),
    /// What happens twice in the database itself.
    Rows(Rows),
    /// `die-before-commit:<store method>:<n>`, `die-after-commit:<store method>:<n>`
    Die(Point),
    /// `die-after-send:<n>`: the platform took the message, and nobody wrote that down.
    DieAfterSend(u32),
    /// `note-commits:<file>`: nothing is wrong; each store method that commits is written there.
    NoteCommits(PathBuf),
}

/// A rule of the store's port that is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// `no-dedup`: a repeated delivery or request is not recognised.
    NoDedup,
    /// `any-fence`: the end of an attempt counts whatever fence it shows.
    AnyFence,
    /// `early-vote`: who votes is told that it counts first, and the vote is stored then.
    EarlyVote,
    /// `settle-first`: a delivery is settled first, and what it asks for is done then.
    SettleFirst,
    /// `sent-early`: a message is marked as sent before it is.
    SentEarly,
    /// `no-doubt`: what may have arrived is sent again as if it had never left.
    NoDoubt,
    /// `kept-for-ever`: who lost a lease is told that it is still theirs.
    KeptForEver,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runs {
    /// `start-twice`: each attempt is started twice.
    Twice,
    /// `start-unleased`: beside each attempt one runs under a fence that nobody leased.
    Unleased,
    /// `deaf`: no attempt is stopped.
    Deaf,
}

/// By triggers: the store's own code does not allow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// `grant-twice`: each approval is granted twice.
    GrantTwice,
    /// `vote-twice`: each vote is counted twice.
    VoteTwice,
    /// `run-again`: what is completed is queued again, under the same approval.
    RunAgain,
}

/// A side of the n-th commit of a store method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) side: Side,
    pub(crate) change: String,
    pub(crate) nth: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    After,
}

impl Fault {
    /// Those that are one word.
    fn named(word: &str) -> Option<Self> {
        Some(match word {
            "synchronous-normal" => Self::SynchronousNormal,
            "unpaced" => Self::Unpaced,
            "idle" => Self::Idle,
            "early-ack" => Self::EarlyAck,
            "no-dedup" => Self::Rule(Rule::NoDedup),
            "any-fence" => Self::Rule(Rule::AnyFence),
            "early-vote" => Self::Rule(Rule::EarlyVote),
            "settle-first" => Self::Rule(Rule::SettleFirst),
            "sent-early" => Self::Rule(Rule::SentEarly),
            "no-doubt" => Self::Rule(Rule::NoDoubt),
            "kept-for-ever" => Self::Rule(Rule::KeptForEver),
            "start-twice" => Self::Runs(Runs::Twice),
            "start-unleased" => Self::Runs(Runs::Unleased),
            "deaf" => Self::Runs(Runs::Deaf),
            "grant-twice" => Self::Rows(Rows::GrantTwice),
            "vote-twice" => Self::Rows(Rows::VoteTwice),
            "run-again" => Self::Rows(Rows::RunAgain),
            _ => return None,
        })
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let parts: Vec<&str> = word.split(':').collect();
        let nth = |digits: &str| {
            let nth = digits.parse().ok().filter(|nth| *nth > 0);
            nth.ok_or_else(|| format!("`{digits}` is no count from 1 on"))
        };
        let die = |side, change: &str, digits| {
            Ok(Self::Die(Point {
                side,
                change: change.to_owned(),
                nth: nth(digits)?,
            }))
        };
        match parts.as_slice() {
            ["die-before-commit", change, digits] => die(Side::Before, change, digits),
            ["die-after-commit", change, digits] => die(Side::After, change, digits),
            ["die-after-send", digits] => Ok(Self::DieAfterSend(nth(digits)?)),
            ["note-commits", file] => Ok(Self::NoteCommits(PathBuf::from(file))),
            _ => Self::named(word).ok_or_else(|| format!("there is no fault `{word}`")),
        }
    }
}
