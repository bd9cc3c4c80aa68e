//! Slack's error words and lost calls → [`ChatError`].

use nightshift_core::chat::budget::{Act, Limit, Scope};
use nightshift_core::error::Retry;
use nightshift_core::id::Platform;
use nightshift_core::port::{ChatError, ChatKind};
use nightshift_http::{HttpError, HttpKind};

/// What happens when a call is made twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// The same as once: a lost answer is simply asked for again.
    Harmless,
    /// A second message: a lost answer must be said to be lost.
    Visible,
}

impl Repeat {
    /// The kind of a call that broke off after it was sent.
    pub(crate) fn lost(self) -> ChatKind {
        match self {
            Self::Harmless => ChatKind::Unavailable,
            Self::Visible => ChatKind::Ambiguous,
        }
    }
}

/// What an error word of the Web API means.
/// <https://docs.slack.dev/reference/methods/chat.postMessage#errors>
pub(crate) fn kind_of(word: &str, repeat: Repeat) -> ChatKind {
    match word {
        "invalid_auth"
        | "not_authed"
        | "account_inactive"
        | "token_revoked"
        | "token_expired"
        | "org_login_required"
        | "two_factor_setup_required" => ChatKind::Unauthorized,
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => ChatKind::RateLimited,
        "message_not_found"
        | "cant_update_message"
        | "edit_window_closed"
        | "is_inactive"
        | "is_archived"
        | "thread_not_found"
        | "cannot_reply_to_message"
        | "user_not_found"
        | "users_not_found"
        | "user_disabled" => ChatKind::NotFound,
        // Slack says `channel_not_found` of every private channel that the bot is not in.
        "channel_not_found"
        | "not_in_channel"
        | "user_not_in_channel"
        | "invalid_channel"
        | "posting_to_channel_denied"
        | "access_denied"
        | "missing_scope"
        | "no_permission"
        | "ekm_access_denied"
        | "messages_tab_disabled"
        | "app_access_restricted"
        | "not_allowed_token_type"
        | "team_access_not_granted"
        | "cannot_dm_bot"
        | "file_uploads_disabled"
        | "file_uploads_except_images_disabled"
        | "file_type_not_allowed"
        | "blocked_file_type"
        | "file_upload_size_restricted"
        | "storage_limit_reached" => ChatKind::NotAllowed,
        "expired_trigger_id"
        | "exchanged_trigger_id"
        | "invalid_trigger_id"
        | "trigger_expired"
        | "trigger_exchanged"
        | "used_url"
        | "expired_url" => ChatKind::Expired,
        // "Possible some aspect of the operation succeeded before the error was raised."
        "fatal_error" | "internal_error" | "request_timeout" => repeat.lost(),
        "service_unavailable"
        | "team_added_to_org"
        | "external_channel_migrating"
        | "update_failed" => ChatKind::Unavailable,
        restricted if restricted.starts_with("restricted_action") => ChatKind::NotAllowed,
        _ => ChatKind::Invalid,
    }
}

/// Slack's limits are each method's own in a workspace, as callers take them to be; but for these
/// words, which are about too many messages in one channel.
/// <https://docs.slack.dev/apis/web-api/rate-limits>
pub(crate) fn limit_of(word: &str) -> Option<Limit> {
    matches!(word, "rate_limited" | "message_limit_exceeded").then_some(Limit {
        act: Act::Post,
        scope: Scope::Channel,
    })
}

/// An error with a kind; whether to try again follows from it, unless the service said when.
pub(crate) fn chat_error(kind: ChatKind, message: impl Into<String>) -> ChatError {
    let retry = match kind {
        ChatKind::RateLimited | ChatKind::Unavailable | ChatKind::Ambiguous => Retry::Soon,
        ChatKind::NotFound
        | ChatKind::NotAllowed
        | ChatKind::Unauthorized
        | ChatKind::Invalid
        | ChatKind::Expired => Retry::Never,
    };
    ChatError {
        kind,
        retry,
        limit: None,
        platform: Platform::new("slack"),
        message: message.into(),
        source: None,
    }
}

/// A call without an answer.
pub(crate) fn unanswered(error: HttpError, repeat: Repeat) -> ChatError {
    let kind = match error.kind {
        HttpKind::Forbidden => ChatKind::NotAllowed,
        HttpKind::Unreachable => ChatKind::Unavailable,
        HttpKind::Lost => repeat.lost(),
    };
    ChatError {
        source: Some(Box::new(error)),
        ..chat_error(kind, "no answer")
    }
}
