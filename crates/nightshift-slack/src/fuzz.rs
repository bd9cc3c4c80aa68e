//! The adapter's parsers and its markup as plain functions, for the fuzz targets. Nothing here
//! decides: each function calls the code that the adapter itself calls.

use std::time::Duration;

use nightshift_core::card::{Card, Form};
use nightshift_core::chat::Delivery;
use nightshift_core::port::ChatError;
use nightshift_http::Answer;
use serde_json::Value;

use crate::error::Repeat;
use crate::inbound::{Me, Parsed, text_as_typed};
use crate::socket::Heard;

/// The header of a webhook call that Slack would have signed.
pub fn signature(secret: &str, stamp: &str, body: &[u8]) -> String {
    crate::verify::sign(secret, stamp, body)
}

/// What a frame of Socket Mode is.
#[derive(Debug)]
pub enum Frame {
    Unreadable,
    /// About the connection itself.
    Control,
    /// To be acknowledged by its id, with what it holds for us.
    Envelope(String, Option<Box<Delivery>>),
}

pub fn frame(text: &str) -> Frame {
    let me = Me {
        user: Some("UBOT".to_owned()),
        bot: Some("BBOT".to_owned()),
    };
    match crate::socket::heard(text, &me) {
        Heard::Unreadable => Frame::Unreadable,
        Heard::Greeting | Heard::Disconnect(_) => Frame::Control,
        Heard::Envelope(id, Ok(Parsed::Event(delivery))) => Frame::Envelope(id, Some(delivery)),
        Heard::Envelope(id, _) => Frame::Envelope(id, None),
    }
}

/// What an answer of the Web API means; `visible` for calls that post.
pub fn answer(
    status: u16,
    retry_after: Option<Duration>,
    body: &[u8],
    visible: bool,
) -> Result<Value, ChatError> {
    let answer = Answer {
        status,
        retry_after,
        body: body.to_vec().into(),
    };
    let repeat = if visible {
        Repeat::Visible
    } else {
        Repeat::Harmless
    };
    crate::client::checked(Ok(answer), repeat)
}

/// A message text as the person typed it.
pub fn as_typed(text: &str) -> String {
    text_as_typed(text)
}

/// An untrusted text as it leaves for Slack.
pub fn escaped(text: &str) -> String {
    crate::render::escape(text)
}

/// A card as `chat.postMessage` gets it.
pub fn message(card: &Card) -> Value {
    serde_json::to_value(crate::render::message(card)).expect("invariant: plain data")
}

/// A form as `views.open` gets it.
pub fn modal(form: &Form) -> Value {
    serde_json::to_value(crate::render::modal(form)).expect("invariant: plain data")
}
