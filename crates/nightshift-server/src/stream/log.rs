//! The output of a task as it is written; `id:` is the byte offset after the chunk.

use std::convert::Infallible;
use std::sync::Arc;

use axum::response::sse::Event;
use futures_util::{Stream, stream};
use nightshift_app::Problem;
use nightshift_core::authorise::Actor;
use nightshift_core::id::TaskId;
use nightshift_core::port::store::LogPart;
use nightshift_core::task::Task;
use nightshift_protocol::LogEnd;

use super::{Bell, text};
use crate::Server;
use crate::error::ApiError;

/// Bytes of one event: the size of a stored chunk.
const CHUNK: u32 = 64 << 10;

struct Follow {
    server: Arc<Server>,
    actor: Actor,
    id: TaskId,
    offset: u64,
    /// The attempt whose output is followed; another one starts at 0.
    attempt: Option<u32>,
    bell: Bell,
    ended: bool,
}

/// From `offset` to the end of the task.
///
/// - `message` events carry text; an `attempt` event says that another attempt's output follows,
///   from offset 0; the last event is `end`.
pub(crate) fn follow(
    server: Arc<Server>,
    actor: Actor,
    id: TaskId,
    offset: u64,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let bell = Bell::of(&server);
    let follow = Follow {
        server,
        actor,
        id,
        offset,
        attempt: None,
        bell,
        ended: false,
    };
    stream::unfold(follow, |mut follow| async move {
        let event = follow.next().await?;
        Some((Ok(event), follow))
    })
}

impl Follow {
    async fn next(&mut self) -> Option<Event> {
        while !self.ended {
            self.bell.arm();
            match self.look().await {
                Ok(Some(event)) => return Some(event),
                Ok(None) => {}
                Err(problem) => return Some(self.fail(problem)),
            }
            if !self.bell.rings().await {
                break;
            }
        }
        None
    }

    /// What can be said now, if anything.
    async fn look(&mut self) -> Result<Option<Event>, Problem> {
        let app = &self.server.app;
        let (task, part) = app.logs(&self.actor, &self.id, self.offset, CHUNK).await?;
        let number = task.attempt.as_ref().map(|attempt| attempt.number);
        if let Some(event) = self.another_attempt(number, &part) {
            return Ok(Some(event));
        }
        let over = task.state.is_terminal();
        let all = part.next_offset >= part.end;
        let (text, length) = text::whole(&part.bytes, over && all);
        if length > 0 {
            self.offset += length as u64;
            let event = Event::default().id(self.offset.to_string());
            return Ok(Some(event.data(as_lines(&text))));
        }
        Ok((over && all).then(|| self.end(&task)))
    }

    /// A requeued or retried task writes a new log: its offsets start again.
    fn another_attempt(&mut self, number: Option<u32>, part: &LogPart) -> Option<Event> {
        let known = self.attempt;
        if number.is_some() {
            self.attempt = number;
        }
        let changed = known.is_some() && known != self.attempt;
        // A reader that comes back with an offset of an earlier, longer log.
        let beyond = self.offset > part.end && number.is_some();
        if !changed && !beyond {
            return None;
        }
        self.offset = 0;
        let number = self.attempt.unwrap_or_default();
        let data = serde_json::json!({ "number": number }).to_string();
        Some(Event::default().event("attempt").id("0").data(data))
    }

    fn end(&mut self, task: &Task) -> Event {
        self.ended = true;
        let end = LogEnd {
            status: task.state.name().to_owned(),
            next_offset: self.offset,
        };
        let data = serde_json::to_string(&end).expect("invariant: plain data");
        Event::default()
            .event("end")
            .id(self.offset.to_string())
            .data(data)
    }

    fn fail(&mut self, problem: Problem) -> Event {
        self.ended = true;
        let error = ApiError::from(problem);
        tracing::warn!(task.id = %self.id, code = error.code.name(), "A log stream ended early.");
        Event::default().event("error").data(error.code.name())
    }
}

/// A carriage return ends a line in the format of the stream; so it must be one here.
fn as_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}
