//! Who we are, who they are, and a ticket for a socket.

use serde_json::{Value, json};

use super::{Context, Failure};

pub(super) fn auth_test(context: &mut Context<'_>) -> Value {
    json!({
        "url": format!("{}/", context.root),
        "team": "Fakes",
        "user": "nightshift",
        "team_id": context.bot.team,
        "user_id": context.bot.user,
        "bot_id": context.bot.id,
        "is_enterprise_install": false,
    })
}

pub(super) fn info(context: &mut Context<'_>) -> Result<Value, Failure> {
    let person = context
        .state
        .people
        .get(context.text("user"))
        .ok_or_else(|| Failure::word("user_not_found"))?;
    Ok(json!({"user": {
        "id": person.id,
        "team_id": person.team,
        "name": person.name,
        "real_name": person.name,
        "deleted": false,
        "is_bot": false,
        "profile": {"display_name": person.name, "real_name": person.name},
    }}))
}

pub(super) fn open_socket(context: &mut Context<'_>) -> Value {
    let ticket = format!("ticket-{}", context.state.next());
    context.state.tickets.insert(ticket.clone());
    let root = context.root.replacen("http://", "ws://", 1);
    json!({"url": format!("{root}/link/{ticket}?app_id={}", context.bot.app)})
}
