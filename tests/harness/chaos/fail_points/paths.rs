//! The paths that a task can take.

use serde_json::json;

use crate::chaos::kill::load::Ends;
use crate::process::Office;

/// Fails, holds on or answers, as its prompt says; writes down when it begins and ends.
pub(super) const AGENT: &str = r#"
prompt=$(cat)
exec 9>>"lock-$NIGHTSHIFT_TASK_ID"
flock --nonblock 9 || echo "$NIGHTSHIFT_TASK_ID $NIGHTSHIFT_FENCE" >>overlaps
echo "$NIGHTSHIFT_TASK_ID $NIGHTSHIFT_FENCE" >>runs
case "$prompt" in
*hold*) until [ -e go ]; do sleep 0.02; done ;;
*fail*) [ -e mended ] || exit 3 ;;
esac
sleep 0.1; echo "I did: $prompt"
echo "$NIGHTSHIFT_TASK_ID $NIGHTSHIFT_FENCE" >>ends
"#;

/// What happens to a task on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// Approved, run, answered.
    Run,
    /// Cancelled while it waits for a decision.
    CancelStaged,
    /// Cancelled while another task takes the only place.
    CancelQueued,
    /// Cancelled while its agent works.
    CancelRunning,
    /// Planned again by the form behind Revise.
    ReviseByForm,
    /// Planned again by words.
    ReviseByWords,
    Reject,
    /// Nobody decides.
    Expire,
    /// It fails, and is tried again.
    Retry,
    /// A stranger asks, somebody asks for help, and the platform refuses and slows us down.
    Trouble,
    /// Asked for where we may not write: it goes on in private.
    Elsewhere,
    /// Its agent tells what it does.
    Steps,
}

impl Path {
    pub const ALL: [Self; 12] = [
        Self::Run,
        Self::CancelStaged,
        Self::CancelQueued,
        Self::CancelRunning,
        Self::ReviseByForm,
        Self::ReviseByWords,
        Self::Reject,
        Self::Expire,
        Self::Retry,
        Self::Trouble,
        Self::Elsewhere,
        Self::Steps,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::CancelStaged => "cancel-staged",
            Self::CancelQueued => "cancel-queued",
            Self::CancelRunning => "cancel-running",
            Self::ReviseByForm => "revise-by-form",
            Self::ReviseByWords => "revise-by-words",
            Self::Reject => "reject",
            Self::Expire => "expire",
            Self::Retry => "retry",
            Self::Trouble => "trouble",
            Self::Elsewhere => "elsewhere",
            Self::Steps => "steps",
        }
    }

    pub(super) fn ends(self) -> Ends {
        match self {
            Self::CancelStaged | Self::CancelQueued | Self::CancelRunning => Ends::Cancelled,
            Self::Reject => Ends::Rejected,
            Self::Expire => Ends::Expired,
            Self::Run
            | Self::ReviseByForm
            | Self::ReviseByWords
            | Self::Retry
            | Self::Trouble
            | Self::Elsewhere
            | Self::Steps => Ends::Done,
        }
    }

    /// What is asked for.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::CancelQueued | Self::CancelRunning => "hold the line",
            Self::Retry => "fail at first",
            _ => "count the stars",
        }
    }

    /// How often its plan is made.
    pub(super) fn plans(self) -> u64 {
        match self {
            Self::ReviseByForm | Self::ReviseByWords | Self::Retry => 2,
            _ => 1,
        }
    }

    /// What the office needs for it.
    pub(super) fn furnish(self, office: &mut Office) {
        let remote = &mut office.site.config["remote"];
        match self {
            Self::CancelQueued => {
                remote["execution"]["local"]["max_concurrent_tasks"] = json!(1);
            }
            Self::Expire => remote["approvals"]["expires"] = "2s".into(),
            Self::Steps => {
                office.site.agent("probe", STEPPING_AGENT);
                let agents = &mut office.site.config["remote"]["execution"]["agents"];
                agents["probe"]["output"] = "claude-stream-json".into();
            }
            _ => {}
        }
    }
}

/// Tells a step, and answers as Claude Code does.
const STEPPING_AGENT: &str = r#"
cat >/dev/null
exec 9>>"lock-$NIGHTSHIFT_TASK_ID"
flock --nonblock 9 || echo "$NIGHTSHIFT_TASK_ID $NIGHTSHIFT_FENCE" >>overlaps
echo "$NIGHTSHIFT_TASK_ID $NIGHTSHIFT_FENCE" >>runs
echo '{"type":"system","subtype":"init","session_id":"s1"}'
echo '{"type":"assistant","message":{"content":[{"type":"tool_use","name":"Bash","input":{"command":"ls"}}]}}'
sleep 0.1
echo '{"type":"result","subtype":"success","is_error":false,"result":"I looked."}'
echo "$NIGHTSHIFT_TASK_ID $NIGHTSHIFT_FENCE" >>ends
"#;
