//! The connections of the app, and the envelopes that wait for an acknowledgement.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

/// Why connections end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disconnect {
    /// Slack will close it in about 10 s: the app opens the next connection first.
    Warning,
    /// Sent, and the connection is closed.
    RefreshRequested,
    /// Socket Mode was turned off: the app must stop.
    LinkDisabled,
    /// The network breaks without a word.
    Cut,
}

pub(super) enum Out {
    Text(Value),
    Ping,
    Close,
    Cut,
}

pub(super) struct Waiting {
    pub(super) connection: u64,
    pub(super) acknowledged: oneshot::Sender<Value>,
    pub(super) takes_payload: bool,
}

#[derive(Default)]
pub(super) struct Pool {
    pub(super) connections: BTreeMap<u64, mpsc::Sender<Out>>,
    pub(super) warned: BTreeSet<u64>,
    pub(super) waiting: BTreeMap<String, Waiting>,
    /// Every envelope ever sent: a late acknowledgement is not an unknown one.
    pub(super) issued: BTreeSet<String>,
    pub(super) turn: u64,
    pub(super) pongs: u64,
}

/// The connections of the app.
#[derive(Default)]
pub(crate) struct Sockets(Mutex<Pool>);

impl Sockets {
    pub(super) fn pool(&self) -> MutexGuard<'_, Pool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn count(&self) -> usize {
        self.pool().connections.len()
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.count() > 0
    }

    pub(crate) fn pongs(&self) -> u64 {
        self.pool().pongs
    }

    fn broadcast(&self, only_warned: bool, frames: impl Fn() -> Vec<Out>) {
        let pool = self.pool();
        for (id, connection) in &pool.connections {
            if only_warned && !pool.warned.contains(id) {
                continue;
            }
            for frame in frames() {
                // A full or closed queue belongs to a connection that is going away.
                let _ = connection.try_send(frame);
            }
        }
    }

    pub(crate) fn ping(&self) {
        self.broadcast(false, || vec![Out::Ping]);
    }

    pub(crate) fn close_warned(&self) {
        self.broadcast(true, || vec![Out::Close]);
    }

    pub(crate) fn disconnect(&self, how: Disconnect) {
        let word = |reason: &str| {
            Out::Text(json!({
                "type": "disconnect",
                "reason": reason,
                "debug_info": {"host": "wss-111.slack.com"},
            }))
        };
        if how == Disconnect::Warning {
            let mut pool = self.pool();
            pool.warned = pool.connections.keys().copied().collect();
        }
        self.broadcast(false, || match how {
            Disconnect::Warning => vec![word("warning")],
            Disconnect::RefreshRequested => vec![word("refresh_requested"), Out::Close],
            Disconnect::LinkDisabled => vec![word("link_disabled"), Out::Close],
            Disconnect::Cut => vec![Out::Cut],
        });
    }
}
