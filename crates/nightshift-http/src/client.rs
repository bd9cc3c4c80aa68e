//! One outgoing HTTP client per service, and what its calls come to.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use nightshift_core::error::Source;
use nightshift_core::secret::Secret;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use serde::Serialize;
use url::Url;

use crate::base_url::Reach;
use crate::redact::redact;
use crate::retry::retry_after;

/// A connection that is not there by then never comes.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The whole of a call; an upload of a large file is the longest.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Longer answers are refused: none of the calls we make has one.
const ANSWER_LIMIT: usize = 8 << 20;

/// Calls one service, within its [`Reach`]. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    reach: Reach,
}

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: Bytes,
}

/// What a caller may branch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpKind {
    /// The address is not one that may be called; nothing was sent.
    Forbidden,
    /// No connection; nothing was sent.
    Unreachable,
    /// The request may have arrived; its answer was lost.
    Lost,
}

/// A call without an answer.
#[derive(Debug, thiserror::Error)]
#[error("{at}: {problem}")]
pub struct HttpError {
    pub kind: HttpKind,
    /// The address, redacted.
    at: String,
    problem: &'static str,
    #[source]
    pub source: Option<Source>,
}

impl HttpError {
    pub(crate) fn new(kind: HttpKind, url: &Url, problem: &'static str) -> Self {
        Self {
            kind,
            at: redact(url),
            problem,
            source: None,
        }
    }

    pub(crate) fn because(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl Client {
    /// # Panics
    /// When the operating system offers no trust store at all.
    pub fn new(reach: Reach) -> Self {
        crate::tls::init();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CALL_TIMEOUT)
            // A redirect would carry bodies and tokens to an address that nobody checked.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("NightShift/", env!("CARGO_PKG_VERSION")));
        if reach.base().is_loopback() {
            builder = builder.no_proxy();
        }
        let http = builder
            .build()
            .expect("invariant: TLS is initialised and no option above can fail");
        Self { http, reach }
    }

    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Asks for `url` with `query` appended.
    pub async fn get<Q: Serialize + Sync + ?Sized>(
        &self,
        url: &Url,
        token: Option<&Secret>,
        query: &Q,
    ) -> Result<Answer, HttpError> {
        self.send(url, token, |http| http.get(url.clone()).query(query))
            .await
    }

    /// Posts JSON, with the charset named: some services warn without it.
    pub async fn post_json<B: Serialize + Sync + ?Sized>(
        &self,
        url: &Url,
        token: Option<&Secret>,
        body: &B,
    ) -> Result<Answer, HttpError> {
        self.send(url, token, |http| {
            http.post(url.clone())
                .header(CONTENT_TYPE, "application/json; charset=utf-8")
                .json(body)
        })
        .await
    }

    pub async fn post_form<B: Serialize + Sync + ?Sized>(
        &self,
        url: &Url,
        token: Option<&Secret>,
        body: &B,
    ) -> Result<Answer, HttpError> {
        self.send(url, token, |http| http.post(url.clone()).form(body))
            .await
    }

    pub async fn post_bytes(&self, url: &Url, bytes: Bytes) -> Result<Answer, HttpError> {
        self.send(url, None, |http| {
            http.post(url.clone())
                .header(CONTENT_TYPE, "application/octet-stream")
                .body(bytes)
        })
        .await
    }

    async fn send(
        &self,
        url: &Url,
        token: Option<&Secret>,
        build: impl FnOnce(&reqwest::Client) -> reqwest::RequestBuilder,
    ) -> Result<Answer, HttpError> {
        if !self.reach.allows(url) {
            let problem = "this address is not called";
            return Err(HttpError::new(HttpKind::Forbidden, url, problem));
        }
        let mut request = build(&self.http);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, bearer(url, token)?);
        }
        let response = request.send().await.map_err(|error| failed(url, error))?;
        read(url, response).await
    }
}

fn bearer(url: &Url, token: &Secret) -> Result<HeaderValue, HttpError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| {
        let problem = "the token has characters that no header can hold";
        HttpError::new(HttpKind::Forbidden, url, problem)
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn failed(url: &Url, error: reqwest::Error) -> HttpError {
    let (kind, problem) = if error.is_connect() || error.is_builder() {
        (HttpKind::Unreachable, "cannot be reached")
    } else if error.is_timeout() {
        (HttpKind::Lost, "did not answer in time")
    } else {
        (HttpKind::Lost, "the connection broke")
    };
    HttpError::new(kind, url, problem).because(error.without_url())
}

async fn read(url: &Url, mut response: reqwest::Response) -> Result<Answer, HttpError> {
    let status = response.status().as_u16();
    let wait = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(retry_after);
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(url, error))? {
        if body.len() + chunk.len() > ANSWER_LIMIT {
            let problem = "the answer is too long";
            return Err(HttpError::new(HttpKind::Lost, url, problem));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status,
        retry_after: wait,
        body: body.freeze(),
    })
}

#[cfg(test)]
mod tests;
