//! A chat platform that answers late, refuses, and loses answers; and what people see there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use nightshift_core::card::{Attachment, Card, Form};
use nightshift_core::chat::budget::{Act, Budget, Scope};
use nightshift_core::chat::{Capabilities, Conversation, Identity, MessageRef, TextUnit};
use nightshift_core::error::Retry;
use nightshift_core::id::{ActionToken, Platform};
use nightshift_core::port::chat::{
    ChatError, ChatKind, ChatPlatform, Marker, Probe, Received, Refused, WebhookRequest,
};

use crate::turns::{Pass, Turns};

pub(crate) const WORKSPACE: &str = "T1";

const BUDGETS: &[Budget] = &[Budget {
    name: "post",
    acts: &[Act::Post],
    scope: Scope::Channel,
    channels: "",
    every: Duration::from_secs(1),
    burst: 3,
}];

pub(crate) fn name() -> Platform {
    Platform::new("slack")
}

/// A message as people saw it at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) buttons: Vec<(String, ActionToken)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) at: Conversation,
    pub(crate) marker: String,
    /// It says that it may be a second copy.
    pub(crate) labelled: bool,
    /// It was still on its way when its sender had given it up for lost.
    pub(crate) late: bool,
    /// What it showed, oldest first.
    pub(crate) shown: Vec<Shown>,
}

impl Message {
    pub(crate) fn now(&self) -> &Shown {
        self.shown.last().expect("a message shows something")
    }
}

#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) messages: Vec<Message>,
    /// Posts that left and are not here yet; a crash of their sender does not stop them.
    pub(crate) on_the_way: Vec<(Conversation, Card, String)>,
    pub(crate) forms: Vec<ActionToken>,
    /// Whether it can be asked for a message by its marker.
    pub(crate) finds: bool,
}

/// The platform's side: it outlives every life of the service.
#[derive(Default)]
pub(crate) struct Remote(Mutex<Seen>);

impl Remote {
    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    pub(crate) fn arrive(
        &mut self,
        at: Conversation,
        card: &Card,
        marker: &str,
        late: bool,
    ) -> MessageRef {
        let id = format!("m{}", self.messages.len() + 1);
        let channel = at.channel.clone();
        self.messages.push(Message {
            id: id.clone(),
            at,
            marker: marker.to_owned(),
            labelled: card.plain().contains("may be a duplicate"),
            late,
            shown: vec![shown(card)],
        });
        MessageRef { channel, id }
    }

    fn find(&self, marker: &str) -> Option<MessageRef> {
        let found = self
            .messages
            .iter()
            .find(|message| message.marker == marker);
        found.map(|message| MessageRef {
            channel: message.at.channel.clone(),
            id: message.id.clone(),
        })
    }
}

fn shown(card: &Card) -> Shown {
    let buttons = card.buttons.iter();
    Shown {
        title: card.title.clone().unwrap_or_default(),
        text: card.plain(),
        buttons: buttons
            .map(|button| (button.label.clone(), button.action.clone()))
            .collect(),
    }
}

/// Our side of the connection, of one life.
pub(crate) struct Connection {
    pub(crate) remote: Arc<Remote>,
    pub(crate) turns: Arc<Turns>,
}

fn error(kind: ChatKind, retry: Retry) -> ChatError {
    ChatError {
        kind,
        retry,
        limit: None,
        platform: name(),
        message: format!("simulated: {kind:?}"),
        source: None,
    }
}

/// What goes wrong with a call.
enum Trouble {
    Refused(ChatError),
    /// The answer is lost, after it was done or instead.
    Lost {
        done: bool,
    },
    /// The call itself comes late, after its sender has given it up.
    Late,
}

fn trouble(chance: u64) -> Trouble {
    match chance % 6 {
        0 => {
            let wait = Duration::from_secs(1 + chance % 20);
            Trouble::Refused(error(ChatKind::RateLimited, Retry::After(wait)))
        }
        1 => Trouble::Refused(error(ChatKind::Unavailable, Retry::Soon)),
        2 | 3 => Trouble::Lost { done: true },
        4 => Trouble::Lost { done: false },
        _ => Trouble::Late,
    }
}

fn ambiguous() -> ChatError {
    error(ChatKind::Ambiguous, Retry::Soon)
}

/// A post between the two sides. A crash does not call it back.
struct Leaving<'a> {
    remote: &'a Remote,
    post: Option<(Conversation, Card, String)>,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if let Some(post) = self.post.take() {
            self.remote.seen().on_the_way.push(post);
        }
    }
}

impl Connection {
    async fn ask(&self, what: String) -> Result<u64, Trouble> {
        match self.turns.pass(what).await {
            Pass::Go(chance) => Ok(chance),
            Pass::Trouble(chance) => Err(trouble(chance)),
            Pass::Torn | Pass::Unanswered => self.turns.die().await,
        }
    }

    async fn look_for(&self, marker: &Marker) -> Result<Option<MessageRef>, ChatError> {
        if !marker.unsure || !self.remote.seen().finds {
            return Ok(None);
        }
        match self.ask(format!("find {}", marker.key)).await {
            Ok(_) => Ok(self.remote.seen().find(&marker.key)),
            Err(Trouble::Refused(error)) => Err(error),
            Err(_) => Err(error(ChatKind::Unavailable, Retry::Soon)),
        }
    }
}

#[async_trait]
impl ChatPlatform for Connection {
    fn platform(&self) -> Platform {
        name()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            threads: true,
            edit: true,
            forms: true,
            whisper: true,
            direct: false,
            files: false,
            buttons: 5,
            text_limit: 4000,
            text_unit: TextUnit::Chars,
            budgets: BUDGETS,
        }
    }

    /// Deliveries come by the other door.
    fn receive(&self, _: &WebhookRequest) -> Result<Received, Refused> {
        Err(Refused::Malformed)
    }

    async fn post(
        &self,
        to: &Conversation,
        card: &Card,
        marker: &Marker,
    ) -> Result<MessageRef, ChatError> {
        if let Some(found) = self.look_for(marker).await? {
            return Ok(found);
        }
        let post = (to.clone(), card.clone(), marker.key.clone());
        let mut leaving = Leaving {
            remote: &self.remote,
            post: Some(post),
        };
        let asked = self.ask(format!("post {}", marker.key)).await;
        let arrive = |leaving: &mut Leaving<'_>| {
            leaving.post = None;
            let mut seen = self.remote.seen();
            seen.arrive(to.clone(), card, &marker.key, false)
        };
        match asked {
            Ok(_) => {
                let message = arrive(&mut leaving);
                // The answer takes its time, too.
                self.turns.pass(format!("posted {}", marker.key)).await;
                Ok(message)
            }
            Err(Trouble::Refused(error)) => {
                leaving.post = None;
                Err(error)
            }
            Err(Trouble::Lost { done: true }) => {
                arrive(&mut leaving);
                Err(ambiguous())
            }
            Err(Trouble::Lost { done: false }) => {
                leaving.post = None;
                Err(ambiguous())
            }
            Err(Trouble::Late) => Err(ambiguous()),
        }
    }

    async fn edit(&self, message: &MessageRef, card: &Card) -> Result<(), ChatError> {
        let asked = self.ask(format!("edit {}", message.id)).await;
        let done = matches!(asked, Ok(_) | Err(Trouble::Lost { done: true }));
        if done {
            let mut seen = self.remote.seen();
            let shows = seen.messages.iter_mut().find(|one| one.id == message.id);
            let Some(shows) = shows else {
                return Err(error(ChatKind::NotFound, Retry::Never));
            };
            shows.shown.push(shown(card));
        }
        match asked {
            Ok(_) => Ok(()),
            Err(Trouble::Refused(error)) => Err(error),
            Err(Trouble::Lost { .. } | Trouble::Late) => Err(ambiguous()),
        }
    }

    async fn whisper(
        &self,
        _: &Conversation,
        person: &Identity,
        _: Option<&str>,
        _: &Card,
    ) -> Result<(), ChatError> {
        match self.ask(format!("whisper to {}", person.id)).await {
            Ok(_) => Ok(()),
            Err(Trouble::Refused(error)) => Err(error),
            Err(Trouble::Lost { .. } | Trouble::Late) => Err(ambiguous()),
        }
    }

    async fn open_form(&self, _: &str, form: &Form) -> Result<(), ChatError> {
        self.remote.seen().forms.push(form.action.clone());
        Ok(())
    }

    async fn upload(&self, _: &Conversation, _: &Attachment) -> Result<(), ChatError> {
        Err(error(ChatKind::Invalid, Retry::Never))
    }

    fn direct(&self, workspace: &str, person: &Identity) -> Conversation {
        Conversation {
            platform: name(),
            workspace: workspace.to_owned(),
            channel: format!("D-{}", person.id),
            thread: None,
        }
    }

    async fn probe(&self) -> Result<Probe, ChatError> {
        Ok(Probe {
            workspace: WORKSPACE.to_owned(),
            account: "nightshift".to_owned(),
        })
    }
}
