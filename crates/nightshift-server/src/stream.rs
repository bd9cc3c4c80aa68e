//! Server-sent events: what happens, as it happens, and how a reader goes on where it stopped.
//!
//! A stream holds no buffer of its own: each reader pulls from the store by its own position, so
//! a slow reader costs nothing and loses nothing. Streams end when the service stops.

pub mod events;
pub mod log;
pub mod text;

use std::convert::Infallible;
use std::time::Duration;

use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, KeepAlive, KeepAliveStream, Sse};
use futures_util::Stream;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// PRODUCT §13: a comment line, so that neither side nor a proxy takes the silence for an end.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Hints may be missed (another process writes): then this is the longest delay.
const POLL: Duration = Duration::from_millis(500);

pub(crate) fn wanted(headers: &HeaderMap) -> bool {
    accepts(headers, "text/event-stream")
}

pub(crate) fn accepts(headers: &HeaderMap, kind: &str) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|one| one.split(';').next().unwrap_or_default().trim() == kind)
}

/// Where a reader that was cut off stopped; unreadable values count as none.
pub(crate) fn last_event_id<T: std::str::FromStr>(headers: &HeaderMap) -> Option<T> {
    headers
        .get("last-event-id")?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
}

pub(crate) fn respond<S>(stream: S) -> Sse<KeepAliveStream<S>>
where
    S: Stream<Item = Result<Event, Infallible>> + Send + 'static,
{
    Sse::new(stream).keep_alive(KeepAlive::new().interval(HEARTBEAT))
}

/// Tells a stream when to look again, and when to end.
pub(crate) struct Bell {
    activity: watch::Receiver<u64>,
    closing: CancellationToken,
}

impl Bell {
    pub(crate) fn of(server: &crate::Server) -> Self {
        Self {
            activity: server.app.wake.activity(),
            closing: server.ready.closing(),
        }
    }

    /// Call before looking: what is written afterwards rings.
    pub(crate) fn arm(&mut self) {
        self.activity.borrow_and_update();
    }

    /// `false` when the service stops: the stream ends, and its reader comes back.
    pub(crate) async fn rings(&mut self) -> bool {
        tokio::select! {
            () = self.closing.cancelled() => false,
            changed = self.activity.changed() => changed.is_ok(),
            () = tokio::time::sleep(POLL) => true,
        }
    }
}
