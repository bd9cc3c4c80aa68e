//! Socket Mode against a WebSocket server that plays Slack's part.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{SinkExt, StreamExt};
use nightshift_core::chat::Delivery;
use nightshift_core::id::Platform;
use nightshift_core::port::chat::StoreRefused;
use nightshift_core::port::{ChatError, ChatKind, ChatSource, Intake};
use nightshift_core::time::Timestamp;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

use super::fake::{Fake, json as answer};
use super::*;
use crate::SlackSocket;

/// What must happen happens within this, or the test fails.
const DEADLINE: Duration = Duration::from_secs(10);

/// Keeps what is delivered, or refuses everything.
#[derive(Default)]
struct Inbox {
    kept: Mutex<Vec<Delivery>>,
    refuses: bool,
}

#[async_trait]
impl Intake for Inbox {
    async fn deliver(&self, _: &Platform, delivery: Delivery) -> Result<(), StoreRefused> {
        if self.refuses {
            return Err(StoreRefused);
        }
        self.kept.lock().unwrap().push(delivery);
        Ok(())
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(NOW * 1000)
    }
}

struct Slack {
    api: Fake,
    listener: TcpListener,
}

struct Link(WebSocketStream<TcpStream>);

impl Slack {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/link?ticket=t", listener.local_addr().unwrap());
        let api = Fake::answering(move |_, call| {
            assert_eq!(call.method(), "apps.connections.open");
            if call.header("authorization") == Some("Bearer xapp-test") {
                answer(json!({"ok": true, "url": url}))
            } else {
                answer(json!({"ok": false, "error": "not_allowed_token_type"}))
            }
        })
        .await;
        Self { api, listener }
    }

    fn source(&self) -> SlackSocket {
        SlackSocket::new(Arc::new(self.api.platform())).unwrap()
    }

    async fn accept(&self) -> Link {
        let (stream, _) = timeout(DEADLINE, self.listener.accept())
            .await
            .expect("nobody connected")
            .unwrap();
        let mut link = Link(accept_async(stream).await.unwrap());
        link.send(json!({"type": "hello", "num_connections": 1}))
            .await;
        link
    }
}

impl Link {
    async fn send(&mut self, frame: Value) {
        let frame = Message::text(frame.to_string());
        self.0.send(frame).await.unwrap();
    }

    async fn hear(&mut self) -> Message {
        let heard = timeout(DEADLINE, self.0.next()).await;
        heard.expect("nothing was said").unwrap().unwrap()
    }

    async fn ack(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.hear().await {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }
}

fn command(envelope: &str, trigger: &str) -> Value {
    json!({"type": "slash_commands", "envelope_id": envelope, "accepts_response_payload": true,
           "payload": {"command": "/nightshift", "text": "run disk", "team_id": "T1",
                       "channel_id": "C1", "user_id": "U1", "trigger_id": trigger,
                       "response_url": "https://hooks.slack.com/commands/T1/1/x"}})
}

/// Runs `listen` beside `script`; the script may end it by the stop it is given.
async fn listening<T>(
    slack: &Slack,
    inbox: &Inbox,
    script: impl AsyncFnOnce(oneshot::Sender<()>) -> T,
) -> (Result<(), ChatError>, T) {
    let (stop, stopped) = oneshot::channel::<()>();
    let source = slack.source();
    let stopped = Box::pin(async move {
        if stopped.await.is_err() {
            std::future::pending::<()>().await;
        }
    });
    timeout(DEADLINE * 2, async {
        tokio::join!(source.listen(inbox, stopped), script(stop))
    })
    .await
    .expect("listen did not return")
}

#[tokio::test]
async fn an_envelope_is_acknowledged_after_it_is_kept_and_read_as_over_http() {
    let slack = Slack::start().await;
    let inbox = Inbox::default();
    let (ended, ()) = listening(&slack, &inbox, async |stop| {
        let mut link = slack.accept().await;
        link.send(command("e1", "1.2.3")).await;
        assert_eq!(link.ack().await, json!({"envelope_id": "e1"}));
        assert_eq!(inbox.kept.lock().unwrap().len(), 1);
        stop.send(()).unwrap();
    })
    .await;
    ended.unwrap();
    let kept = inbox.kept.lock().unwrap().pop().unwrap();
    assert_eq!(kept.keys, ["cmd:1.2.3"]);
    assert_eq!(kept.inbound.at.channel, "C1");
    let over_http = receive_form(&[
        ("command", "/nightshift"),
        ("text", "run disk"),
        ("team_id", "T1"),
        ("channel_id", "C1"),
        ("user_id", "U1"),
        ("trigger_id", "1.2.3"),
        ("response_url", "https://hooks.slack.com/commands/T1/1/x"),
    ]);
    let Ok(Received::Event { delivery, .. }) = over_http else {
        panic!("{over_http:?}");
    };
    assert_eq!(delivery.inbound, kept.inbound);
    assert_eq!(delivery.keys, kept.keys);
}

#[tokio::test]
async fn events_and_interactions_come_through_and_the_rest_is_acknowledged_and_ignored() {
    let slack = Slack::start().await;
    let inbox = Inbox::default();
    let (ended, ()) = listening(&slack, &inbox, async |stop| {
        let mut link = slack.accept().await;
        let event = json!({"type": "app_mention", "user": "U1", "team": "T1", "channel": "C1",
                           "ts": "1.1", "text": "<@UBOT> hi"});
        for (kind, payload) in [
            (
                "events_api",
                json!({"type": "event_callback", "team_id": "T1", "event_id": "Ev1",
                       "event": event}),
            ),
            (
                "interactive",
                json!({"type": "block_actions", "trigger_id": "4.5.6",
                       "user": {"id": "U1", "team_id": "T1"}, "channel": {"id": "C1"},
                       "actions": [{"type": "button", "value": "act_1"}]}),
            ),
            ("interactive", json!({"type": "shortcut"})),
            ("something_new", json!({})),
            ("events_api", json!([])),
        ] {
            link.send(json!({"type": kind, "envelope_id": "e", "payload": payload}))
                .await;
            assert_eq!(link.ack().await, json!({"envelope_id": "e"}));
        }
        stop.send(()).unwrap();
    })
    .await;
    ended.unwrap();
    let kept = inbox.kept.lock().unwrap();
    let keys: Vec<&str> = kept.iter().map(|one| one.keys[0].as_str()).collect();
    assert_eq!(keys, ["evt:Ev1", "act:4.5.6"]);
}

#[tokio::test]
async fn what_is_not_kept_is_not_acknowledged() {
    let slack = Slack::start().await;
    let inbox = Inbox {
        refuses: true,
        ..Inbox::default()
    };
    let (ended, ()) = listening(&slack, &inbox, async |stop| {
        let mut link = slack.accept().await;
        link.send(command("e1", "1.2.3")).await;
        // The next envelope is nothing for us: its acknowledgement comes without the first one's.
        link.send(json!({"type": "new", "envelope_id": "e2", "payload": {}}))
            .await;
        assert_eq!(link.ack().await, json!({"envelope_id": "e2"}));
        stop.send(()).unwrap();
    })
    .await;
    ended.unwrap();
}

#[tokio::test]
async fn a_warning_opens_the_next_connection_before_the_old_one_ends() {
    let slack = Slack::start().await;
    let inbox = Inbox::default();
    let (ended, ()) = listening(&slack, &inbox, async |stop| {
        let mut old = slack.accept().await;
        old.send(json!({"type": "disconnect", "reason": "warning"}))
            .await;
        let mut new = slack.accept().await;
        // Both are heard until Slack closes the old one.
        old.send(command("e1", "1.1.1")).await;
        assert_eq!(old.ack().await["envelope_id"], "e1");
        old.send(json!({"type": "disconnect", "reason": "refresh_requested"}))
            .await;
        old.0.close(None).await.unwrap();
        new.send(command("e2", "2.2.2")).await;
        assert_eq!(new.ack().await["envelope_id"], "e2");
        stop.send(()).unwrap();
    })
    .await;
    ended.unwrap();
    assert_eq!(inbox.kept.lock().unwrap().len(), 2);
    assert_eq!(slack.api.methods().len(), 2);
}

#[tokio::test]
async fn pings_are_answered_and_a_closed_connection_ends_the_listening() {
    let slack = Slack::start().await;
    let inbox = Inbox::default();
    let (ended, ()) = listening(&slack, &inbox, async |stop| {
        let mut link = slack.accept().await;
        link.0.send(Message::Ping("p1".into())).await.unwrap();
        assert_eq!(link.hear().await, Message::Pong("p1".into()));
        link.send(json!("not an envelope")).await;
        link.0.close(None).await.unwrap();
        drop(stop);
    })
    .await;
    ended.unwrap();
}

#[tokio::test]
async fn a_switched_off_app_is_an_error_for_the_operator() {
    let slack = Slack::start().await;
    let inbox = Inbox::default();
    let (ended, ()) = listening(&slack, &inbox, async |stop| {
        let mut link = slack.accept().await;
        link.send(json!({"type": "disconnect", "reason": "link_disabled"}))
            .await;
        drop(stop);
    })
    .await;
    let error = ended.unwrap_err();
    assert_eq!(error.kind, ChatKind::Unauthorized);
    assert_eq!(error.retry, nightshift_core::error::Retry::Never);
}

#[tokio::test]
async fn a_wrong_token_and_a_socket_elsewhere_are_refused() {
    let inbox = Inbox::default();
    let never = || Box::pin(std::future::pending::<()>());
    let fake = Fake::answering(|_, _| answer(json!({"ok": false, "error": "invalid_auth"}))).await;
    let source = SlackSocket::new(Arc::new(fake.platform())).unwrap();
    let error = source.listen(&inbox, never()).await.unwrap_err();
    assert_eq!(error.kind, ChatKind::Unauthorized);
    let fake = Fake::answering(|_, _| {
        answer(json!({"ok": true, "url": "wss://wss.example.com/link?ticket=secret"}))
    })
    .await;
    let source = SlackSocket::new(Arc::new(fake.platform())).unwrap();
    let error = source.listen(&inbox, never()).await.unwrap_err();
    assert_eq!(error.kind, ChatKind::NotAllowed);
    assert!(!format!("{error:?}").contains("secret"));
}
