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
    /// `die-before-commit:<store method>:<n>`, `die-after-commit:<store method>:<n>`
    Die(Point),
    /// `die-after-send:<n>`: the platform took the message, and nobody wrote that down.
    DieAfterSend(u32),
    /// `unpaced`: no fault, but a platform that permits any pace, for tests of something else.
    Unpaced,
    /// `note-commits:<file>`: nothing is wrong; each store method that commits is written there.
    NoteCommits(PathBuf),
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
            ["synchronous-normal"] => Ok(Self::SynchronousNormal),
            ["unpaced"] => Ok(Self::Unpaced),
            ["early-ack"] => Ok(Self::EarlyAck),
            ["die-before-commit", change, digits] => die(Side::Before, change, digits),
            ["die-after-commit", change, digits] => die(Side::After, change, digits),
            ["die-after-send", digits] => Ok(Self::DieAfterSend(nth(digits)?)),
            ["note-commits", file] => Ok(Self::NoteCommits(PathBuf::from(file))),
            _ => Err("there is no such fault".to_owned()),
        }
    }
}
