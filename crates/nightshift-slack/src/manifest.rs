//! The app manifest to paste at <https://api.slack.com/apps>: the whole set-up in one step.

use nightshift_http::Url;
use serde_json::{Value, json};

/// What the bot must be allowed, and what each is for.
const SCOPES: [&str; 8] = [
    "app_mentions:read", // @NightShift in channels
    "channels:history",  // to find a message whose sending was interrupted
    "chat:write",        // cards and answers
    "commands",          // /nightshift
    "files:write",       // result files
    "groups:history",    // as channels:history, in private channels
    "im:history",        // direct messages to the bot
    "im:write",          // direct messages to a person
];

/// The manifest for an app at this public address (with or without `/webhook` at its end); without
/// one, for Socket Mode, which needs none.
pub fn manifest(webhook_url: Option<&Url>) -> Value {
    let request_url = webhook_url.map(request_url);
    let mut command = json!({
        "command": "/nightshift",
        "description": "Ask for work; see its plan, approve it, follow it",
        "usage_hint": "what to do | status | help",
        "should_escape": false,
    });
    let mut events = json!({ "bot_events": ["app_mention", "message.im"] });
    let mut interactivity = json!({ "is_enabled": true });
    if let Some(url) = &request_url {
        command["url"] = json!(url);
        events["request_url"] = json!(url);
        interactivity["request_url"] = json!(url);
    }
    json!({
        "_metadata": { "major_version": 2, "minor_version": 1 },
        "display_information": {
            "name": "NightShift",
            "description": "Plans work, asks once, runs exactly that plan",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": false,
                "messages_tab_enabled": true,
                "messages_tab_read_only_enabled": false,
            },
            "bot_user": { "display_name": "NightShift", "always_online": true },
            "slash_commands": [command],
        },
        "oauth_config": { "scopes": { "bot": SCOPES } },
        "settings": {
            "event_subscriptions": events,
            "interactivity": interactivity,
            "org_deploy_enabled": false,
            "socket_mode_enabled": request_url.is_none(),
            "token_rotation_enabled": false,
        },
    })
}

fn request_url(base: &Url) -> String {
    let address = base.as_str().trim_end_matches('/');
    let address = address.strip_suffix("/webhook").unwrap_or(address);
    format!("{address}/webhook/slack")
}
