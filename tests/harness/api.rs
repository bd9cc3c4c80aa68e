//! The API as an outside program uses it.

use std::time::Duration;

use serde_json::Value;

/// A stream that says nothing for so long is stuck.
const SILENCE: Duration = Duration::from_secs(10);

/// A client with or without a key.
pub struct Client {
    http: reqwest::Client,
    url: String,
    key: Option<String>,
}

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The `code` of an error.
    pub fn code(&self) -> String {
        self.json()["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

impl Client {
    pub fn new(url: &str, key: Option<&str>) -> Self {
        nightshift_http::tls::init();
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            http,
            url: url.to_owned(),
            key: key.map(str::to_owned),
        }
    }

    /// Another server or key, and the same connections.
    pub fn with(&self, url: &str, key: &str) -> Self {
        Self {
            http: self.http.clone(),
            url: url.to_owned(),
            key: Some(key.to_owned()),
        }
    }

    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().expect("a method");
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.key {
            Some(key) => request.header("x-api-key", key),
            None => request,
        }
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer {
            status,
            headers,
            body: response.bytes().await.expect("a body").to_vec(),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request("POST", path).json(&body)).await
    }
}

/// A server-sent event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sse {
    pub id: String,
    /// Empty for an ordinary message.
    pub event: String,
    pub data: String,
}

/// Server-sent events, as a reader gets them.
pub struct Stream {
    response: reqwest::Response,
    read: String,
}

impl Client {
    /// Opens a stream, after the event with this id if one is given.
    pub async fn stream(&self, path: &str, last_event_id: Option<&str>) -> Stream {
        let mut request = self
            .request("GET", path)
            .header("accept", "text/event-stream");
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        self.listen(request).await
    }

    /// Reads what this request answers as a stream.
    pub async fn listen(&self, request: reqwest::RequestBuilder) -> Stream {
        let response = request.send().await.expect("a stream");
        assert_eq!(response.status(), 200, "no stream at {}", response.url());
        Stream {
            response,
            read: String::new(),
        }
    }
}

impl Stream {
    /// The next event, or `None` at the end.
    pub async fn next(&mut self) -> Option<Sse> {
        loop {
            if let Some(end) = self.read.find("\n\n") {
                let event = parse(&self.read[..end]);
                self.read.drain(..end + 2);
                if event != Sse::default() {
                    return Some(event);
                }
                continue; // A heartbeat.
            }
            let chunk = tokio::time::timeout(SILENCE, self.response.chunk());
            let chunk = chunk.await.expect("the stream is stuck");
            let bytes = chunk.expect("the stream broke")?;
            self.read.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
}

fn parse(text: &str) -> Sse {
    let mut event = Sse::default();
    let mut data = Vec::new();
    for line in text.lines() {
        match line.split_once(':') {
            Some(("id", value)) => value.trim_start().clone_into(&mut event.id),
            Some(("event", value)) => value.trim_start().clone_into(&mut event.event),
            Some(("data", value)) => data.push(value.strip_prefix(' ').unwrap_or(value)),
            _ => {}
        }
    }
    event.data = data.join("\n");
    event
}
