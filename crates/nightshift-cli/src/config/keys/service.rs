//! Keys below `remote.trigger_service`.

use crate::config::key::{Key, Kind, key};

pub(crate) const TRIGGER: &[Key] = &[
    key("listen", Kind::Listen, "address and port of the server"),
    key(
        "webhook_url",
        Kind::Url,
        "our public address, bare or with /webhook at its end",
    ),
    key("platforms", Kind::Section(PLATFORMS), "where people talk"),
];

const PLATFORMS: &[Key] = &[
    key("slack", Kind::Section(SLACK), "Slack"),
    key("discord", Kind::Section(DISCORD), "Discord"),
    key("telegram", Kind::Section(TELEGRAM), "Telegram"),
    key("whatsapp", Kind::Section(WHATSAPP), "WhatsApp"),
    key("web", Kind::Section(WEB), "the built-in chat page"),
];

const ENABLED: Key = key("enabled", Kind::Flag, "whether it is used");
const API_URL: Key = key("api_url", Kind::Endpoint, "its API, for tests and proxies");
const BOT_TOKEN: Key = key("bot_token", Kind::Secret, "the bot's token");

const SLACK: &[Key] = &[
    ENABLED,
    key("bot_token", Kind::Secret, "the bot user's token, xoxb-…"),
    key("signing_secret", Kind::Secret, "the app's signing secret"),
    key(
        "app_token",
        Kind::Secret,
        "the app-level token, xapp-…, for Socket Mode",
    ),
    key(
        "transport",
        Kind::OneOf(&["auto", "http", "socket"]),
        "auto: socket with an app_token and without a webhook_url",
    ),
    API_URL,
];

const DISCORD: &[Key] = &[
    ENABLED,
    BOT_TOKEN,
    key("public_key", Kind::Secret, "the application's public key"),
    key("application_id", Kind::Text, "the application's id"),
    key(
        "transport",
        Kind::OneOf(&["auto", "http", "gateway"]),
        "auto: gateway without a webhook_url",
    ),
    API_URL,
];

const TELEGRAM: &[Key] = &[
    ENABLED,
    BOT_TOKEN,
    key(
        "secret_token",
        Kind::Secret,
        "of the webhook; derived when left out",
    ),
    key(
        "transport",
        Kind::OneOf(&["auto", "http", "polling"]),
        "auto: polling without a webhook_url",
    ),
    API_URL,
];

const WHATSAPP: &[Key] = &[
    ENABLED,
    key("access_token", Kind::Secret, "the system user's token"),
    key("app_secret", Kind::Secret, "the app's secret"),
    key("phone_number_id", Kind::Text, "the id of our number"),
    key("verify_token", Kind::Secret, "of the webhook's first call"),
    API_URL,
];

const WEB: &[Key] = &[ENABLED];
