//! Socket Mode: tickets, connections, envelopes and their acknowledgements.

mod pool;

use std::sync::Arc;
use std::time::Instant;

use axum::extract::ws::{Message as Frame, WebSocket};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::Shared;
use super::deliver::unanswered;
use super::request::{Delivery, Request, Sent};
use crate::wire::NoAnswer;
use pool::{Out, Waiting};

pub use pool::Disconnect;
pub(crate) use pool::Sockets;

/// Slack's limit of connections at once.
const MAX_CONNECTIONS: usize = 10;
/// Frames that wait for a slow app; a test never has that many under way.
const OUTBOX: usize = 256;

impl Shared {
    /// Sends one envelope to one of the connections and waits for its acknowledgement.
    pub(crate) async fn send_envelope(
        &self,
        request: &Request,
        retry: Option<(u8, &'static str)>,
    ) -> Delivery {
        let started = Instant::now();
        let id = format!("env-{}", self.with(super::state::State::next));
        let (kind, takes_payload) = request.envelope();
        let mut envelope = json!({
            "envelope_id": id,
            "type": kind,
            "payload": request.payload,
            "accepts_response_payload": takes_payload,
        });
        if let Some((number, reason)) = retry {
            envelope["retry_attempt"] = number.into();
            envelope["retry_reason"] = reason.into();
        }
        let Some(answer) = self.enqueue(&id, envelope, takes_payload) else {
            return unanswered(started, Sent::default(), NoAnswer::Connection);
        };
        let answer = tokio::time::timeout(self.setup.ack_deadline, answer).await;
        self.sockets.pool().waiting.remove(&id);
        match answer {
            Ok(Ok(payload)) => acknowledged(started, &payload),
            Ok(Err(_)) => unanswered(started, Sent::default(), NoAnswer::Connection),
            Err(_) => unanswered(started, Sent::default(), NoAnswer::Timeout),
        }
    }

    fn enqueue(
        &self,
        id: &str,
        envelope: Value,
        takes_payload: bool,
    ) -> Option<oneshot::Receiver<Value>> {
        let mut pool = self.sockets.pool();
        pool.turn += 1;
        let turn = usize::try_from(pool.turn).unwrap_or_default();
        let nth = turn % pool.connections.len().max(1);
        let (connection, queue) = pool
            .connections
            .iter()
            .nth(nth)
            .map(|(connection, queue)| (*connection, queue.clone()))?;
        let (acknowledged, answer) = oneshot::channel();
        pool.issued.insert(id.to_owned());
        pool.waiting.insert(
            id.to_owned(),
            Waiting {
                connection,
                acknowledged,
                takes_payload,
            },
        );
        queue.try_send(Out::Text(envelope)).ok()?;
        Some(answer)
    }

    /// Serves one connection until either side ends it.
    pub(crate) async fn serve_socket(self: Arc<Self>, mut socket: WebSocket) {
        let Some((id, mut queue)) = self.register() else {
            let refusal = json!({"type": "disconnect", "reason": "too_many_websockets"});
            let _ = socket.send(Frame::Text(refusal.to_string().into())).await;
            return;
        };
        let hello = json!({
            "type": "hello",
            "num_connections": self.sockets.count(),
            "connection_info": {"app_id": self.bot.app},
            "debug_info": {
                "host": "applink-111-xxx",
                "build_number": 10,
                "approximate_connection_time": 18060,
            },
        });
        let greeted = socket.send(Frame::Text(hello.to_string().into())).await;
        if greeted.is_ok() {
            self.pump(id, &mut socket, &mut queue).await;
        }
        self.unregister(id);
    }

    async fn pump(&self, id: u64, socket: &mut WebSocket, queue: &mut mpsc::Receiver<Out>) {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                out = queue.recv() => {
                    let sent = match out {
                        Some(Out::Text(value)) => {
                            socket.send(Frame::Text(value.to_string().into())).await
                        }
                        Some(Out::Ping) => socket.send(Frame::Ping("Ping from applink".into())).await,
                        Some(Out::Close) => {
                            let _ = socket.send(Frame::Close(None)).await;
                            return;
                        }
                        Some(Out::Cut) | None => return,
                    };
                    if sent.is_err() {
                        return;
                    }
                }
                frame = socket.recv() => match frame {
                    Some(Ok(Frame::Text(text))) => self.acknowledge(id, text.as_str()),
                    Some(Ok(Frame::Pong(_))) => {
                        self.sockets.pool().pongs += 1;
                        self.touch();
                    }
                    Some(Ok(Frame::Ping(_))) => {}
                    Some(Ok(Frame::Binary(_))) => self.violation("a binary frame over Socket Mode"),
                    Some(Ok(Frame::Close(_)) | Err(_)) | None => return,
                },
            }
        }
    }

    fn register(&self) -> Option<(u64, mpsc::Receiver<Out>)> {
        let id = self.with(super::state::State::next);
        let mut pool = self.sockets.pool();
        if pool.connections.len() >= MAX_CONNECTIONS {
            return None;
        }
        let (sender, queue) = mpsc::channel(OUTBOX);
        pool.connections.insert(id, sender);
        drop(pool);
        self.touch();
        Some((id, queue))
    }

    fn unregister(&self, id: u64) {
        let mut pool = self.sockets.pool();
        pool.connections.remove(&id);
        pool.warned.remove(&id);
        // Dropping the senders tells those who wait that the connection broke.
        pool.waiting.retain(|_, waiting| waiting.connection != id);
        drop(pool);
        self.touch();
    }

    fn acknowledge(&self, connection: u64, text: &str) {
        let frame: Value = serde_json::from_str(text).unwrap_or_default();
        let Some(id) = frame["envelope_id"].as_str() else {
            self.violation("a frame over Socket Mode without envelope_id");
            return;
        };
        let mut pool = self.sockets.pool();
        let Some(waiting) = pool.waiting.remove(id) else {
            let known = pool.issued.contains(id);
            drop(pool);
            if !known {
                self.violation("an acknowledgement of an unknown envelope");
            }
            return;
        };
        drop(pool);
        if waiting.connection != connection {
            self.violation("an acknowledgement on another connection than the envelope's");
        }
        let payload = frame.get("payload").cloned().unwrap_or_default();
        if !waiting.takes_payload && !payload.is_null() {
            self.violation("an answer in the acknowledgement of an envelope that takes none");
        }
        // Whoever waited may have stopped at the deadline.
        let _ = waiting.acknowledged.send(payload);
    }
}

fn acknowledged(started: Instant, payload: &Value) -> Delivery {
    Delivery {
        id: String::new(),
        status: Some(200),
        content_type: "application/json".to_owned(),
        body: if payload.is_null() {
            String::new()
        } else {
            payload.to_string()
        },
        took: started.elapsed(),
        acknowledged: true,
        failure: None,
        no_retry: false,
        sent: Sent::default(),
        request: None,
    }
}
