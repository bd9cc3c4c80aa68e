//! `GET …/{id}/logs` and `…/logs/stream`: the output of the current or last attempt.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use nightshift_protocol::LogText;

use crate::Server;
use crate::error::ApiError;
use crate::extract::{Caller, Params, TaskPath};
use crate::stream::{self, text};

const BYTES: u32 = 1 << 20;
const MOST_BYTES: u64 = 4 << 20;
const RAW: &str = "application/octet-stream";

pub(crate) async fn logs(
    State(server): State<Arc<Server>>,
    Caller(actor): Caller,
    TaskPath(id): TaskPath,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, ApiError> {
    let offset = offset(&mut params);
    let limit = params.number("limit", 1, MOST_BYTES);
    params.finish()?;
    let raw = stream::accepts(&headers, RAW);
    let limit = limit.map_or(BYTES, |limit| limit as u32);
    // Text comes in whole characters: room for one is always needed.
    let limit = if raw {
        limit
    } else {
        limit.max(text::LONGEST_CHARACTER)
    };
    let (task, part) = server.app.logs(&actor, &id, offset, limit).await?;
    if raw {
        let next = part.next_offset.to_string();
        let headers = [
            (header::CONTENT_TYPE.as_str(), RAW),
            ("x-next-offset", &next),
        ];
        return Ok((headers, part.bytes).into_response());
    }
    let last = task.state.is_terminal() && part.next_offset >= part.end;
    let (text, length) = text::whole(&part.bytes, last);
    let held_back = (part.bytes.len() - length) as u64;
    let next_offset = part.next_offset.saturating_sub(held_back);
    Ok(Json(LogText { text, next_offset }).into_response())
}

pub(crate) async fn stream(
    State(server): State<Arc<Server>>,
    Caller(actor): Caller,
    TaskPath(id): TaskPath,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, ApiError> {
    let offset = offset(&mut params);
    params.finish()?;
    server.app.task(&actor, &id).await?;
    let offset = stream::last_event_id(&headers).unwrap_or(offset);
    let events = stream::log::follow(server, actor, id, offset);
    Ok(stream::respond(events).into_response())
}

fn offset(params: &mut Params) -> u64 {
    params.number("offset", 0, i64::MAX as u64).unwrap_or(0)
}
