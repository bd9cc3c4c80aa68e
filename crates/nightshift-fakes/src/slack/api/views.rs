//! Modals: one per trigger, within three seconds.

use serde_json::{Value, json};

use super::{Context, Failure};
use crate::slack::blocks::{fill_ids, view::check_view};
use crate::slack::message::Modal;

const TRIGGER_TTL_MS: i64 = 3000;
/// Slack refuses larger views.
const VIEW_BYTES: usize = 250 * 1024;

pub(super) fn open(context: &mut Context<'_>) -> Result<Value, Failure> {
    let user = exchange(context)?;
    let mut view = context.args["view"].clone();
    if view.to_string().len() > VIEW_BYTES {
        return Err(Failure::word("view_too_large"));
    }
    let found = check_view(&view);
    for note in found.notes {
        context.state.violation(format!("views.open: {note}"));
    }
    if !found.errors.is_empty() {
        let reason = found.errors.join("; ");
        context.state.violation(format!("views.open: {reason}"));
        return Err(Failure::because("invalid_arguments", found.errors));
    }
    fill_ids(&mut view["blocks"], || context.state.next());
    let id = format!("V{:08}", context.state.next());
    view["id"] = id.clone().into();
    view["team_id"] = context.bot.team.clone().into();
    view["app_id"] = context.bot.app.clone().into();
    view["bot_id"] = context.bot.id.clone().into();
    view["root_view_id"] = id.clone().into();
    view["previous_view_id"] = Value::Null;
    view["hash"] = format!("{}.{}", context.now, id).into();
    view["state"] = json!({"values": {}});
    for (key, default) in [
        ("private_metadata", json!("")),
        ("callback_id", json!("")),
        ("external_id", json!("")),
        ("close", Value::Null),
        ("submit", Value::Null),
        ("clear_on_close", json!(false)),
        ("notify_on_close", json!(false)),
    ] {
        if view.get(key).is_none() {
            view[key] = default;
        }
    }
    context.state.modals.push(Modal {
        id,
        user,
        view: view.clone(),
        open: true,
        errors: json!({}),
    });
    Ok(json!({"view": view}))
}

/// Whose trigger it is; it works once and not for long.
fn exchange(context: &mut Context<'_>) -> Result<String, Failure> {
    let now = context.now;
    let id = context.text("trigger_id").to_owned();
    let trigger = context
        .state
        .triggers
        .get_mut(&id)
        .ok_or_else(|| Failure::word("invalid_trigger_id"))?;
    if trigger.used {
        return Err(Failure::word("exchanged_trigger_id"));
    }
    if now - trigger.at_ms > TRIGGER_TTL_MS {
        return Err(Failure::word("expired_trigger_id"));
    }
    trigger.used = true;
    Ok(trigger.user.clone())
}
