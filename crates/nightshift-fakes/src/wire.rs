//! One HTTP/1.1 POST to an app on loopback: raw bytes out, status and body back.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::Url;

/// What the app answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// Nobody listens, or the connection broke.
    Connection,
    /// The deadline passed first; the connection is closed.
    Timeout,
}

/// Sends one request and reads the whole answer before `deadline`.
pub(crate) async fn call(
    method: Method,
    url: &str,
    headers: &[(String, String)],
    body: Vec<u8>,
    deadline: Duration,
) -> Result<Answer, NoAnswer> {
    tokio::time::timeout(deadline, exchange(method, url, headers, body))
        .await
        .map_err(|_| NoAnswer::Timeout)?
}

async fn exchange(
    method: Method,
    url: &str,
    headers: &[(String, String)],
    body: Vec<u8>,
) -> Result<Answer, NoAnswer> {
    let url = Url::parse(url).map_err(|_| NoAnswer::Connection)?;
    let authority = url.authority().to_owned();
    let stream = TcpStream::connect(&authority)
        .await
        .map_err(|_| NoAnswer::Connection)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|_| NoAnswer::Connection)?;
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .header("host", authority);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request
        .body(Full::new(Bytes::from(body)))
        .map_err(|_| NoAnswer::Connection)?;
    let answer = async {
        let response = sender.send_request(request).await?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok::<_, hyper::Error>(Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    };
    let mut answer = std::pin::pin!(answer);
    // The connection has to be driven while the answer is awaited; when it ends first, what it
    // read is still in the answer's buffer.
    let answer = tokio::select! {
        answer = &mut answer => answer,
        _ = connection => answer.await,
    };
    answer.map_err(|_| NoAnswer::Connection)
}
