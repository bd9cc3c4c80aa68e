//! A Slack workspace with one installed app.
//!
//! People act by [`FakeUser`]; the app talks to [`FakeSlack::api_url`] and listens at the webhook
//! given to [`FakeSlack::connect`], or connects by Socket Mode. Whatever the app does against
//! Slack's contract is kept in [`FakeSlack::violations`], which a test expects to be empty.

mod answer;
mod api;
mod blocks;
mod deliver;
mod fault;
mod message;
mod method;
mod observe;
mod pace;
mod people;
mod request;
mod serve;
mod sign;
mod socket;
mod state;
#[cfg(test)]
mod tests;
mod workspace;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use message::Bot;
use socket::Sockets;
use state::State;

pub use fault::Fault;
pub use message::{Button, ChannelKind, FileShared, Message, Modal, Version};
pub use observe::Unmet;
pub use pace::Pace;
pub use people::FakeUser;
pub use request::{Delivery, Forgery, Kind, Request, Said, Sent};
pub use sign::signature;
pub use socket::Disconnect;
pub use state::Call;
pub use workspace::FakeChannel;

/// Unix milliseconds: what the workspace takes for now.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Slack's deadline for acknowledgements.
const ACK_DEADLINE: Duration = Duration::from_secs(3);

/// How the workspace and the app's installation are set up.
#[derive(Clone)]
pub struct SlackSetup {
    pub team: String,
    pub bot_token: String,
    pub signing_secret: String,
    pub app_token: String,
    pub clock: Clock,
    /// The slash command that people type.
    pub command: String,
    pub ack_deadline: Duration,
    pub pace: Pace,
    pub scopes: Vec<String>,
    /// `app_mention`, `message.channels`, `message.groups`, `message.im`.
    pub subscriptions: Vec<String>,
}

impl SlackSetup {
    /// A workspace where the app has all that it may ask for.
    pub fn new(clock: Clock) -> Self {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            team: "T0FAKE".to_owned(),
            bot_token: "xoxb-fake-bot-token".to_owned(),
            signing_secret: "fake-signing-secret".to_owned(),
            app_token: "xapp-fake-app-token".to_owned(),
            clock,
            command: "/nightshift".to_owned(),
            ack_deadline: ACK_DEADLINE,
            pace: Pace::default(),
            scopes: list(&[
                "app_mentions:read",
                "channels:history",
                "channels:read",
                "chat:write",
                "commands",
                "files:read",
                "files:write",
                "groups:history",
                "groups:read",
                "im:history",
                "im:read",
                "im:write",
                "reactions:write",
                "users:read",
            ]),
            subscriptions: list(&[
                "app_mention",
                "message.channels",
                "message.groups",
                "message.im",
            ]),
        }
    }
}

/// The running workspace; it stops when this is dropped.
pub struct FakeSlack {
    pub(crate) shared: Arc<Shared>,
    server: JoinSet<()>,
}

impl FakeSlack {
    /// Starts to listen on a free port of loopback.
    pub async fn start(setup: SlackSetup) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let root = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared::new(root, setup));
        let mut server = JoinSet::new();
        server.spawn(serve::serve(Arc::clone(&shared), listener));
        Ok(Self { shared, server })
    }

    /// Where the Web API is: method names follow after a slash.
    pub fn api_url(&self) -> String {
        format!("{}/api", self.shared.root)
    }

    /// `http://127.0.0.1:port`, without `/api`.
    pub fn root_url(&self) -> &str {
        &self.shared.root
    }

    pub fn setup(&self) -> &SlackSetup {
        &self.shared.setup
    }

    /// Sends deliveries to this webhook from now on (unless a socket is connected).
    pub fn connect(&self, webhook: impl Into<String>) {
        let webhook = webhook.into();
        self.shared.with(|state| state.webhook = Some(webhook));
    }

    /// Nobody listens any more.
    pub fn disconnect_webhook(&self) {
        self.shared.with(|state| state.webhook = None);
    }
}

impl Drop for FakeSlack {
    fn drop(&mut self) {
        self.shared.stop.cancel();
        self.server.abort_all();
        self.shared.background().abort_all();
    }
}

/// What the server, the people and the observers have in common.
pub(crate) struct Shared {
    pub(crate) root: String,
    pub(crate) setup: SlackSetup,
    pub(crate) bot: Bot,
    pub(crate) sockets: Sockets,
    pub(crate) stop: CancellationToken,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
    background: Mutex<JoinSet<()>>,
}

impl Shared {
    fn new(root: String, setup: SlackSetup) -> Self {
        let set = |words: &[String]| words.iter().cloned().collect::<BTreeSet<_>>();
        let mut state = State::default();
        state.scopes = set(&setup.scopes);
        state.subscriptions = set(&setup.subscriptions);
        Self {
            root,
            bot: Bot {
                team: setup.team.clone(),
                user: "U0NIGHTSHIFT".to_owned(),
                id: "B0NIGHTSHIFT".to_owned(),
                app: "A0NIGHTSHIFT".to_owned(),
            },
            setup,
            sockets: Sockets::default(),
            stop: CancellationToken::new(),
            state: Mutex::new(state),
            changes: watch::Sender::new(0),
            background: Mutex::new(JoinSet::new()),
        }
    }

    pub(crate) fn now(&self) -> i64 {
        (self.setup.clock)()
    }

    /// Reads the state.
    pub(crate) fn look<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the state and wakes whoever waits for a change.
    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.touch();
        result
    }

    pub(crate) fn touch(&self) {
        self.changes.send_modify(|version| *version += 1);
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(crate) fn violation(&self, text: impl Into<String>) {
        let text = text.into();
        self.with(|state| state.violation(text));
    }

    fn background(&self) -> std::sync::MutexGuard<'_, JoinSet<()>> {
        self.background
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn in_background(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut background = self.background();
        while background.try_join_next().is_some() {}
        background.spawn(work);
    }
}
