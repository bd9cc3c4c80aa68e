//! Presses on our buttons, and our form when it comes back.

use nightshift_core::chat::{Conversation, Gesture, Identity, Inbound};
use nightshift_core::id::ActionToken;
use serde_json::Value;

use super::{Read, kind, platform};
use crate::wire::{Interaction, View};

/// Names our form; the form's own token travels in `private_metadata`.
pub(crate) const FORM_CALLBACK: &str = "ns_form";
pub(crate) const FORM_BLOCK: &str = "ns_text";
pub(crate) const FORM_ACTION: &str = "ns_text";

pub(super) fn read(value: Value) -> Read {
    let read = match kind(&value) {
        "block_actions" => pressed,
        "view_submission" => submitted,
        _ => return Err("an interaction that we do not handle"),
    };
    let interaction =
        serde_json::from_value(value).map_err(|_| "an interaction of an unknown shape")?;
    read(interaction)
}

fn pressed(interaction: Interaction) -> Read {
    let action = interaction
        .actions
        .iter()
        .find(|action| {
            action.kind.as_deref() == Some("button")
                && action.value.is_some()
                && action.url.is_none()
        })
        .ok_or("a press without a value of ours")?;
    let value = action.value.clone().unwrap_or_default();
    let workspace = team_of_person(&interaction).ok_or("a press without a team")?;
    let user = interaction
        .user
        .id
        .clone()
        .ok_or("a press without a user")?;
    let container = &interaction.container;
    let message = &interaction.message;
    let channel = first(
        interaction.channel.id.as_ref(),
        container.channel_id.as_ref(),
    )
    .ok_or("a press outside a conversation")?;
    let message_ts = first(container.message_ts.as_ref(), message.ts.as_ref());
    let press = format!(
        "press:{channel}:{}:{user}:{value}:{}",
        message_ts.as_deref().unwrap_or_default(),
        action.action_ts.as_deref().unwrap_or_default(),
    );
    let trigger = interaction.trigger_id.clone();
    let keys = trigger
        .iter()
        .map(|trigger| format!("act:{trigger}"))
        .chain([press])
        .collect();
    let thread = first(container.thread_ts.as_ref(), message.thread_ts.as_ref());
    let gesture = Gesture::Press {
        action: ActionToken::new(value),
    };
    let at = conversation(workspace, channel, thread);
    Ok((keys, inbound(interaction, user, at, gesture)))
}

fn submitted(interaction: Interaction) -> Read {
    let view = interaction.view.as_ref().ok_or("a form without a view")?;
    if view.callback_id.as_deref() != Some(FORM_CALLBACK) {
        return Err("a form that is not ours");
    }
    let form = view
        .private_metadata
        .clone()
        .ok_or("a form without a token of ours")?;
    let workspace = team_of_person(&interaction).ok_or("a form without a team")?;
    let user = interaction.user.id.clone().ok_or("a form without a user")?;
    let view_id = view.id.as_deref().ok_or("a form without an id")?;
    let once = view.hash.as_ref().or(interaction.trigger_id.as_ref());
    let key = format!(
        "view:{view_id}:{}",
        once.map(String::as_str).unwrap_or_default()
    );
    let gesture = Gesture::Submit {
        form: ActionToken::new(form),
        text: typed(view),
    };
    // A form tells no channel: whoever asked for it knows where it belongs.
    let at = conversation(workspace, String::new(), None);
    Ok((vec![key], inbound(interaction, user, at, gesture)))
}

/// What was typed; unlike message text it is not escaped.
fn typed(view: &View) -> String {
    view.state
        .pointer(&format!("/values/{FORM_BLOCK}/{FORM_ACTION}/value"))
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// The team of who pressed. In shared channels `team` may be another one; it is null where the app
/// is installed for a whole organisation.
fn team_of_person(interaction: &Interaction) -> Option<String> {
    first(
        interaction.user.team_id.as_ref(),
        interaction.team.id.as_ref(),
    )
}

fn first(one: Option<&String>, other: Option<&String>) -> Option<String> {
    one.or(other).cloned()
}

fn conversation(workspace: String, channel: String, thread: Option<String>) -> Conversation {
    Conversation {
        platform: platform(),
        workspace,
        channel,
        thread,
    }
}

fn inbound(interaction: Interaction, user: String, at: Conversation, gesture: Gesture) -> Inbound {
    Inbound {
        from: Identity {
            platform: platform(),
            id: user,
        },
        display_name: interaction.user.name.or(interaction.user.username),
        at,
        gesture,
        reply_handle: interaction.response_url,
        form_handle: interaction.trigger_id,
    }
}
