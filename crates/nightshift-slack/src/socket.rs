//! Socket Mode: deliveries over a connection that we open, for servers without a public address.
//! <https://docs.slack.dev/apis/events-api/using-socket-mode>

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use nightshift_core::port::{ChatError, ChatKind, ChatPlatform, ChatSource, Intake, Refused};
use nightshift_core::secret::Secret;
use nightshift_http::{HttpError, Socket, Url};
use serde_json::json;

use crate::SlackPlatform;
use crate::client::text_at;
use crate::config::ConfigError;
use crate::error::{Repeat, chat_error, unanswered};
use crate::inbound::{self, Me, Parsed};
use crate::wire::Frame;

/// Listens by Socket Mode on behalf of a [`SlackPlatform`].
#[derive(Debug)]
pub struct SlackSocket {
    platform: Arc<SlackPlatform>,
    app_token: Secret,
}

/// The connections of one `listen`: the newest, and the one before while Slack still sends there.
struct Links {
    current: Socket,
    retiring: Option<Socket>,
}

#[derive(Clone, Copy)]
enum Which {
    Current,
    Retiring,
}

/// What a frame says; finding out changes nothing.
pub(crate) enum Heard {
    Unreadable,
    Greeting,
    /// Slack closes this connection, with the reason.
    Disconnect(String),
    /// To be acknowledged by its id, and what is in it.
    Envelope(String, Result<Parsed, Refused>),
}

pub(crate) fn heard(frame: &str, me: &Me) -> Heard {
    let Ok(envelope) = serde_json::from_str::<Frame<'_>>(frame) else {
        return Heard::Unreadable;
    };
    let kind = envelope.kind.as_deref().unwrap_or_default();
    if kind == "disconnect" {
        return Heard::Disconnect(envelope.reason.unwrap_or_default());
    }
    let Some(id) = envelope.envelope_id else {
        return Heard::Greeting; // `hello`
    };
    let payload = envelope.payload.map_or("", |payload| payload.get());
    Heard::Envelope(id, inbound::from_socket(kind, payload, me))
}

/// What a frame asks of the connection.
enum Next {
    Go,
    /// Slack will close this connection soon.
    Renew,
}

impl SlackSocket {
    /// Needs the platform's `app_token`.
    pub fn new(platform: Arc<SlackPlatform>) -> Result<Self, ConfigError> {
        let app_token = platform.app_token.clone().ok_or_else(|| ConfigError {
            key: "app_token",
            problem: "is missing; Socket Mode needs it".to_owned(),
        })?;
        Ok(Self {
            platform,
            app_token,
        })
    }

    /// Each connection has an address of its own, good for one use.
    async fn connect(&self) -> Result<Socket, ChatError> {
        let client = &self.platform.client;
        let method = "apps.connections.open";
        let answer = client
            .call_as(&self.app_token, method, &json!({}), Repeat::Harmless)
            .await?;
        let url = Url::parse(&text_at(&answer, "/url")?)
            .map_err(|_| chat_error(ChatKind::Unavailable, "the socket's address is none"))?;
        Socket::connect(client.reach(), &url).await.map_err(broken)
    }

    /// Handles one frame of `socket` and acknowledges it there.
    async fn frame(
        &self,
        socket: &mut Socket,
        frame: &str,
        intake: &dyn Intake,
    ) -> Result<Next, ChatError> {
        match heard(frame, &self.platform.me()) {
            Heard::Unreadable => tracing::warn!("Slack sent a frame that cannot be read"),
            Heard::Greeting => {}
            Heard::Disconnect(reason) => return disconnected(&reason),
            Heard::Envelope(id, parsed) => {
                if self.take(parsed, intake).await {
                    let ack = json!({ "envelope_id": id }).to_string();
                    socket.send(ack).await.map_err(broken)?;
                }
            }
        }
        Ok(Next::Go)
    }

    /// Whether the envelope may be acknowledged: it is durable, or nothing for us.
    async fn take(&self, parsed: Result<Parsed, Refused>, intake: &dyn Intake) -> bool {
        let delivery = match parsed {
            Ok(Parsed::Event(delivery)) => *delivery,
            Ok(Parsed::Challenge(_)) => return true,
            Ok(Parsed::Ignored(reason)) => {
                tracing::debug!(reason, "delivery ignored");
                return true;
            }
            Err(_) => {
                // Sent again it would be the same.
                tracing::warn!("Slack sent an envelope that cannot be read");
                return true;
            }
        };
        let platform = self.platform.platform();
        match intake.deliver(&platform, delivery).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(error = %error, "delivery not acknowledged");
                false
            }
        }
    }

    /// Opens the next connection before Slack closes this one, so that nothing falls between.
    async fn renew(&self, links: &mut Links) {
        if links.retiring.is_some() {
            return;
        }
        match self.connect().await {
            Ok(next) => links.retiring = Some(std::mem::replace(&mut links.current, next)),
            // The old one still works; when it ends, the caller connects anew.
            Err(error) => tracing::warn!(error = %error, "cannot open the next connection yet"),
        }
    }
}

#[async_trait]
impl ChatSource for SlackSocket {
    fn name(&self) -> String {
        "slack socket".to_owned()
    }

    async fn listen(
        &self,
        intake: &dyn Intake,
        stop: Pin<Box<dyn Future<Output = ()> + Send>>,
    ) -> Result<(), ChatError> {
        let mut stop = stop;
        let current = tokio::select! {
            () = &mut stop => return Ok(()),
            connected = self.connect() => connected?,
        };
        let mut links = Links {
            current,
            retiring: None,
        };
        loop {
            let (which, frame) = tokio::select! {
                // Stopping goes first: a connection that ends at the same moment is no error then.
                biased;
                () = &mut stop => return Ok(()),
                heard = links.hear() => heard,
            };
            let Some(text) = links.heard(which, frame)? else {
                match which {
                    Which::Current => return Ok(()),
                    Which::Retiring => continue,
                }
            };
            let Some(socket) = links.socket(which) else {
                continue;
            };
            match (self.frame(socket, &text, intake).await, which) {
                (Ok(Next::Go), _) | (Ok(Next::Renew), Which::Retiring) => {}
                (Ok(Next::Renew), Which::Current) => tokio::select! {
                    () = &mut stop => return Ok(()),
                    () = self.renew(&mut links) => {}
                },
                (Err(error), _) => return Err(error),
            }
        }
    }
}

impl Links {
    async fn hear(&mut self) -> (Which, Result<Option<String>, HttpError>) {
        match &mut self.retiring {
            None => (Which::Current, self.current.next().await),
            Some(retiring) => tokio::select! {
                heard = self.current.next() => (Which::Current, heard),
                heard = retiring.next() => (Which::Retiring, heard),
            },
        }
    }

    /// The text heard; `None` when that connection is over. A retiring one may end as it likes.
    fn heard(
        &mut self,
        which: Which,
        heard: Result<Option<String>, HttpError>,
    ) -> Result<Option<String>, ChatError> {
        match (which, heard) {
            (_, Ok(Some(text))) => Ok(Some(text)),
            (Which::Current, Ok(None)) => Ok(None),
            (Which::Current, Err(error)) => Err(broken(error)),
            (Which::Retiring, _) => {
                self.retiring = None;
                Ok(None)
            }
        }
    }

    fn socket(&mut self, which: Which) -> Option<&mut Socket> {
        match which {
            Which::Current => Some(&mut self.current),
            Which::Retiring => self.retiring.as_mut(),
        }
    }
}

fn disconnected(reason: &str) -> Result<Next, ChatError> {
    match reason {
        "link_disabled" => Err(chat_error(
            ChatKind::Unauthorized,
            "link_disabled: Socket Mode is switched off for this app",
        )),
        "too_many_websockets" => Err(chat_error(
            ChatKind::RateLimited,
            "too_many_websockets: ten connections are open for this app",
        )),
        _ => Ok(Next::Renew),
    }
}

fn broken(error: HttpError) -> ChatError {
    unanswered(error, Repeat::Harmless)
}
