//! The fake Slack in real time, and what its people see of a task.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use nightshift_fakes::slack::{FakeChannel, FakeSlack, Message, SlackSetup};
use serde_json::Value;

use super::server::Server;
use super::watch::eventually;

/// Titles of a task's card, by state; the final message has others.
const CARDS: [(&str, &str); 9] = [
    ("planning", "✨ Task Created"),
    ("staged", "✨ Task Created"),
    ("queued", "✓ Approved"),
    ("running", "▶ Running"),
    ("cancelling", "◼ Stopping"),
    ("completed", "✅ Completed"),
    ("failed", "❌ Failed"),
    ("cancelled", "✕ Cancelled"),
    ("expired", "⌛ Expired"),
];
const FINALS: [&str; 5] = [
    "✅ Task completed",
    "❌ Task failed",
    "✕ Task cancelled",
    "✕ Plan rejected",
    "⌛ Task expired",
];

/// A workspace by the real time.
pub fn slack_setup() -> SlackSetup {
    #[expect(
        clippy::disallowed_methods,
        reason = "real processes live in real time"
    )]
    let now = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970")
    };
    SlackSetup::new(Arc::new(move || now().as_millis() as i64))
}

pub async fn real_slack() -> FakeSlack {
    FakeSlack::start(slack_setup()).await.expect("a free port")
}

/// What a channel shows of one task.
pub struct Thread<'a> {
    pub slack: &'a FakeSlack,
    pub channel: &'a FakeChannel,
    pub task: &'a str,
}

impl Thread<'_> {
    fn titled(&self, titles: &[&str]) -> Vec<Message> {
        let wanted: Vec<String> = titles
            .iter()
            .map(|title| format!("{title}: {}", self.task))
            .collect();
        let mut ours = self.slack.ours(self.channel);
        ours.retain(|message| {
            let shown = message.visible();
            wanted.iter().any(|title| shown.starts_with(title.as_str()))
        });
        ours
    }

    /// The cards of the task; one for each plan, and one too many after an unsure post.
    pub fn cards(&self) -> Vec<Message> {
        let titles: Vec<&str> = CARDS.iter().map(|(_, title)| *title).collect();
        self.titled(&titles)
    }

    pub fn finals(&self) -> Vec<Message> {
        self.titled(&FINALS)
    }

    /// What anybody of ours said in the channel that has these words and the task's id.
    pub fn saying(&self, words: &str) -> Vec<Message> {
        let mut ours = self.slack.ours(self.channel);
        ours.retain(|message| {
            let shown = message.visible();
            shown.contains(words) && shown.contains(self.task)
        });
        ours
    }

    /// Waits until the last card shows the state that the API tells.
    pub async fn shows_the_truth(&self, server: &Server) -> Message {
        let mut last = (Value::Null, String::new());
        let what = format!("the card of {} is up to date", self.task);
        eventually(&what, async || {
            let task = server.task(self.task).await;
            let state = task["status"].as_str()?.to_owned();
            let card = self.cards().pop();
            let card = card.filter(|card| is_current(card, &state));
            last = (task, state);
            card
        })
        .await
    }

    /// Waits for the final message.
    pub async fn ends(&self) -> Message {
        eventually(&format!("{} has a final message", self.task), async || {
            self.finals().pop()
        })
        .await
    }
}

fn is_current(card: &Message, state: &str) -> bool {
    let title = CARDS
        .iter()
        .find(|(name, _)| *name == state)
        .map(|(_, title)| *title);
    let expected: &[&str] = match state {
        "staged" => &["Approve", "Revise", "Details", "Cancel"],
        "planning" | "queued" | "running" => &["Cancel"],
        _ => &[],
    };
    let labels = card.button_labels();
    title.is_some_and(|title| card.visible().starts_with(title))
        && labels.len() == expected.len()
        && labels
            .iter()
            .zip(expected)
            .all(|(label, word)| label.contains(word))
}
