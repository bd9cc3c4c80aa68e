//! What people are told: stored as intent, turned into words when it is sent.
//!
//! A card is rendered from the committed row at the moment of sending, never from the click that
//! caused it; that also makes newest-revision-only delivery free.

use serde::{Deserialize, Serialize};

use crate::card::Card;
use crate::id::TaskId;

/// What a move of a task says to its origin conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskNotice {
    /// Bring the current card up to date.
    Card,
    /// Bring the card of the plan before up to date: it no longer decides anything.
    SupersededCard,
    /// A new card for the next plan; shown as "planning" only when the plan takes its time.
    PlanningCard,
    /// The one message at the end, with the answer.
    Final,
    /// An attempt was lost and the task will run again: said openly.
    LostAttempt,
    /// For the operators, wherever the task came from: the task itself is the likely cause.
    GivenUp,
}

impl TaskNotice {
    /// Its word in documents and tests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::SupersededCard => "superseded_card",
            Self::PlanningCard => "planning_card",
            Self::Final => "final",
            Self::LostAttempt => "lost_attempt",
            Self::GivenUp => "given_up",
        }
    }
}

/// One message to send, as it is stored in the outbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "v", rename_all = "snake_case")]
pub enum Notice {
    /// The card of plan number `plan_no`; posted once, edited afterwards.
    TaskCard {
        task: TaskId,
        plan_no: u32,
    },
    /// The final message of the attempt with this fence (0 where nothing ran).
    Final {
        task: TaskId,
        fence: i64,
    },
    /// One more part of a final message that was too long for one.
    Part {
        task: TaskId,
        text: String,
    },
    LostAttempt {
        task: TaskId,
        fence: i64,
    },
    /// The plan still waits for a decision, and not for long any more.
    ApprovalReminder {
        task: TaskId,
        plan_no: u32,
    },
    /// To the operators: nobody will try this task again by itself.
    GivenUp {
        task: TaskId,
    },
    /// The whole answer as a file, where it is too long for messages.
    AnswerFile {
        task: TaskId,
    },
    /// A file of the result.
    File {
        task: TaskId,
        fence: i64,
        path: String,
    },
    /// An answer whose words do not change: help, a refusal, a list.
    Say {
        card: Card,
    },
    /// The complete request and plan, for Details.
    Details {
        task: TaskId,
        plan_no: u32,
    },
}
