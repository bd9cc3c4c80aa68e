//! How fast Slack may be called.
//! <https://docs.slack.dev/apis/web-api/rate-limits>
//!
//! Slack counts each method in each workspace. A tier's "50+ per minute" is taken as 50 in any
//! minute: 48 a minute and two more at once. Slack permits bursts without saying how large.

use std::time::Duration;

use nightshift_core::chat::budget::{Act, Budget, Scope};

/// Slack's limits, for its adapter and for whoever plays Slack.
pub const BUDGETS: &[Budget] = &[
    // chat.postMessage: "1 per second per channel. Short bursts >1 allowed." A file is shown by a
    // message; long details become either.
    Budget {
        name: "posts of a channel",
        acts: &[Act::Post, Act::File],
        scope: Scope::Channel,
        channels: "",
        every: Duration::from_secs(1),
        burst: 3,
    },
    // "Several hundred messages per minute per workspace": three hundred.
    Budget {
        name: "posts",
        acts: &[Act::Post, Act::File],
        scope: Scope::Workspace,
        channels: "",
        every: Duration::from_millis(200),
        burst: 20,
    },
    // chat.update: tier 3.
    Budget {
        name: "edits",
        acts: &[Act::Edit],
        scope: Scope::Workspace,
        channels: "",
        every: Duration::from_millis(1250),
        burst: 2,
    },
    // A card that changes faster is not read; what it shows is then the newest state.
    Budget {
        name: "edits of a conversation",
        acts: &[Act::Edit],
        scope: Scope::Conversation,
        channels: "",
        every: Duration::from_millis(1200),
        burst: 1,
    },
    // chat.postEphemeral: tier 4.
    Budget {
        name: "whispers",
        acts: &[Act::Whisper],
        scope: Scope::Workspace,
        channels: "",
        every: Duration::from_millis(625),
        burst: 4,
    },
    // files.getUploadURLExternal and files.completeUploadExternal: tier 4 each.
    Budget {
        name: "files",
        acts: &[Act::File],
        scope: Scope::Workspace,
        channels: "",
        every: Duration::from_millis(625),
        burst: 4,
    },
    // conversations.replies and conversations.history: tier 3 each.
    Budget {
        name: "looks",
        acts: &[Act::Find],
        scope: Scope::Workspace,
        channels: "",
        every: Duration::from_millis(1250),
        burst: 2,
    },
];
