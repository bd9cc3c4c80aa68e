//! One call to the server, over its socket or over HTTP.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use nightshift_core::secret::Secret;
use nightshift_http::{BaseUrl, Client, Reach};
use serde_json::Value;

use crate::cmd::{Context, Misconfigured};

pub(crate) struct Api {
    way: Way,
}

enum Way {
    Socket(PathBuf),
    Http { client: Client, key: Secret },
}

impl Api {
    pub(crate) fn new(context: &Context) -> anyhow::Result<Self> {
        let Some(server) = &context.server else {
            return Ok(Self {
                way: Way::Socket(context.socket()),
            });
        };
        let key = context
            .environment
            .get("NIGHTSHIFT_API_KEY")
            .filter(|key| !key.is_empty());
        let key =
            key.ok_or_else(|| Misconfigured("--server needs a key in NIGHTSHIFT_API_KEY".into()))?;
        let base =
            BaseUrl::parse("--server", server).map_err(|error| Misconfigured(error.to_string()))?;
        let client = Client::new(Reach::new(base, &[]));
        Ok(Self {
            way: Way::Http {
                client,
                key: Secret::new(key),
            },
        })
    }

    pub(crate) async fn get(&self, path: &str, query: &[(&str, String)]) -> anyhow::Result<Value> {
        let path = if query.is_empty() {
            path.to_owned()
        } else {
            let pairs = query.iter().map(|(name, value)| (*name, value.as_str()));
            format!(
                "{path}?{}",
                url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(pairs)
                    .finish()
            )
        };
        let (status, body) = self.call("GET", &path, None).await?;
        answer(status, &body)
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let (status, body) = self.call("POST", path, Some(body)).await?;
        answer(status, &body)
    }

    pub(crate) async fn bytes(&self, path: &str) -> anyhow::Result<Bytes> {
        let (status, body) = self.call("GET", path, None).await?;
        if status == 200 {
            Ok(body)
        } else {
            answer(status, &body).map(|_| body)
        }
    }

    async fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(u16, Bytes)> {
        match &self.way {
            Way::Socket(socket) => over_socket(socket, method, path, body).await,
            Way::Http { client, key } => {
                let (path, query) = path.split_once('?').unwrap_or((path, ""));
                let mut url = client.reach().base().join(path);
                url.set_query(Some(query).filter(|query| !query.is_empty()));
                let answer = match body {
                    Some(body) => client.post_json(&url, Some(key), body).await?,
                    None => client.get(&url, Some(key), &[(); 0]).await?,
                };
                Ok((answer.status, answer.body))
            }
        }
    }
}

async fn over_socket(
    socket: &std::path::Path,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> anyhow::Result<(u16, Bytes)> {
    let stream = tokio::net::UnixStream::connect(socket).await.with_context(|| {
        format!(
            "no server answers at {}; start one with `nightshift serve`, name its --data-dir, or use --server",
            socket.display()
        )
    })?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let bytes = body
        .map(serde_json::to_vec)
        .transpose()?
        .unwrap_or_default();
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header(http::header::HOST, "localhost")
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(bytes)))?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        anyhow::Ok((status, response.into_body().collect().await?.to_bytes()))
    };
    tokio::select! {
        answered = exchange => answered,
        ended = connection => {
            ended?;
            bail!("the server closed the connection")
        }
    }
}

/// The JSON of a success, or the server's own sentence.
fn answer(status: u16, body: &[u8]) -> anyhow::Result<Value> {
    let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    if (200..300).contains(&status) {
        return Ok(value);
    }
    let error = &value["error"];
    let message = error["message"]
        .as_str()
        .unwrap_or("the server gave no reason");
    let fields: Vec<String> = error["fields"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|field| {
            Some(format!(
                "{}: {}",
                field["field"].as_str()?,
                field["message"].as_str()?
            ))
        })
        .collect();
    let fields = if fields.len() < 2 {
        String::new()
    } else {
        format!(" ({})", fields.join("; "))
    };
    bail!(
        "{message}{fields} [{status} {}]",
        error["code"].as_str().unwrap_or("unknown")
    )
}
