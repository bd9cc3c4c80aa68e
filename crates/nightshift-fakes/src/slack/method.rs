//! The Web API's methods: arguments, scopes and tiers, from Slack's reference of 2026-08.

/// How fast a method may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    /// Calls per minute in this workspace.
    PerMinute(usize),
    /// About one a second in each channel.
    PerChannel,
    /// Slack says "hundreds per minute".
    Generous,
}

/// Which token a method takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    Bot,
    App,
}

#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) name: &'static str,
    pub(crate) takes_json: bool,
    pub(crate) token: Token,
    pub(crate) tier: Tier,
    /// Scopes that do not depend on the channel.
    pub(crate) scope: Option<&'static str>,
    pub(crate) required: &'static [&'static str],
    pub(crate) optional: &'static [&'static str],
}

const T3: Tier = Tier::PerMinute(50);
const T4: Tier = Tier::PerMinute(100);

const fn bot(name: &'static str, tier: Tier, scope: Option<&'static str>) -> Method {
    Method {
        name,
        takes_json: true,
        token: Token::Bot,
        tier,
        scope,
        required: &[],
        optional: &[],
    }
}

const POST_OPTIONS: &[&str] = &[
    "as_user",
    "attachments",
    "blocks",
    "icon_emoji",
    "icon_url",
    "link_names",
    "markdown_text",
    "metadata",
    "mrkdwn",
    "parse",
    "reply_broadcast",
    "text",
    "thread_ts",
    "unfurl_links",
    "unfurl_media",
    "username",
];

const HISTORY_OPTIONS: &[&str] = &[
    "cursor",
    "include_all_metadata",
    "inclusive",
    "latest",
    "limit",
    "oldest",
];

pub(crate) const METHODS: &[Method] = &[
    bot("auth.test", Tier::Generous, None),
    Method {
        required: &["channel"],
        optional: POST_OPTIONS,
        ..bot("chat.postMessage", Tier::PerChannel, Some("chat:write"))
    },
    Method {
        required: &["channel", "ts"],
        optional: &[
            "as_user",
            "attachments",
            "unfurled_attachments",
            "blocks",
            "markdown_text",
            "metadata",
            "link_names",
            "parse",
            "text",
            "reply_broadcast",
            "file_ids",
        ],
        ..bot("chat.update", T3, Some("chat:write"))
    },
    Method {
        required: &["channel", "user"],
        optional: &[
            "as_user",
            "attachments",
            "blocks",
            "icon_emoji",
            "icon_url",
            "link_names",
            "markdown_text",
            "metadata",
            "parse",
            "text",
            "thread_ts",
            "username",
        ],
        ..bot("chat.postEphemeral", T4, Some("chat:write"))
    },
    Method {
        required: &["channel", "ts"],
        optional: &["as_user"],
        ..bot("chat.delete", T3, Some("chat:write"))
    },
    Method {
        optional: &["channel", "return_im", "users", "prevent_creation"],
        ..bot("conversations.open", T3, Some("im:write"))
    },
    Method {
        takes_json: false,
        required: &["channel", "ts"],
        optional: HISTORY_OPTIONS,
        ..bot("conversations.replies", T3, None)
    },
    Method {
        required: &["channel"],
        optional: HISTORY_OPTIONS,
        ..bot("conversations.history", T3, None)
    },
    Method {
        takes_json: false,
        required: &["channel"],
        optional: &["include_locale", "include_num_members"],
        ..bot("conversations.info", T3, None)
    },
    Method {
        takes_json: false,
        required: &["user"],
        optional: &["include_locale"],
        ..bot("users.info", T4, Some("users:read"))
    },
    Method {
        required: &["view", "trigger_id"],
        ..bot("views.open", T4, None)
    },
    Method {
        takes_json: false,
        required: &["filename", "length"],
        optional: &["snippet_type", "alt_txt"],
        ..bot("files.getUploadURLExternal", T4, Some("files:write"))
    },
    Method {
        required: &["files"],
        optional: &[
            "channel_id",
            "thread_ts",
            "channels",
            "initial_comment",
            "blocks",
            "username",
            "icon_url",
            "icon_emoji",
        ],
        ..bot("files.completeUploadExternal", T4, Some("files:write"))
    },
    Method {
        required: &["channel", "name", "timestamp"],
        ..bot("reactions.add", T3, Some("reactions:write"))
    },
    Method {
        token: Token::App,
        ..bot("apps.connections.open", T3, None)
    },
];

pub(crate) fn find(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name == name)
}
