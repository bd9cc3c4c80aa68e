//! The three-step upload: ticket, bytes, share.

use serde_json::{Value, json};

use super::chat::{may_speak, posted, thread};
use super::{Context, Failure};
use crate::slack::message::{Channel, FileShared, Message};
use crate::slack::state::Upload;

pub(super) fn ticket(context: &mut Context<'_>) -> Result<Value, Failure> {
    let length = context.number("length").unwrap_or_default();
    if length == 0 {
        return Err(Failure::word("missing_argument"));
    }
    let id = format!("F{:08}", context.state.next());
    let upload = Upload {
        name: context.text("filename").to_owned(),
        length: length as usize,
        bytes: None,
    };
    context.state.uploads.insert(id.clone(), upload);
    let url = format!("{}/upload/v1/{id}", context.root);
    Ok(json!({"upload_url": url, "file_id": id}))
}

pub(super) fn complete(context: &mut Context<'_>) -> Result<Value, Failure> {
    let asked = context.args["files"]
        .as_array()
        .filter(|files| !files.is_empty())
        .cloned()
        .ok_or_else(|| Failure::word("invalid_arguments"))?;
    let channel = if context.has("channel_id") {
        let channel = context.channel(context.text("channel_id"))?;
        may_speak(context, &channel)?;
        Some(channel)
    } else {
        None
    };
    let thread = match &channel {
        Some(channel) => thread(context, channel)?,
        None => None,
    };
    let ready = |file: &Value| {
        let upload = file["id"]
            .as_str()
            .and_then(|id| context.state.uploads.get(id));
        upload.is_some_and(|upload| upload.bytes.is_some())
    };
    if !asked.iter().all(ready) {
        return Err(Failure::word("file_not_found"));
    }
    let files: Vec<FileShared> = asked
        .iter()
        .filter_map(|file| take(context, file, channel.as_ref(), thread.as_deref()))
        .collect();
    let shown: Vec<Value> = files
        .iter()
        .map(|file| json!({"id": file.id, "title": file.title}))
        .collect();
    if let Some(channel) = &channel {
        share(context, channel, thread, &files);
    }
    context.state.files.extend(files);
    Ok(json!({"files": shown}))
}

fn take(
    context: &mut Context<'_>,
    file: &Value,
    channel: Option<&Channel>,
    thread: Option<&str>,
) -> Option<FileShared> {
    let id = file["id"].as_str()?.to_owned();
    let upload = context.state.uploads.remove(&id)?;
    let comment = context.text("initial_comment");
    Some(FileShared {
        title: file["title"].as_str().unwrap_or(&upload.name).to_owned(),
        id,
        name: upload.name,
        bytes: upload.bytes?,
        channel: channel
            .map(|channel| channel.id.clone())
            .unwrap_or_default(),
        thread_ts: thread.map(str::to_owned),
        comment: (!comment.is_empty()).then(|| comment.to_owned()),
        at_ms: context.now,
    })
}

/// The message that shows the files in the channel.
fn share(
    context: &mut Context<'_>,
    channel: &Channel,
    thread: Option<String>,
    files: &[FileShared],
) {
    let ts = context.state.next_ts(context.now);
    let message = Message {
        channel: channel.id.clone(),
        ts,
        thread_ts: thread,
        author: context.bot.user.clone(),
        ours: true,
        text: context.text("initial_comment").to_owned(),
        blocks: Vec::new(),
        metadata: None,
        files: files.iter().map(|file| file.id.clone()).collect(),
        history: Vec::new(),
        deleted: false,
        at_ms: context.now,
        edited_at_ms: None,
        ephemeral_to: None,
        unfurled: false,
    };
    let mut event = posted(context, channel, &message);
    event["subtype"] = "file_share".into();
    context.events.push(event);
    context.state.messages.push(message);
}
