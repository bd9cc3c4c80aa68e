//! The log of what happened, as it happens; `id:` is the event's number.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use axum::response::sse;
use futures_util::{Stream, stream};
use nightshift_app::Problem;
use nightshift_core::authorise::Actor;
use nightshift_core::event::Event;
use nightshift_core::id::{Seq, TaskId};

use super::Bell;
use crate::Server;
use crate::error::ApiError;

/// Events read at once.
const BATCH: u32 = 200;

/// Which events are asked for.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    pub(crate) after: Seq,
    pub(crate) kind: Option<String>,
    pub(crate) task: Option<TaskId>,
}

struct Tail {
    server: Arc<Server>,
    actor: Actor,
    filter: Filter,
    read: VecDeque<Event>,
    bell: Bell,
    ended: bool,
}

/// Everything after `filter.after`, then what comes, until the service stops.
pub(crate) fn tail(
    server: Arc<Server>,
    actor: Actor,
    filter: Filter,
) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    let bell = Bell::of(&server);
    let tail = Tail {
        server,
        actor,
        filter,
        read: VecDeque::new(),
        bell,
        ended: false,
    };
    stream::unfold(tail, |mut tail| async move {
        let event = tail.next().await?;
        Some((Ok(event), tail))
    })
}

impl Tail {
    async fn next(&mut self) -> Option<sse::Event> {
        while !self.ended {
            if let Some(event) = self.read.pop_front() {
                return Some(shown(&event));
            }
            self.bell.arm();
            match self.look().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(problem) => return Some(self.fail(problem)),
            }
            if !self.bell.rings().await {
                break;
            }
        }
        None
    }

    async fn look(&mut self) -> Result<bool, Problem> {
        let filter = &self.filter;
        let found = self
            .server
            .app
            .events(
                &self.actor,
                filter.after,
                filter.kind.as_deref(),
                filter.task.as_ref(),
                BATCH,
            )
            .await?;
        if let Some(last) = found.last() {
            self.filter.after = last.seq;
        }
        self.read = found.into();
        Ok(!self.read.is_empty())
    }

    fn fail(&mut self, problem: Problem) -> sse::Event {
        self.ended = true;
        let error = ApiError::from(problem);
        tracing::warn!(code = error.code.name(), "An event stream ended early.");
        sse::Event::default().event("error").data(error.code.name())
    }
}

/// Unnamed, so that a page's plain `onmessage` sees all of them; the type is in the data.
fn shown(event: &Event) -> sse::Event {
    let data = serde_json::to_string(event).expect("invariant: an event is plain data");
    sse::Event::default().id(event.seq.0.to_string()).data(data)
}
