//! Identifiers: one newtype each, so that a request id cannot stand where a task id belongs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// 32 characters without `i`, `l`, `o`, `u`: an id can be read aloud and typed on a phone.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Encodes the low 5 bits of each byte with the id alphabet.
fn encode(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]))
        .collect()
}

/// 16 random bytes from the `Ids` port: the only source of new identifiers.
pub type Entropy = [u8; 16];

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// A NightShift user, shared by all their identities: `user_alice`, `user_slack_U123`.
    UserId
);
text_id!(
    /// The question put to people about one plan hash.
    RequestId
);
text_id!(
    /// An opaque random value behind a button, a form or a link; looked up in the store.
    ActionToken
);
text_id!(
    /// The name of a chat platform as the configuration spells it.
    Platform
);
text_id!(
    /// Names a message that we keep up to date; equal keys are the same message.
    MessageKey
);
text_id!(
    /// One inbound call or frame of a platform, as stored.
    DeliveryId
);

impl RequestId {
    pub fn from_entropy(entropy: Entropy) -> Self {
        Self(format!("req_{}", encode(&entropy[..12])))
    }
}

impl ActionToken {
    /// 80 bits: short enough for every platform's button value, too long to guess.
    pub fn from_entropy(entropy: Entropy) -> Self {
        Self(format!("act_{}", encode(&entropy)))
    }
}

impl DeliveryId {
    /// Begins with the time, so that later ones sort after earlier ones: what is indexed by them
    /// grows at its end.
    pub fn new_at(at: Timestamp, entropy: Entropy) -> Self {
        let time = (0..9).rev().map(|group| at.millis() >> (5 * group));
        let time: Vec<u8> = time.map(|bits| (bits & 31) as u8).collect();
        Self(format!("dlv_{}{}", encode(&time), encode(&entropy[..12])))
    }
}

/// `task_7k2m9q4x`: short, typed on a phone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskId(String);

/// The text is no task id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a task id looks like task_7k2m9q4x")]
pub struct BadTaskId;

impl TaskId {
    /// Characters after `task_`; 32^8 = 10^12 ids, checked for uniqueness by the store.
    const LENGTH: usize = 8;

    pub fn from_entropy(entropy: Entropy) -> Self {
        Self(format!("task_{}", encode(&entropy[..Self::LENGTH])))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TaskId {
    type Err = BadTaskId;

    fn from_str(text: &str) -> Result<Self, BadTaskId> {
        let tail = text.strip_prefix("task_").ok_or(BadTaskId)?;
        let plain = tail
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if tail.len() == Self::LENGTH && plain {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadTaskId)
        }
    }
}

impl TryFrom<String> for TaskId {
    type Error = BadTaskId;

    fn try_from(text: String) -> Result<Self, BadTaskId> {
        text.parse()
    }
}

impl From<TaskId> for String {
    fn from(id: TaskId) -> Self {
        id.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A number per task that only grows; raised at each lease. Work that carries an old one is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fence(pub i64);

/// The position of an event in the one log of what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_made_of_the_low_bits_of_its_entropy() {
        let entropy: Entropy = std::array::from_fn(|at| 0x20 * (at as u8 % 8) + 9 + at as u8);
        let id = TaskId::from_entropy(entropy);
        assert_eq!(id.to_string(), "task_9abcdefg");
        assert_eq!(String::from(id), "task_9abcdefg");
        assert_eq!(TaskId::from_entropy([0xff; 16]).as_str(), "task_zzzzzzzz");
        assert_eq!(TaskId::from_entropy([0; 16]).as_str(), "task_00000000");
    }

    #[test]
    fn later_deliveries_sort_after_earlier_ones() {
        let at =
            |millis, entropy| DeliveryId::new_at(Timestamp::from_millis(millis), [entropy; 16]);
        let times = [
            0,
            31,
            32,
            1_767_225_600_000,
            1_767_225_600_001,
            (1 << 45) - 1,
        ];
        for pair in times.windows(2) {
            assert!(at(pair[0], 31) < at(pair[1], 0), "{pair:?}");
        }
        assert_eq!(at(1_767_225_600_000, 1).as_str().len(), "dlv_".len() + 21);
    }

    #[test]
    fn a_task_id_is_read_back_and_nothing_else_is() {
        let id = TaskId::from_entropy([7; 16]);
        assert_eq!(id.as_str().parse(), Ok(id));
        for bad in [
            "task_",
            "task_1234567",
            "task_123456789",
            "task_1234567!",
            "TASK_12345678",
            "12345678",
        ] {
            assert_eq!(bad.parse::<TaskId>(), Err(BadTaskId), "{bad}");
        }
    }
}
