//! What Slack sends to the app: one request, its wire forms, and what became of it.

use std::time::Duration;

use serde_json::Value;

/// The three kinds of inbound calls; only events are retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Event,
    Command,
    Interaction,
}

/// A call that is not signed or sent yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub kind: Kind,
    /// `event_id`, or the trigger id of commands and interactions.
    pub id: String,
    pub payload: Value,
}

impl Request {
    /// The media type of its HTTP form.
    pub fn content_type(&self) -> &'static str {
        match self.kind {
            Kind::Event => "application/json",
            Kind::Command | Kind::Interaction => "application/x-www-form-urlencoded",
        }
    }

    /// The raw bytes of its HTTP form; the same for every retry.
    pub fn body(&self) -> Vec<u8> {
        match self.kind {
            Kind::Event => self.payload.to_string().into_bytes(),
            Kind::Command => form(self.fields()),
            Kind::Interaction => form([("payload", self.payload.to_string())]),
        }
    }

    fn fields(&self) -> Vec<(&str, String)> {
        let fields = self.payload.as_object().into_iter().flatten();
        fields
            .map(|(name, value)| (name.as_str(), plain(value)))
            .collect()
    }

    /// What Socket Mode calls it, and whether the acknowledgement may carry an answer.
    pub(crate) fn envelope(&self) -> (&'static str, bool) {
        match self.kind {
            Kind::Event => ("events_api", false),
            Kind::Command => ("slash_commands", true),
            Kind::Interaction => ("interactive", self.payload["type"] == "view_submission"),
        }
    }
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn form<'a>(fields: impl IntoIterator<Item = (&'a str, String)>) -> Vec<u8> {
    let fields: Vec<_> = fields.into_iter().collect();
    serde_urlencoded::to_string(fields)
        .expect("invariant: pairs of text always encode")
        .into_bytes()
}

/// An event that was not acknowledged, and how often it was sent again.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub(crate) request: Request,
    pub(crate) retries: u8,
    pub(crate) reason: &'static str,
}

/// What became of one call to the app.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// `event_id` or trigger id; empty for raw calls.
    pub id: String,
    /// The HTTP status; for Socket Mode 200 stands for an acknowledged envelope.
    pub status: Option<u16>,
    pub content_type: String,
    /// The answer's body, or the payload of the socket's acknowledgement.
    pub body: String,
    pub took: Duration,
    /// 2xx, and in time. (For raw calls: what Slack would have counted.)
    pub acknowledged: bool,
    /// Slack's word for the failure.
    pub failure: Option<&'static str>,
    /// The app asked not to retry.
    pub no_retry: bool,
    /// The exact headers and bytes, for a replay; empty over Socket Mode.
    pub sent: Sent,
    pub(crate) request: Option<Request>,
}

/// The exact headers and bytes of an HTTP call.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// A message that a person wrote, and the events that told the app.
#[derive(Debug, Clone)]
pub struct Said {
    pub channel: String,
    pub ts: String,
    /// The parent of the thread it was said in, or its own `ts`.
    pub thread: String,
    pub deliveries: Vec<Delivery>,
}

impl Said {
    /// Whether the app acknowledged every event about it (and got at least one).
    pub fn acknowledged(&self) -> bool {
        !self.deliveries.is_empty() && self.deliveries.iter().all(|d| d.acknowledged)
    }
}

/// How a forged call differs from a genuine one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgery {
    WrongSecret,
    /// One byte of the body changed after signing.
    TamperedBody,
    /// Signed correctly, but this many seconds ago (negative: in the future).
    Stale(i64),
    NoSignature,
    NoTimestamp,
    /// `X-Slack-Request-Timestamp` is no number.
    BadTimestamp,
    /// The right digest behind another version prefix.
    WrongVersion,
    EmptySignature,
}
