//! Messages of the app.

use serde_json::{Value, json};

use super::{Context, Failure};
use crate::slack::blocks::{check_fallback, check_message, fill_ids};
use crate::slack::message::{Channel, ChannelKind, Message, to_json};

/// Beyond this Slack cuts a post silently.
const TEXT_CUT: usize = 40_000;
/// Beyond this Slack advises against a post, and may split it.
const TEXT_ADVISED: usize = 4000;
/// Beyond this an edit is refused.
const UPDATE_TEXT: usize = 4000;

pub(super) fn post(context: &mut Context<'_>) -> Result<Value, Failure> {
    let channel = addressed(context)?;
    may_speak(context, &channel)?;
    let mut message = compose(context, &channel, "chat.postMessage")?;
    message.thread_ts = thread(context, &channel)?;
    message.unfurled = unfurls(context, &message);
    if message.text.chars().count() > TEXT_CUT {
        message.text = message.text.chars().take(TEXT_CUT).collect();
    }
    let ts = message.ts.clone();
    let event = posted(context, &channel, &message);
    context.events.push(event);
    let shown = to_json(&message, context.bot, true);
    context.state.messages.push(message);
    Ok(json!({"channel": channel.id, "ts": ts, "message": shown}))
}

pub(super) fn update(context: &mut Context<'_>) -> Result<Value, Failure> {
    let channel = context.channel(context.text("channel"))?;
    let ts = context.text("ts").to_owned();
    let (before, ours) = context
        .state
        .message(&channel.id, &ts)
        .filter(|message| !message.deleted)
        .map(|message| (message.clone(), message.ours))
        .ok_or_else(|| Failure::word("message_not_found"))?;
    if !ours {
        return Err(Failure::word("cant_update_message"));
    }
    if channel.archived {
        return Err(Failure::word("is_inactive"));
    }
    if context.text("text").chars().count() > UPDATE_TEXT {
        return Err(Failure::word("msg_too_long"));
    }
    let composed = compose(context, &channel, "chat.update")?;
    let now = context.now;
    let message = context
        .state
        .message_mut(&channel.id, &ts)
        .ok_or_else(|| Failure::word("message_not_found"))?;
    message.history.push(before.version());
    message.text = composed.text;
    message.blocks = composed.blocks;
    if composed.metadata.is_some() {
        message.metadata = composed.metadata;
    }
    message.edited_at_ms = Some(now);
    let after = message.clone();
    let event = changed(context, &channel, &before, &after);
    context.events.push(event);
    let shown = to_json(&after, context.bot, true);
    Ok(json!({"channel": channel.id, "ts": ts, "text": after.text, "message": shown}))
}

pub(super) fn post_ephemeral(context: &mut Context<'_>) -> Result<Value, Failure> {
    let channel = context.channel(context.text("channel"))?;
    may_speak(context, &channel)?;
    let user = context.text("user").to_owned();
    if !context.state.people.contains_key(&user) {
        return Err(Failure::word("user_not_in_channel"));
    }
    let mut message = compose(context, &channel, "chat.postEphemeral")?;
    message.thread_ts = thread(context, &channel)?;
    message.ephemeral_to = Some(user);
    let ts = message.ts.clone();
    context.state.messages.push(message);
    Ok(json!({"message_ts": ts}))
}

pub(super) fn delete(context: &mut Context<'_>) -> Result<Value, Failure> {
    let channel = context.channel(context.text("channel"))?;
    let ts = context.text("ts").to_owned();
    let message = context
        .state
        .message_mut(&channel.id, &ts)
        .filter(|message| !message.deleted)
        .ok_or_else(|| Failure::word("message_not_found"))?;
    if !message.ours {
        return Err(Failure::word("cant_delete_message"));
    }
    message.deleted = true;
    Ok(json!({"channel": channel.id, "ts": ts}))
}

/// The channel, or for a person's id the direct conversation with them.
fn addressed(context: &mut Context<'_>) -> Result<Channel, Failure> {
    let id = context.text("channel").to_owned();
    if context.state.people.contains_key(&id) {
        return super::conversations::direct(context, &id);
    }
    context.channel(&id)
}

pub(super) fn may_speak(context: &Context<'_>, channel: &Channel) -> Result<(), Failure> {
    if channel.archived {
        return Err(Failure::word("is_archived"));
    }
    let public = channel.kind == ChannelKind::Public;
    let anywhere = context.state.scopes.contains("chat:write.public");
    if channel.has_bot || (public && anywhere) {
        Ok(())
    } else {
        Err(Failure::word("not_in_channel"))
    }
}

/// The parent that a reply belongs to; it must exist.
pub(super) fn thread(
    context: &mut Context<'_>,
    channel: &Channel,
) -> Result<Option<String>, Failure> {
    if !context.has("thread_ts") {
        return Ok(None);
    }
    let ts = context.text("thread_ts").to_owned();
    let parent = context
        .state
        .message(&channel.id, &ts)
        .map(|parent| parent.root().to_owned())
        .ok_or_else(|| Failure::word("thread_not_found"))?;
    if parent != ts {
        context
            .state
            .violation("thread_ts is a reply's ts instead of its parent's");
    }
    Ok(Some(parent))
}

/// A message of the app from the arguments, not yet posted.
fn compose(context: &mut Context<'_>, channel: &Channel, method: &str) -> Result<Message, Failure> {
    let text = context.text("text").to_owned();
    let blocks = checked_blocks(context, method)?;
    if context.has("markdown_text") && (context.has("text") || context.has("blocks")) {
        return Err(Failure::word("markdown_text_conflict"));
    }
    let text = if context.has("markdown_text") {
        context.text("markdown_text").to_owned()
    } else {
        text
    };
    if text.is_empty() && blocks.is_empty() && !context.has("attachments") {
        return Err(Failure::word("no_text"));
    }
    if text.is_empty() {
        context.warnings.push("missing_text_in_message");
        context
            .state
            .violation(format!("{method}: blocks without a text beside them"));
    }
    if text.chars().count() > TEXT_ADVISED {
        context
            .state
            .violation(format!("{method}: text over {TEXT_ADVISED} characters"));
    }
    for note in check_fallback(&text) {
        context.state.violation(format!("{method}: {note} [text]"));
    }
    let ts = context.state.next_ts(context.now);
    Ok(Message {
        channel: channel.id.clone(),
        ts,
        thread_ts: None,
        author: context.bot.user.clone(),
        ours: true,
        text,
        blocks,
        metadata: metadata(context)?,
        files: Vec::new(),
        history: Vec::new(),
        deleted: false,
        at_ms: context.now,
        edited_at_ms: None,
        ephemeral_to: None,
        unfurled: false,
    })
}

fn checked_blocks(context: &mut Context<'_>, method: &str) -> Result<Vec<Value>, Failure> {
    let Some(mut blocks) = context.args.get("blocks").filter(|b| !b.is_null()).cloned() else {
        return Ok(Vec::new());
    };
    if !blocks.is_array() {
        return Err(Failure::word("invalid_blocks_format"));
    }
    let found = check_message(&blocks);
    for note in found.notes {
        context.state.violation(format!("{method}: {note}"));
    }
    if !found.errors.is_empty() {
        let reason = found.errors.join("; ");
        context.state.violation(format!("{method}: {reason}"));
        return Err(Failure::because("invalid_blocks", found.errors));
    }
    fill_ids(&mut blocks, || context.state.next());
    Ok(blocks.as_array().cloned().unwrap_or_default())
}

fn metadata(context: &Context<'_>) -> Result<Option<Value>, Failure> {
    let Some(metadata) = context.args.get("metadata").filter(|m| !m.is_null()) else {
        return Ok(None);
    };
    let well_formed = metadata["event_type"].is_string() && metadata["event_payload"].is_object();
    if well_formed {
        Ok(Some(metadata.clone()))
    } else {
        Err(Failure::word("invalid_metadata_format"))
    }
}

/// Slack fetches addresses in a message unless both kinds of unfurling are off.
fn unfurls(context: &Context<'_>, message: &Message) -> bool {
    let off = |key| context.flag(key) == Some(false);
    let body = format!("{} {}", message.text, Value::from(message.blocks.clone()));
    let has_link = body.contains("http://") || body.contains("https://");
    has_link && !(off("unfurl_links") && off("unfurl_media"))
}

/// The event that tells the app about its own post.
pub(super) fn posted(context: &Context<'_>, channel: &Channel, message: &Message) -> Value {
    let mut event = to_json(message, context.bot, true);
    event["channel"] = channel.id.clone().into();
    event["channel_type"] = channel.kind.word().into();
    event["event_ts"] = message.ts.clone().into();
    event
}

fn changed(
    context: &mut Context<'_>,
    channel: &Channel,
    before: &Message,
    after: &Message,
) -> Value {
    let ts = context.state.next_ts(context.now);
    json!({
        "type": "message",
        "subtype": "message_changed",
        "hidden": true,
        "channel": channel.id,
        "channel_type": channel.kind.word(),
        "ts": ts,
        "event_ts": ts,
        "message": to_json(after, context.bot, true),
        "previous_message": to_json(before, context.bot, true),
    })
}
