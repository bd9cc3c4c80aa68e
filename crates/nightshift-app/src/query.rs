//! Questions: they change nothing, and ask for the permission to see.

use nightshift_core::authorise::{Action, Actor, Resource, authorise};
use nightshift_core::event::Event;
use nightshift_core::id::{Fence, Seq, TaskId};
use nightshift_core::port::store::{LogPart, Page, TaskFilter};
use nightshift_core::task::Task;

use crate::{App, Problem};

/// The causal chain shows at most this many events.
const CHAIN: u32 = 1000;
/// Bytes read to find the last lines of a log.
const TAIL: u64 = 16 * 1024;

impl App {
    pub fn may_view(&self, actor: &Actor) -> Result<(), Problem> {
        authorise(actor, Action::View, &Resource::Service)
            .map(|_| ())
            .map_err(Problem::Forbidden)
    }

    pub async fn tasks(&self, actor: &Actor, filter: &TaskFilter) -> Result<Page<Task>, Problem> {
        self.may_view(actor)?;
        Ok(self.store().tasks(filter).await?)
    }

    pub async fn events(
        &self,
        actor: &Actor,
        after: Seq,
        kind: Option<&str>,
        task: Option<&TaskId>,
        limit: u32,
    ) -> Result<Vec<Event>, Problem> {
        self.may_view(actor)?;
        Ok(self.store().events(after, kind, task, limit).await?)
    }

    pub async fn why(&self, actor: &Actor, id: &TaskId) -> Result<(Task, Vec<Event>), Problem> {
        let task = self.task(actor, id).await?;
        let events = self.store().events(Seq(0), None, Some(id), CHAIN).await?;
        Ok((task, events))
    }

    /// Output of the current or last attempt, from a byte offset.
    pub async fn logs(
        &self,
        actor: &Actor,
        id: &TaskId,
        offset: u64,
        limit: u32,
    ) -> Result<(Task, LogPart), Problem> {
        let task = self.task(actor, id).await?;
        let fence = task
            .attempt
            .as_ref()
            .map_or(Fence(0), |attempt| attempt.fence);
        let part = self.store().read_log(id, fence, offset, limit).await?;
        Ok((task, part))
    }

    /// The last `lines` lines of output.
    pub async fn log_tail(
        &self,
        actor: &Actor,
        id: &TaskId,
        lines: usize,
    ) -> Result<(Task, String), Problem> {
        let (task, part) = self.logs(actor, id, 0, 0).await?;
        let from = part.end.saturating_sub(TAIL);
        let (_, part) = self.logs(actor, id, from, TAIL as u32).await?;
        let text = String::from_utf8_lossy(&part.bytes).into_owned();
        let all: Vec<&str> = text.lines().collect();
        Ok((task, all[all.len().saturating_sub(lines)..].join("\n")))
    }
}
