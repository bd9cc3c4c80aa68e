//! A clock that tests move, an app that records what it gets, and calls as an adapter makes them.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::slack::{FakeSlack, SlackSetup, signature};
use crate::wire::{self, Answer, NoAnswer};

pub(super) const SOON: Duration = Duration::from_secs(10);
const NOW: i64 = 1_700_000_000_000;

/// A moment that only tests move.
#[derive(Clone)]
pub(super) struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    pub(super) fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

/// One HTTP call that the app got.
#[derive(Debug, Clone)]
pub(super) struct Got {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Got {
    pub(super) fn header(&self, name: &str) -> String {
        let value = self.headers.get(name).and_then(|v| v.to_str().ok());
        value.unwrap_or_default().to_owned()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The fields of a form.
    pub(super) fn field(&self, name: &str) -> String {
        let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(&self.body).unwrap();
        let found = fields.into_iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value).unwrap_or_default()
    }
}

type Answers = Arc<Mutex<Vec<(u16, &'static str, String)>>>;

#[derive(Clone, Default)]
struct Book {
    got: Arc<Mutex<Vec<Got>>>,
    answers: Answers,
}

pub(super) struct World {
    pub(super) slack: FakeSlack,
    pub(super) clock: ManualClock,
    book: Book,
    _app: JoinSet<()>,
}

pub(super) async fn world() -> World {
    world_with(|_| {}).await
}

pub(super) async fn world_with(change: impl FnOnce(&mut SlackSetup)) -> World {
    let clock = ManualClock(Arc::new(AtomicI64::new(NOW)));
    let hands = clock.clone();
    let mut setup = SlackSetup::new(Arc::new(move || hands.0.load(Ordering::SeqCst)));
    change(&mut setup);
    let slack = FakeSlack::start(setup).await.unwrap();
    let book = Book::default();
    let router = Router::new()
        .route("/webhook/slack", post(take))
        .with_state(book.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut app = JoinSet::new();
    app.spawn(async move { axum::serve(listener, router).await.unwrap() });
    slack.connect(format!("http://{address}/webhook/slack"));
    World {
        slack,
        clock,
        book,
        _app: app,
    }
}

async fn take(State(book): State<Book>, headers: HeaderMap, body: Bytes) -> Response {
    book.got.lock().unwrap().push(Got {
        headers,
        body: body.to_vec(),
    });
    let answer = book.answers.lock().unwrap().pop();
    let (status, media, body) = answer.unwrap_or((200, "text/plain", String::new()));
    if media == "never" {
        std::future::pending::<()>().await;
    }
    let status = StatusCode::from_u16(status).unwrap();
    (status, [("content-type", media)], body).into_response()
}

impl World {
    pub(super) fn got(&self) -> Vec<Got> {
        self.book.got.lock().unwrap().clone()
    }

    pub(super) fn forget(&self) {
        self.book.got.lock().unwrap().clear();
    }

    /// The app answers its next deliveries so, in this order.
    pub(super) fn will_answer(&self, answers: &[(u16, &'static str, &str)]) {
        let mut queue = self.book.answers.lock().unwrap();
        for (status, media, body) in answers.iter().rev() {
            queue.push((*status, media, (*body).to_owned()));
        }
    }

    /// Whether the signature of a call is Slack's.
    pub(super) fn is_signed(&self, got: &Got) -> bool {
        let timestamp = got.header("x-slack-request-timestamp");
        let secret = &self.slack.setup().signing_secret;
        got.header("x-slack-signature") == signature(secret, &timestamp, &got.body)
    }

    pub(super) async fn try_call(&self, method: &str, args: Value) -> Result<Answer, NoAnswer> {
        let token = &self.slack.setup().bot_token;
        let headers = [
            ("authorization".to_owned(), format!("Bearer {token}")),
            (
                "content-type".to_owned(),
                "application/json; charset=utf-8".to_owned(),
            ),
        ];
        let url = format!("{}/{method}", self.slack.api_url());
        let body = args.to_string().into_bytes();
        wire::call(Method::POST, &url, &headers, body, SOON).await
    }

    /// A JSON call with the bot token; the body of the answer.
    pub(super) async fn call(&self, method: &str, args: Value) -> Value {
        let answer = self.try_call(method, args).await.unwrap();
        serde_json::from_str(&answer.body).unwrap()
    }

    /// A form call with the bot token.
    pub(super) async fn form(&self, method: &str, args: &[(&str, &str)]) -> Value {
        let token = &self.slack.setup().bot_token;
        let answer = self.form_as(token, method, args).await;
        serde_json::from_str(&answer.body).unwrap()
    }

    pub(super) async fn form_as(&self, token: &str, method: &str, args: &[(&str, &str)]) -> Answer {
        let headers = [
            ("authorization".to_owned(), format!("Bearer {token}")),
            (
                "content-type".to_owned(),
                "application/x-www-form-urlencoded".to_owned(),
            ),
        ];
        let url = format!("{}/{method}", self.slack.api_url());
        let body = serde_urlencoded::to_string(args).unwrap().into_bytes();
        wire::call(Method::POST, &url, &headers, body, SOON)
            .await
            .unwrap()
    }

    /// POSTs bytes to any URL, without a token.
    pub(super) async fn put(&self, url: &str, media: &str, body: &[u8]) -> Answer {
        let headers = [("content-type".to_owned(), media.to_owned())];
        wire::call(Method::POST, url, &headers, body.to_vec(), SOON)
            .await
            .unwrap()
    }

    /// Posts a card with the two usual buttons in `general`; its timestamp.
    pub(super) async fn post_card(&self) -> String {
        let channel = self.slack.channel("general");
        let posted = self
            .call(
                "chat.postMessage",
                json!({
                    "channel": channel.id,
                    "text": "A plan",
                    "blocks": card(),
                    "metadata": {"event_type": "card", "event_payload": {"key": "k1"}},
                }),
            )
            .await;
        posted["ts"].as_str().unwrap().to_owned()
    }
}

pub(super) fn button(label: &str, action: &str) -> Value {
    json!({
        "type": "button",
        "text": {"type": "plain_text", "text": label},
        "action_id": action,
        "value": format!("value of {action}"),
    })
}

pub(super) fn card() -> Value {
    json!([
        {"type": "header", "text": {"type": "plain_text", "text": "Task created"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "a &lt; b"}},
        {"type": "actions", "elements": [button("Approve & Execute", "a1"), button("Cancel", "a2")]},
    ])
}
