//! A chat platform, and how its deliveries come in.

use async_trait::async_trait;

use crate::card::{Attachment, Card, Form};
use crate::chat::budget::Limit;
use crate::chat::{Capabilities, Conversation, Delivery, Identity, MessageRef};
use crate::error::{Retry, Source};
use crate::id::Platform;
use crate::time::Timestamp;

/// A webhook call, as bytes.
#[derive(Debug, Clone)]
pub struct WebhookRequest {
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// When it arrived, by the store's clock.
    pub now: Timestamp,
}

impl WebhookRequest {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The immediate answer to a webhook call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebhookReply {
    /// Empty for none.
    pub content_type: &'static str,
    pub body: String,
}

/// What a verified webhook call is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// The platform checks that we are we.
    Handshake(WebhookReply),
    /// Nothing for us; the reason is for the debug log.
    Ignored(&'static str),
    Event {
        delivery: Box<Delivery>,
        reply: WebhookReply,
    },
}

/// Why a webhook call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the signature is missing, wrong or stale")]
    Unsigned,
    #[error("the body cannot be parsed")]
    Malformed,
}

/// Names one send, so that a platform that remembers can tell a repetition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// Unique per message of ours; not secret.
    pub key: String,
    /// An earlier try may have arrived: look for it before sending again, where that is possible.
    pub unsure: bool,
}

/// What a caller may branch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatKind {
    /// The message, channel or person does not exist (any more).
    NotFound,
    /// We may not speak there; another address may work.
    NotAllowed,
    /// The credential is wrong or revoked: nothing will work until an operator acts.
    Unauthorized,
    /// The platform refuses the content.
    Invalid,
    /// Too fast; `retry` says when.
    RateLimited,
    /// Not reachable, nothing was done.
    Unavailable,
    /// It may or may not have happened: the answer was lost.
    Ambiguous,
    /// A handle (form, private answer) is too old.
    Expired,
}

/// A failed call.
#[derive(Debug, thiserror::Error)]
#[error("{platform}: {message}")]
pub struct ChatError {
    pub kind: ChatKind,
    pub retry: Retry,
    pub platform: Platform,
    /// What a `RateLimited` is about; `None`: this act in this workspace.
    pub limit: Option<Limit>,
    /// The platform's own error word, without secrets.
    pub message: String,
    #[source]
    pub source: Option<Source>,
}

/// Who we are on a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The workspace we belong to; deliveries from another one are nobody's.
    pub workspace: String,
    /// For `doctor`: the account's name.
    pub account: String,
}

/// A chat platform.
///
/// An adapter does not retry, pace, log bodies, map users, decide permissions or choose words.
#[async_trait]
pub trait ChatPlatform: Send + Sync {
    fn platform(&self) -> Platform;

    fn capabilities(&self) -> Capabilities;

    /// - Verifies first, on the raw bytes, then parses.
    /// - Pure on headers, bytes and `now`: does no I/O and changes nothing.
    /// - Unknown kinds of events are `Ignored`, never `Malformed`.
    /// - Our own messages, edits and those of other bots are `Ignored`.
    fn receive(&self, request: &WebhookRequest) -> Result<Received, Refused>;

    /// Posts a message.
    ///
    /// - Goes into `to.thread` where there is one.
    /// - With `marker.unsure` it first looks for a message with that marker and returns it
    ///   instead of posting; where it may not look, it posts. A look that fails for a while fails
    ///   the post, and nothing was posted.
    /// - A timeout after sending is `Ambiguous`.
    async fn post(
        &self,
        to: &Conversation,
        card: &Card,
        marker: &Marker,
    ) -> Result<MessageRef, ChatError>;

    /// Replaces a message of ours. Editing to what it already shows succeeds.
    async fn edit(&self, message: &MessageRef, card: &Card) -> Result<(), ChatError>;

    /// Tells one person something that the others do not see; by `handle` where there is one.
    async fn whisper(
        &self,
        to: &Conversation,
        person: &Identity,
        handle: Option<&str>,
        card: &Card,
    ) -> Result<(), ChatError>;

    /// Opens a form in answer to a press. `Expired` when the handle is too old.
    async fn open_form(&self, handle: &str, form: &Form) -> Result<(), ChatError>;

    async fn upload(&self, to: &Conversation, file: &Attachment) -> Result<(), ChatError>;

    /// The conversation with one person alone.
    fn direct(&self, workspace: &str, person: &Identity) -> Conversation;

    /// Checks the credential by a round trip.
    async fn probe(&self) -> Result<Probe, ChatError>;
}

/// Where an adapter that listens by itself hands its deliveries.
#[async_trait]
pub trait Intake: Send + Sync {
    /// - Returns only after the delivery is durable (or was a duplicate).
    /// - An error means it is not: the adapter must not acknowledge.
    async fn deliver(&self, platform: &Platform, delivery: Delivery) -> Result<(), StoreRefused>;

    /// Whether a delivery could be taken now: who asks first need not read and check it in vain.
    fn has_room(&self) -> bool {
        true
    }

    /// The current time, for stamping.
    fn now(&self) -> Timestamp;
}

/// The delivery is not durable; the platform should deliver it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store does not accept deliveries now")]
pub struct StoreRefused;

/// An adapter that needs no public URL.
#[async_trait]
pub trait ChatSource: Send + Sync {
    fn name(&self) -> String;

    /// - Holds one connection and returns when it ends; the caller calls again, with backoff.
    /// - Acknowledges a frame only after `intake.deliver` returned `Ok`.
    /// - Returns soon after `stop` resolves, finishing the frame in hand.
    async fn listen(
        &self,
        intake: &dyn Intake,
        stop: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>,
    ) -> Result<(), ChatError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_found_by_its_name_and_the_first_counts() {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let request = WebhookRequest {
            headers: vec![header("a", "1"), header("b", "2"), header("b", "3")],
            body: vec![],
            now: Timestamp::from_millis(0),
        };
        assert_eq!(request.header("b"), Some("2"));
        assert_eq!(request.header("c"), None);
    }

    struct Door;

    #[async_trait]
    impl Intake for Door {
        async fn deliver(&self, _: &Platform, _: Delivery) -> Result<(), StoreRefused> {
            Ok(())
        }

        fn now(&self) -> Timestamp {
            Timestamp::from_millis(0)
        }
    }

    #[test]
    fn who_says_nothing_of_room_has_some() {
        assert!(Door.has_room());
    }
}
