//! Sends requests to the app, by webhook or Socket Mode, and keeps what was not acknowledged.

use std::sync::Arc;
use std::time::Instant;

use http::Method;
use serde_json::{Value, json};

use super::Shared;
use super::request::{Delivery, Forgery, Kind, Pending, Request, Sent};
use super::sign::signature;
use crate::wire::{self, Answer, NoAnswer};

/// Slack sends an event again this often: at once, after 1 min, after 5 min.
const EVENT_RETRIES: u8 = 3;

impl Shared {
    /// Delivers a fresh request and books what follows from the answer.
    pub(crate) async fn deliver(&self, request: Request) -> Delivery {
        if request.kind == Kind::Event {
            self.with(|state| state.last_event = Some(request.clone()));
        }
        let delivery = self.attempt(&request, None).await;
        self.book(&request, &delivery);
        delivery
    }

    /// One try; `retry` is the retry's number and reason.
    pub(crate) async fn attempt(
        &self,
        request: &Request,
        retry: Option<(u8, &'static str)>,
    ) -> Delivery {
        let mut delivery = if self.sockets.is_connected() {
            self.send_envelope(request, retry).await
        } else {
            let mut sent = self.signed(request.content_type(), request.body());
            if let Some((number, reason)) = retry {
                sent.headers
                    .push(("x-slack-retry-num".into(), number.to_string()));
                sent.headers
                    .push(("x-slack-retry-reason".into(), reason.into()));
            }
            self.post_to_app(sent).await
        };
        delivery.id.clone_from(&request.id);
        delivery.request = Some(request.clone());
        delivery
    }

    /// Headers and bytes with a signature of now.
    pub(crate) fn signed(&self, content_type: &str, body: Vec<u8>) -> Sent {
        let timestamp = self.now().div_euclid(1000).to_string();
        let signature = signature(&self.setup.signing_secret, &timestamp, &body);
        sent(content_type, Some(&timestamp), Some(&signature), body)
    }

    /// Headers and bytes that the app must refuse.
    pub(crate) fn forged(&self, request: &Request, forgery: Forgery) -> Sent {
        let now = self.now().div_euclid(1000);
        let at = match forgery {
            Forgery::Stale(seconds) => now - seconds,
            _ => now,
        };
        let timestamp = match forgery {
            Forgery::BadTimestamp => format!("{at}.5s"),
            _ => at.to_string(),
        };
        let secret = match forgery {
            Forgery::WrongSecret => "another-secret",
            _ => &self.setup.signing_secret,
        };
        let mut body = request.body();
        let mut digest = signature(secret, &timestamp, &body);
        match forgery {
            Forgery::TamperedBody => body.push(b' '),
            Forgery::WrongVersion => digest = digest.replacen("v0=", "v1=", 1),
            Forgery::EmptySignature => digest.clear(),
            _ => {}
        }
        let timestamp = (forgery != Forgery::NoTimestamp).then_some(timestamp.as_str());
        let digest = (forgery != Forgery::NoSignature).then_some(digest.as_str());
        sent(request.content_type(), timestamp, digest, body)
    }

    /// POSTs exactly these bytes to the app's webhook.
    pub(crate) async fn post_to_app(&self, sent: Sent) -> Delivery {
        let Some(url) = self.look(|state| state.webhook.clone()) else {
            return unanswered(Instant::now(), sent, NoAnswer::Connection);
        };
        let started = Instant::now();
        let deadline = self.setup.ack_deadline;
        let headers = sent.headers.clone();
        match wire::call(Method::POST, &url, &headers, sent.body.clone(), deadline).await {
            Ok(answer) => answered(started, sent, answer),
            Err(reason) => unanswered(started, sent, reason),
        }
    }

    fn book(&self, request: &Request, delivery: &Delivery) {
        if delivery.acknowledged {
            self.book_answer(request, delivery);
        } else if request.kind == Kind::Event && !delivery.no_retry {
            let pending = Pending {
                request: request.clone(),
                retries: 0,
                reason: delivery.failure.unwrap_or("unknown_error"),
            };
            self.with(|state| state.pending.push(pending));
        }
    }

    /// What the body of an acknowledgement says.
    fn book_answer(&self, request: &Request, delivery: &Delivery) {
        match (request.kind, request.payload["type"].as_str()) {
            (Kind::Command, _) => self.command_answered(request, delivery),
            (Kind::Interaction, Some("view_submission")) => {
                self.submission_answered(request, &delivery.body);
            }
            _ => {}
        }
    }

    /// Sends every pending event once more; those that had their last retry are given up.
    pub(crate) async fn retry_once(&self) -> Vec<Delivery> {
        let due = self.with(|state| std::mem::take(&mut state.pending));
        let mut deliveries = Vec::new();
        for mut pending in due {
            pending.retries += 1;
            let retry = Some((pending.retries, pending.reason));
            let delivery = self.attempt(&pending.request, retry).await;
            if !delivery.acknowledged {
                pending.reason = delivery.failure.unwrap_or("unknown_error");
                self.with(|state| {
                    if pending.retries >= EVENT_RETRIES || delivery.no_retry {
                        state.lost.push(pending.request);
                    } else {
                        state.pending.push(pending);
                    }
                });
            }
            deliveries.push(delivery);
        }
        deliveries
    }

    /// Delivers events about the app's own doings, without making it wait for itself.
    pub(crate) fn echo(self: &Arc<Self>, events: Vec<Value>) {
        for event in events {
            if !self.is_subscribed(&event) {
                continue;
            }
            let request = self.event_request(event, false);
            self.with(|state| state.in_flight += 1);
            let shared = Arc::clone(self);
            self.in_background(async move {
                shared.deliver(request).await;
                shared.with(|state| state.in_flight -= 1);
            });
        }
    }

    fn is_subscribed(&self, event: &Value) -> bool {
        let name = match event["channel_type"].as_str() {
            Some("im") => "message.im",
            Some("group") => "message.groups",
            _ => "message.channels",
        };
        self.look(|state| state.subscriptions.contains(name))
    }

    /// Wraps an event as the Events API does.
    pub(crate) fn event_request(&self, event: Value, foreign: bool) -> Request {
        let now = self.now();
        let id = self.with(|state| format!("Ev{:010}", state.next()));
        let payload = json!({
            "token": "verification-token",
            "team_id": self.bot.team,
            "api_app_id": self.bot.app,
            "type": "event_callback",
            "event_id": id,
            "event_time": now.div_euclid(1000),
            "event_context": format!("4-{id}"),
            "is_ext_shared_channel": foreign,
            "context_team_id": self.bot.team,
            "context_enterprise_id": null,
            "authorizations": [{
                "enterprise_id": null,
                "team_id": self.bot.team,
                "user_id": self.bot.user,
                "is_bot": true,
                "is_enterprise_install": false,
            }],
            "event": event,
        });
        Request {
            kind: Kind::Event,
            id,
            payload,
        }
    }
}

fn sent(
    content_type: &str,
    timestamp: Option<&str>,
    signature: Option<&str>,
    body: Vec<u8>,
) -> Sent {
    let mut headers = vec![
        ("content-type".to_owned(), content_type.to_owned()),
        (
            "user-agent".to_owned(),
            "Slackbot 1.0 (+https://api.slack.com/robots)".to_owned(),
        ),
    ];
    if let Some(timestamp) = timestamp {
        headers.push(("x-slack-request-timestamp".to_owned(), timestamp.to_owned()));
    }
    if let Some(signature) = signature {
        headers.push(("x-slack-signature".to_owned(), signature.to_owned()));
    }
    Sent { headers, body }
}

fn answered(started: Instant, sent: Sent, answer: Answer) -> Delivery {
    let header = |name: &str| {
        answer
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let acknowledged = answer.status.is_success();
    Delivery {
        id: String::new(),
        status: Some(answer.status.as_u16()),
        content_type: header("content-type"),
        took: started.elapsed(),
        acknowledged,
        failure: (!acknowledged).then_some("http_error"),
        no_retry: header("x-slack-no-retry") == "1",
        body: answer.body,
        sent,
        request: None,
    }
}

pub(crate) fn unanswered(started: Instant, sent: Sent, reason: NoAnswer) -> Delivery {
    Delivery {
        id: String::new(),
        status: None,
        content_type: String::new(),
        body: String::new(),
        took: started.elapsed(),
        acknowledged: false,
        failure: Some(match reason {
            NoAnswer::Timeout => "http_timeout",
            NoAnswer::Connection => "connection_failed",
        }),
        no_retry: false,
        sent,
        request: None,
    }
}
