//! Channels, their history, and reactions.

use serde_json::{Value, json};

use super::{Context, Failure};
use crate::slack::message::{Channel, ChannelKind, Message, to_json};

pub(super) fn open(context: &mut Context<'_>) -> Result<Value, Failure> {
    if context.has("channel") {
        let channel = context.channel(context.text("channel"))?;
        return Ok(json!({"channel": {"id": channel.id}}));
    }
    let users = context.text("users").to_owned();
    if users.is_empty() {
        return Err(Failure::word("users_list_not_supplied"));
    }
    if users.contains(',') {
        return Err(Failure::word("method_not_supported_for_channel_type"));
    }
    if !context.state.people.contains_key(&users) {
        return Err(Failure::word("user_not_found"));
    }
    let channel = direct(context, &users)?;
    Ok(json!({"channel": {"id": channel.id}}))
}

/// The direct conversation with a person, made when it is new.
pub(super) fn direct(context: &mut Context<'_>, user: &str) -> Result<Channel, Failure> {
    let id = crate::slack::people::direct_id(user);
    let known = context.state.people.contains_key(user);
    if !known {
        return Err(Failure::word("channel_not_found"));
    }
    Ok(context
        .state
        .channels
        .entry(id.clone())
        .or_insert_with(|| Channel {
            id,
            name: "directmessage".to_owned(),
            kind: ChannelKind::Direct,
            has_bot: true,
            archived: false,
        })
        .clone())
}

pub(super) fn info(context: &mut Context<'_>) -> Result<Value, Failure> {
    let channel = context.channel(context.text("channel"))?;
    context.need_scope(channel.kind.read_scope())?;
    Ok(json!({"channel": {
        "id": channel.id,
        "name": channel.name,
        "is_channel": channel.kind == ChannelKind::Public,
        "is_im": channel.kind == ChannelKind::Direct,
        "is_private": channel.kind != ChannelKind::Public,
        "is_archived": channel.archived,
        "is_member": channel.has_bot,
    }}))
}

pub(super) fn replies(context: &mut Context<'_>) -> Result<Value, Failure> {
    let channel = context.channel(context.text("channel"))?;
    context.need_scope(channel.kind.history_scope())?;
    let ts = context.text("ts").to_owned();
    let root = context
        .state
        .message(&channel.id, &ts)
        .map(|message| message.root().to_owned())
        .ok_or_else(|| Failure::word("thread_not_found"))?;
    let found: Vec<Message> = in_channel(context, &channel)
        .filter(|message| message.root() == root)
        .cloned()
        .collect();
    page(context, found, 1000)
}

/// Newest first, without replies.
pub(super) fn history(context: &mut Context<'_>) -> Result<Value, Failure> {
    let channel = context.channel(context.text("channel"))?;
    if !channel.has_bot {
        return Err(Failure::word("not_in_channel"));
    }
    context.need_scope(channel.kind.history_scope())?;
    let mut found: Vec<Message> = in_channel(context, &channel)
        .filter(|message| message.thread_ts.is_none())
        .cloned()
        .collect();
    found.reverse();
    page(context, found, 100)
}

fn in_channel<'a>(
    context: &'a Context<'_>,
    channel: &'a Channel,
) -> impl Iterator<Item = &'a Message> {
    context.state.messages.iter().filter(|message| {
        message.channel == channel.id && !message.deleted && message.ephemeral_to.is_none()
    })
}

/// One page between `oldest` and `latest`, from the cursor on.
fn page(context: &Context<'_>, found: Vec<Message>, default: u64) -> Result<Value, Failure> {
    let inclusive = context.flag("inclusive") == Some(true);
    let (oldest, latest) = (context.text("oldest"), context.text("latest"));
    let after = |ts: &str| oldest.is_empty() || ts > oldest || (inclusive && ts == oldest);
    let before = |ts: &str| latest.is_empty() || ts < latest || (inclusive && ts == latest);
    let found: Vec<Message> = found
        .into_iter()
        .filter(|message| after(&message.ts) && before(&message.ts))
        .collect();
    let start = match context.text("cursor") {
        "" => 0,
        cursor => cursor
            .strip_prefix("next:")
            .and_then(|start| start.parse().ok())
            .ok_or_else(|| Failure::word("invalid_cursor"))?,
    };
    let limit = context.number("limit").unwrap_or(default).clamp(1, 999) as usize;
    let with_metadata = context.flag("include_all_metadata") == Some(true);
    let shown: Vec<Value> = found
        .iter()
        .skip(start)
        .take(limit)
        .map(|message| {
            let mut shown = to_json(message, context.bot, with_metadata);
            let replies = context.state.replies(&message.channel, &message.ts);
            if replies > 0 {
                shown["thread_ts"] = message.ts.clone().into();
                shown["reply_count"] = replies.into();
            }
            shown
        })
        .collect();
    let more = start + shown.len() < found.len();
    let mut answer = json!({"messages": shown, "has_more": more});
    if more {
        let cursor = format!("next:{}", start + limit);
        answer["response_metadata"] = json!({"next_cursor": cursor});
    }
    Ok(answer)
}

pub(super) fn react(context: &mut Context<'_>) -> Result<Value, Failure> {
    let channel = context.channel(context.text("channel"))?;
    let ts = context.text("timestamp").to_owned();
    let name = context.text("name").to_owned();
    if name.is_empty() || name.contains(':') {
        return Err(Failure::word("invalid_name"));
    }
    if context.state.message(&channel.id, &ts).is_none() {
        return Err(Failure::word("message_not_found"));
    }
    if context.state.reactions.insert((channel.id, ts, name)) {
        Ok(json!({}))
    } else {
        Err(Failure::word("already_reacted"))
    }
}
