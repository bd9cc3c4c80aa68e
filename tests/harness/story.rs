//! Verbs in which journeys are told.

use nightshift_core::id::TaskId;
use nightshift_core::task::{Task, TaskState};
use nightshift_fakes::slack::{Delivery, FakeChannel, FakeUser, Message};

use crate::{Answer, Run, World};

/// Titles of messages that are no card: they are said once and never edited.
const SAID_ONCE: [&str; 5] = [
    "Task completed:",
    "Task failed:",
    "Plan rejected:",
    "Task cancelled:",
    "Task expired:",
];

impl World {
    pub fn user(&self, name: &str) -> FakeUser {
        self.slack.user(name)
    }

    /// The channel where most journeys happen.
    pub fn channel(&self) -> FakeChannel {
        self.slack.channel("research")
    }

    /// `name` types the slash command in the channel, and everything that follows happens.
    pub async fn says(&self, name: &str, text: &str) -> Delivery {
        let delivery = self.user(name).slash(&self.channel(), text).await;
        assert_eq!(delivery.status, Some(200), "{text:?} is not acknowledged");
        self.settle().await;
        delivery
    }

    /// `name` asks for a task by the slash command; the task as its card shows it.
    pub async fn asks(&self, name: &str, text: &str) -> Task {
        let before: Vec<_> = self.tasks().await.into_iter().map(|task| task.id).collect();
        self.says(name, text).await;
        let mut tasks = self.tasks().await;
        tasks.retain(|task| !before.contains(&task.id));
        assert_eq!(tasks.len(), 1, "{text:?} makes one task");
        tasks.remove(0)
    }

    /// A task that its owner has approved, and its attempt.
    pub async fn starts(&self, name: &str, text: &str) -> (Task, Run) {
        let task = self.asks(name, text).await;
        self.presses(name, "Approve", &task.id).await;
        let run = self.agent.run_of(&task.id);
        (self.now(&task.id).await, run)
    }

    /// `name` presses a button of the task's card as it stands now.
    pub async fn presses(&self, name: &str, button: &str, task: &TaskId) {
        let delivery = self.user(name).clicks(&self.card(task), button).await;
        assert_eq!(delivery.status, Some(200), "a press is not acknowledged");
        self.settle().await;
    }

    /// `name` presses a button of a card as they saw it at some time.
    pub async fn presses_as_seen(&self, name: &str, button: &str, card: &Message) {
        let delivery = self.user(name).clicks_as_seen(card, button).await;
        assert_eq!(delivery.status, Some(200), "a press is not acknowledged");
        self.settle().await;
    }

    /// Submits by the API, and everything that follows happens.
    pub async fn submits(&self, key: &str, body: serde_json::Value) -> Answer {
        let client = self.api(key);
        let answer = self.meanwhile(client.post("/api/submit", body)).await;
        self.settle().await;
        answer
    }

    /// The task as it is now.
    pub async fn now(&self, id: &TaskId) -> Task {
        let task = nightshift_core::port::store::Tasks::task(self.store.as_ref(), id).await;
        task.expect("tasks").expect("the task")
    }

    pub async fn state(&self, id: &TaskId) -> &'static str {
        self.now(id).await.state.name()
    }

    /// `cancelled_by user_…`, `timeout`, …
    pub async fn reason(&self, id: &TaskId) -> String {
        self.now(id).await.state.reason().unwrap_or_default()
    }

    pub async fn is_over(&self, id: &TaskId) -> bool {
        let state: TaskState = self.now(id).await.state;
        state.is_terminal()
    }

    /// The cards of a task in the channel, oldest first.
    pub fn cards(&self, task: &TaskId) -> Vec<Message> {
        self.cards_in(&self.channel(), task)
    }

    pub fn cards_in(&self, channel: &FakeChannel, task: &TaskId) -> Vec<Message> {
        let mut messages = self.of_task(channel, task);
        messages.retain(|message| !is_said_once(message));
        messages
    }

    /// The task's newest card.
    pub fn card(&self, task: &TaskId) -> Message {
        self.card_in(&self.channel(), task)
    }

    pub fn card_in(&self, channel: &FakeChannel, task: &TaskId) -> Message {
        let card = self.cards_in(channel, task).pop();
        card.unwrap_or_else(|| panic!("no card of {task} in {}", channel.name))
    }

    /// The messages at the task's end.
    pub fn finals(&self, task: &TaskId) -> Vec<Message> {
        self.finals_in(&self.channel(), task)
    }

    pub fn finals_in(&self, channel: &FakeChannel, task: &TaskId) -> Vec<Message> {
        let mut messages = self.of_task(channel, task);
        messages.retain(is_said_once);
        messages
    }

    /// The one message at the task's end.
    pub fn final_message(&self, task: &TaskId) -> Message {
        let mut finals = self.finals(task);
        assert_eq!(finals.len(), 1, "one final message of {task}");
        finals.remove(0)
    }

    /// What only `name` was told, oldest first.
    pub fn whispers(&self, name: &str) -> Vec<String> {
        let told = self.slack.ephemerals(&self.user(name));
        told.iter().map(Message::visible).collect()
    }

    /// The last thing that only `name` was told.
    pub fn whisper(&self, name: &str) -> String {
        let last = self.whispers(name).pop();
        last.unwrap_or_else(|| panic!("{name} was told nothing"))
    }

    /// Messages of ours whose title names the task.
    fn of_task(&self, channel: &FakeChannel, task: &TaskId) -> Vec<Message> {
        let mut messages = self.slack.ours(channel);
        messages.retain(|message| title(message).ends_with(&format!(": {task}")));
        messages
    }
}

fn title(message: &Message) -> String {
    let shown = message.visible();
    shown.lines().next().unwrap_or_default().to_owned()
}

fn is_said_once(message: &Message) -> bool {
    let title = title(message);
    SAID_ONCE.iter().any(|words| title.contains(words))
}
