//! Slash commands. They have no thread and no message: our own card opens the thread.

use nightshift_core::chat::{Conversation, Gesture, Identity, Inbound};

use super::{Read, platform, text};
use crate::wire::Slash;

/// The one command of the manifest.
pub(crate) const COMMAND: &str = "/nightshift";

pub(super) fn read(command: Slash, body_hash: &[u8; 32]) -> Read {
    if command.command.as_deref() != Some(COMMAND) {
        return Err("a command that is not ours");
    }
    let workspace = command.team_id.ok_or("a command without a team")?;
    let channel = command.channel_id.ok_or("a command without a channel")?;
    let user = command.user_id.ok_or("a command without a user")?;
    let key = match &command.trigger_id {
        Some(trigger) => format!("cmd:{trigger}"),
        None => format!("cmd:{}", hex::encode(body_hash)),
    };
    let inbound = Inbound {
        from: Identity {
            platform: platform(),
            id: user,
        },
        display_name: command.user_name,
        at: Conversation {
            platform: platform(),
            workspace,
            channel,
            thread: None,
        },
        gesture: Gesture::Say {
            text: text::plain(&command.text.unwrap_or_default()),
        },
        reply_handle: command.response_url,
        form_handle: command.trigger_id,
    };
    Ok((vec![key], inbound))
}
