//! What people say, where, and what a platform can show.

pub mod budget;
pub mod split;

use serde::{Deserialize, Serialize};

use crate::id::{ActionToken, Platform};
use budget::Budget;

/// An account on a platform.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    pub platform: Platform,
    /// The platform's stable id of the account; never a name.
    pub id: String,
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.platform, self.id)
    }
}

/// Where a task came from and where its messages go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Conversation {
    pub platform: Platform,
    pub workspace: String,
    pub channel: String,
    /// `None` until our first message there opens one, on platforms with threads.
    pub thread: Option<String>,
}

impl Conversation {
    /// The name under which the operators are a platform of their own.
    const OPERATORS: &'static str = "operators";

    /// Those who look after the installation; which conversations that are is known when a
    /// message is sent.
    pub fn operators() -> Self {
        Self {
            platform: Platform::new(Self::OPERATORS),
            workspace: String::new(),
            channel: "alert".to_owned(),
            thread: None,
        }
    }

    pub fn is_operators(&self) -> bool {
        self.platform.as_str() == Self::OPERATORS
    }
}

/// A message of ours on a platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRef {
    /// The channel as the platform answered it; may differ from the one we named.
    pub channel: String,
    pub id: String,
}

/// What somebody did on a platform, without anything of its wire format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbound {
    pub from: Identity,
    pub display_name: Option<String>,
    pub at: Conversation,
    pub gesture: Gesture,
    /// How to answer this person privately about this gesture, opaque to all but the adapter.
    /// A credential on some platforms: never logged, forgotten when it is of no more use.
    pub reply_handle: Option<String>,
    /// How to open a form in answer to this gesture; valid for seconds, opaque likewise.
    pub form_handle: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gesture {
    /// A text meant for us: without our mention, unescaped.
    Say { text: String },
    /// A press on a button of ours.
    Press { action: ActionToken },
    /// A form of ours that was filled in.
    Submit { form: ActionToken, text: String },
}

/// One delivery as an adapter hands it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Any one of these seen before makes the delivery a duplicate: the platform's own id first,
    /// then what identifies the gesture itself.
    pub keys: Vec<String>,
    /// SHA-256 of the raw body: the same id with another body is no duplicate but an attack.
    pub body_hash: [u8; 32],
    pub inbound: Inbound,
}

/// How long texts are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextUnit {
    Bytes,
    Chars,
    Utf16,
}

/// What a platform can do; the caller chooses another form where it cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Answers can go into a thread below our own message.
    pub threads: bool,
    /// A message of ours can be changed.
    pub edit: bool,
    /// A text input can be opened in answer to a press.
    pub forms: bool,
    /// A message that one person alone sees.
    pub whisper: bool,
    /// A direct conversation can be addressed by the person's id.
    pub direct: bool,
    pub files: bool,
    /// Buttons per message.
    pub buttons: usize,
    /// Characters of one message, in `text_unit`s.
    pub text_limit: usize,
    pub text_unit: TextUnit,
    /// How fast it may be called.
    pub budgets: &'static [Budget],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_written_with_its_platform() {
        let ana = Identity {
            platform: Platform::new("slack"),
            id: "U1".into(),
        };
        assert_eq!(ana.to_string(), "slack:U1");
    }

    #[test]
    fn the_operators_are_told_apart_from_a_channel_of_their_name() {
        let operators = Conversation::operators();
        assert!(operators.is_operators());
        let channel = Conversation {
            platform: Platform::new("slack"),
            channel: "operators".into(),
            ..operators
        };
        assert!(!channel.is_operators());
    }
}
