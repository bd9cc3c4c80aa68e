//! A few lines of HTTP server: writes down what it is asked and answers as the test says.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::config;
use crate::{SlackConfig, SlackPlatform};

#[derive(Debug, Clone)]
pub(super) struct Call {
    /// `POST /api/chat.postMessage`, with the query.
    pub(super) line: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Call {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// `chat.postMessage` of the Web API, or the path of anything else.
    pub(super) fn method(&self) -> &str {
        let path = self.line.split(' ').nth(1).unwrap_or_default();
        let path = path.split('?').next().unwrap_or_default();
        path.strip_prefix("/api/").unwrap_or(path)
    }
}

/// Status, a header line (or none), body; an empty status line closes without an answer.
pub(super) struct Reply {
    status: u16,
    header: &'static str,
    body: String,
}

pub(super) fn json(body: Value) -> Reply {
    text(200, &body.to_string())
}

pub(super) fn text(status: u16, body: &str) -> Reply {
    Reply {
        status,
        header: "",
        body: body.to_owned(),
    }
}

pub(super) fn with_header(reply: Reply, header: &'static str) -> Reply {
    Reply { header, ..reply }
}

/// Hangs up after reading.
pub(super) fn silence() -> Reply {
    text(0, "")
}

pub(super) struct Fake {
    pub(super) origin: String,
    calls: Arc<Mutex<Vec<Call>>>,
    _server: JoinSet<()>,
}

impl Fake {
    pub(super) async fn answering(
        answer: impl Fn(&str, &Call) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(Mutex::new(Vec::new()));
        let (seen, at) = (Arc::clone(&calls), origin.clone());
        let mut server = JoinSet::new();
        server.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let mut stream = stream;
                let Some(call) = read(&mut stream).await else {
                    continue;
                };
                let reply = answer(&at, &call);
                seen.lock().unwrap().push(call);
                write(&mut stream, reply).await;
            }
        });
        Self {
            origin,
            calls,
            _server: server,
        }
    }

    pub(super) fn platform(&self) -> SlackPlatform {
        let config = SlackConfig {
            api_url: format!("{}/api", self.origin),
            ..config()
        };
        SlackPlatform::new(&config, None).unwrap()
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    pub(super) fn methods(&self) -> Vec<String> {
        let calls = self.calls();
        calls.iter().map(|call| call.method().to_owned()).collect()
    }
}

async fn read(stream: &mut TcpStream) -> Option<Call> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).ok()?;
    let mut lines = head.lines();
    let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = bytes.split_off(head_end + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Call {
        line,
        headers,
        body,
    })
}

async fn write(stream: &mut TcpStream, reply: Reply) {
    if reply.status == 0 {
        return;
    }
    let Reply {
        status,
        header,
        body,
    } = reply;
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Answer\r\n{header}content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream
        .write_all(format!("{head}{body}").as_bytes())
        .await
        .unwrap();
}
