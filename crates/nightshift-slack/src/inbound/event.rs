//! Mentions and direct messages.

use nightshift_core::chat::{Conversation, Gesture, Identity, Inbound};
use serde_json::Value;

use super::{Me, Read, kind, platform, text};
use crate::wire::{Callback, Message};

/// Messages with these subtypes are still somebody's own words.
const SPOKEN: [&str; 2] = ["file_share", "thread_broadcast"];

pub(super) fn read(value: Value, me: &Me) -> Read {
    // The type first: other events have other shapes under the same names.
    let event = value.get("event").map(kind).unwrap_or_default();
    let mention = match event {
        "app_mention" => true,
        "message" => false,
        _ => return Err("an event that we do not handle"),
    };
    let callback: Callback =
        serde_json::from_value(value).map_err(|_| "an event of an unknown shape")?;
    let message = &callback.event;
    // In channels only a mention is meant for us; it arrives as an event of its own.
    if !mention && message.channel_type.as_deref() != Some("im") {
        return Err("a message that is not meant for us");
    }
    spoken_by_a_person(message, me)?;
    said(&callback, mention, me)
}

/// Our own messages come back as events: answering them would never end.
fn spoken_by_a_person(message: &Message, me: &Me) -> Result<(), &'static str> {
    if message.bot_id.is_some() || (message.user.is_some() && message.user == me.user) {
        return Err("a message of a bot");
    }
    if message.hidden.as_bool() == Some(true) || message.edited.is_object() {
        return Err("an edit");
    }
    match message.subtype.as_deref() {
        None => Ok(()),
        Some(subtype) if SPOKEN.contains(&subtype) => Ok(()),
        Some(_) => Err("a message of an unspoken kind"),
    }
}

fn said(callback: &Callback, mention: bool, me: &Me) -> Read {
    let message = &callback.event;
    let workspace = team_of_author(callback).ok_or("an event without a team")?;
    let user = message.user.clone().ok_or("a message without a user")?;
    let channel = message
        .channel
        .clone()
        .ok_or("a message without a channel")?;
    let ts = message.ts.clone().ok_or("a message without a time")?;
    let mut keys = Vec::with_capacity(2);
    if let Some(id) = &callback.event_id {
        keys.push(format!("evt:{id}"));
    }
    // A mention that is delivered as a message too is still one message.
    keys.push(format!("msg:{workspace}:{channel}:{ts}"));
    let words = message.text.as_deref().unwrap_or_default();
    let inbound = Inbound {
        from: Identity {
            platform: platform(),
            id: user,
        },
        display_name: None,
        at: Conversation {
            platform: platform(),
            workspace,
            channel,
            thread: Some(message.thread_ts.clone().unwrap_or(ts)),
        },
        gesture: Gesture::Say {
            text: text::plain(&text::without_mention(words, mention, me.user.as_deref())),
        },
        reply_handle: None,
        form_handle: None,
    };
    Ok((keys, inbound))
}

/// The team of who wrote it. In shared channels it is not the one the event was delivered for;
/// within an organisation the organisation's own id may stand there.
fn team_of_author(callback: &Callback) -> Option<String> {
    let message = &callback.event;
    let own = [&message.user_team, &message.team]
        .into_iter()
        .flatten()
        .find(|team| Some(*team) != callback.enterprise_id.as_ref());
    match (own, callback.team_id.as_ref()) {
        // Of two workspaces one is not ours: together they are nobody's.
        (Some(own), Some(around)) if own != around => Some(format!("{own}@{around}")),
        (own, around) => own.or(around).cloned(),
    }
}
