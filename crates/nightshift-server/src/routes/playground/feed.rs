//! The page's messages as they are posted and edited; `id:` is their number.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::Event;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use nightshift_core::id::Seq;
use nightshift_core::port::StoreError;
use nightshift_core::port::store::PageMessage;

use super::visitor::Visitor;
use crate::Server;
use crate::error::ApiError;
use crate::extract::Params;
use crate::stream::{self as sse, Bell};

/// Messages read at once; some hold a file of a megabyte.
const BATCH: u32 = 16;

pub(super) async fn events(
    State(server): State<Arc<Server>>,
    visitor: Visitor,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, ApiError> {
    let after = params.number("after", 0, i64::MAX as u64).unwrap_or(0);
    params.finish()?;
    server.app.may_view(&visitor.actor())?;
    let after = sse::last_event_id(&headers).unwrap_or(after as i64);
    let feed = Feed {
        bell: Bell::of(&server),
        server,
        visitor,
        after: Seq(after),
        read: VecDeque::new(),
        told: Told::History,
    };
    let events = stream::unfold(feed, |mut feed| async move {
        let event = feed.next().await?;
        Some((Ok::<_, Infallible>(event), feed))
    });
    Ok(sse::respond(events).into_response())
}

/// Whether the reader knows that it has seen everything up to now.
#[derive(PartialEq, Eq)]
enum Told {
    History,
    Live,
}

struct Feed {
    server: Arc<Server>,
    visitor: Visitor,
    after: Seq,
    read: VecDeque<PageMessage>,
    bell: Bell,
    told: Told,
}

impl Feed {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(message) = self.read.pop_front() {
                let data = self.visitor.door.shown(&message);
                return Some(Event::default().id(message.seq.0.to_string()).data(data));
            }
            self.bell.arm();
            if let Err(error) = self.look().await {
                // The stream ends; its reader comes back with the last number it saw.
                tracing::warn!(%error, "A page's feed ended early.");
                return None;
            }
            if !self.read.is_empty() {
                continue;
            }
            if self.told == Told::History {
                self.told = Told::Live;
                return Some(Event::default().event("live").data("{}"));
            }
            if !self.bell.rings().await {
                return None;
            }
        }
    }

    async fn look(&mut self) -> Result<(), StoreError> {
        let channel = self.visitor.door.channel();
        let reader = &self.visitor.session.person;
        let store = self.server.app.store();
        let found = store
            .page_messages(&channel, reader, self.after, BATCH)
            .await?;
        if let Some(last) = found.last() {
            self.after = last.seq;
        }
        self.read = found.into();
        Ok(())
    }
}
