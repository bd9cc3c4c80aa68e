//! Calls of Slack's Web API: one try each, the answer checked, errors told apart.

mod find;
mod message;
mod upload;

use nightshift_core::error::Retry;
use nightshift_core::port::{ChatError, ChatKind};
use nightshift_core::secret::Secret;
use nightshift_http::{Answer, BaseUrl, Client as Http, HttpError, Reach, Url, retry};
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{Repeat, chat_error, kind_of, limit_of, unanswered};

/// Where Slack's own addresses in deliveries and answers may point, besides the API itself.
const HOSTS: &[&str] = &["hooks.slack.com", "hooks.slack-gov.com", "files.slack.com"];
/// Response URLs are on these only; a file server's address is none.
const RESPONSE_HOSTS: &[&str] = &["hooks.slack.com", "hooks.slack-gov.com"];
const UPLOAD_HOSTS: &[&str] = &["files.slack.com"];

#[derive(Debug)]
pub(crate) struct Client {
    http: Http,
    api: BaseUrl,
    token: Secret,
}

impl Client {
    pub(crate) fn new(api: BaseUrl, token: Secret) -> Self {
        Self {
            http: Http::new(Reach::new(api.clone(), HOSTS)),
            api,
            token,
        }
    }

    pub(crate) fn reach(&self) -> &Reach {
        self.http.reach()
    }

    /// Calls a method that takes JSON, with the bot's token.
    pub(crate) async fn call<B: Serialize + Sync>(
        &self,
        method: &str,
        body: &B,
        repeat: Repeat,
    ) -> Result<Value, ChatError> {
        self.call_as(&self.token, method, body, repeat).await
    }

    pub(crate) async fn call_as<B: Serialize + Sync>(
        &self,
        token: &Secret,
        method: &str,
        body: &B,
        repeat: Repeat,
    ) -> Result<Value, ChatError> {
        let url = self.api.join(method);
        let answer = self.http.post_json(&url, Some(token), body).await;
        checked(answer, repeat)
    }

    /// Calls a method that only takes a query.
    async fn ask(&self, method: &str, query: &[(&str, &str)]) -> Result<Value, ChatError> {
        let url = self.api.join(method);
        let answer = self.http.get(&url, Some(&self.token), query).await;
        checked(answer, Repeat::Harmless)
    }

    /// Calls a method that only takes a form.
    async fn fill_in(&self, method: &str, form: &[(&str, &str)]) -> Result<Value, ChatError> {
        let url = self.api.join(method);
        let answer = self.http.post_form(&url, Some(&self.token), form).await;
        checked(answer, Repeat::Harmless)
    }

    /// Answers a gesture privately by its response URL. `Expired` when it cannot be used (any
    /// more): five uses, thirty minutes.
    pub(crate) async fn respond<B: Serialize + Sync>(
        &self,
        response_url: &str,
        body: &B,
    ) -> Result<(), ChatError> {
        let url = self.named(response_url, RESPONSE_HOSTS, "response_url")?;
        let answer = self
            .http
            .post_json(&url, None, body)
            .await
            .map_err(|error| unanswered(error, Repeat::Visible))?;
        match answer.status {
            200..=299 if !says_no(&answer) => Ok(()),
            429 | 500..=599 => Err(bad_status(&answer, Repeat::Visible)),
            _ => Err(chat_error(ChatKind::Expired, "response_url refused")),
        }
    }

    /// The id of the direct conversation with a person. Posting takes the person's id itself;
    /// files and look-ups do not.
    pub(crate) async fn conversation_id(&self, channel: &str) -> Result<String, ChatError> {
        if !channel.starts_with(['U', 'W']) {
            return Ok(channel.to_owned());
        }
        let body = json!({ "users": channel });
        let answer = self
            .call("conversations.open", &body, Repeat::Harmless)
            .await?;
        text_at(&answer, "/channel/id")
    }

    /// An address that came from outside; accepted on these hosts, or on the API's own origin when
    /// that is on this machine.
    fn named(&self, url: &str, hosts: &[&str], what: &str) -> Result<Url, ChatError> {
        let refused = || chat_error(ChatKind::NotAllowed, format!("{what} is not Slack's"));
        let url = Url::parse(url).map_err(|_| refused())?;
        let ours = self.api.is_loopback() || url.host_str().is_some_and(|h| hosts.contains(&h));
        if ours && self.reach().allows(&url) {
            Ok(url)
        } else {
            Err(refused())
        }
    }
}

pub(crate) fn text_at(answer: &Value, pointer: &str) -> Result<String, ChatError> {
    let text = answer.pointer(pointer).and_then(Value::as_str);
    text.map(str::to_owned)
        .ok_or_else(|| chat_error(ChatKind::Unavailable, format!("no {pointer} in the answer")))
}

/// Slack answers errors with HTTP 200 and `ok: false`.
pub(crate) fn checked(
    answer: Result<Answer, HttpError>,
    repeat: Repeat,
) -> Result<Value, ChatError> {
    let answer = answer.map_err(|error| unanswered(error, repeat))?;
    if answer.status == 429 || answer.status >= 500 {
        return Err(bad_status(&answer, repeat));
    }
    let Ok(value) = serde_json::from_slice::<Value>(&answer.body) else {
        return Err(bad_status(&answer, repeat));
    };
    if value.get("ok").and_then(Value::as_bool) == Some(true) {
        return Ok(value);
    }
    match value.get("error").and_then(Value::as_str) {
        Some(word) => Err(refused(word, &value, &answer, repeat)),
        None => Err(bad_status(&answer, repeat)),
    }
}

fn refused(word: &str, value: &Value, answer: &Answer, repeat: Repeat) -> ChatError {
    let mut message = word.to_owned();
    // Names the scope to add to the app: the one error an operator repairs by this word.
    if let Some(needed) = value.get("needed").and_then(Value::as_str) {
        message = format!("{word} (needs {needed})");
    }
    let mut error = chat_error(kind_of(word, repeat), message);
    error.limit = limit_of(word);
    if let (ChatKind::RateLimited, Some(wait)) = (error.kind, answer.retry_after) {
        error.retry = Retry::After(wait);
    }
    error
}

fn bad_status(answer: &Answer, repeat: Repeat) -> ChatError {
    let kind = match answer.status {
        429 => ChatKind::RateLimited,
        // Slack itself tells of a bad token with 200 and `ok: false`; a 403 is a proxy's word about
        // this one call.
        401 => ChatKind::Unauthorized,
        403 => ChatKind::NotAllowed,
        400 | 404 | 405 | 413 | 415 => ChatKind::Invalid,
        // A proxy's page, a broken body, a 5xx: it may have happened.
        _ => repeat.lost(),
    };
    let mut error = chat_error(kind, format!("HTTP {}", answer.status));
    if let after @ Retry::After(_) = retry(answer.status, answer.retry_after) {
        error.retry = after;
    }
    error
}

/// A response URL answers `ok`, or JSON that may say `"ok": false`.
fn says_no(answer: &Answer) -> bool {
    serde_json::from_slice::<Value>(&answer.body)
        .is_ok_and(|value| value.get("ok").and_then(Value::as_bool) == Some(false))
}
