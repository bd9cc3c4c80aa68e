//! The parts of requests that clients write, as plain functions for the fuzz targets.

pub use axum::http::HeaderMap as Headers;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};
use nightshift_core::port::store::Idempotency;
use nightshift_core::task::Wishes;

use crate::ApiError;
use crate::extract::body::{Kind, RawBody};
use crate::extract::{Fields, Params};
use crate::routes::submit::Wanted;

/// Headers of these names and values; what HTTP itself would refuse is left out.
pub fn headers<'a>(lines: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> HeaderMap {
    let header = |(name, value): (&str, &[u8])| {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(value).ok()?))
    };
    lines.into_iter().filter_map(header).collect()
}

fn raw(headers: &HeaderMap, body: &[u8]) -> RawBody {
    RawBody {
        bytes: body.to_vec().into(),
        kind: Kind::of(headers),
    }
}

/// A direct submission.
pub fn submission(
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(String, Wishes, Option<Idempotency>), ApiError> {
    let wanted = Wanted::read(headers, &raw(headers, body))?;
    Ok((wanted.description, wanted.wishes, wanted.key))
}

/// The body of a decision: `reason`, `feedback` and `plan_hash`.
pub fn decision(headers: &HeaderMap, body: &[u8]) -> Result<[Option<String>; 3], ApiError> {
    let mut fields = Fields::optional(&raw(headers, body))?;
    let read = ["reason", "feedback", "plan_hash"].map(|name| fields.text(name));
    fields.finish().map(|()| read)
}

/// `after`, `limit` and `cursor` of a query.
pub fn query(query: &str) -> Result<(Option<u64>, u32, Option<String>), ApiError> {
    let uri = format!("/?{query}");
    let Ok(request) = Request::builder().uri(uri).body(()) else {
        return Ok((None, 1, None)); // HTTP itself refuses such an address.
    };
    let mut params = Params::of(request.uri())?;
    let after = params.number("after", 0, i64::MAX as u64);
    let (limit, cursor) = (params.page(), params.text("cursor"));
    params.finish().map(|()| (after, limit, cursor))
}

/// Where a stream of events is taken up.
pub fn last_event_id(headers: &HeaderMap) -> (Option<i64>, Option<u64>) {
    (
        crate::stream::last_event_id(headers),
        crate::stream::last_event_id(headers),
    )
}

/// The header that names a file to save as.
pub fn attachment(path: &str) -> HeaderValue {
    crate::routes::tasks::files::attachment(path)
}

/// Output as text: how much of it is whole.
pub fn whole(bytes: &[u8], last: bool) -> (String, usize) {
    crate::stream::text::whole(bytes, last)
}
