//! A WebSocket that speaks text; pings are answered and silence is noticed.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use url::Url;

use crate::base_url::Reach;
use crate::client::{HttpError, HttpKind};

/// Name look-up, TLS and the upgrade together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// After so long without a frame we ask whether the other side is there, and after as long again
/// take it for gone.
const SILENCE: Duration = Duration::from_secs(30);
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// Frames hold what webhook bodies hold, which are limited to 1 MB.
const FRAME_LIMIT: usize = 4 << 20;

#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    at: Url,
    asked: bool,
}

impl Socket {
    /// Opens `url` when `reach` allows it.
    pub async fn connect(reach: &Reach, url: &Url) -> Result<Self, HttpError> {
        if !reach.allows_socket(url) {
            let problem = "this address is not called";
            return Err(HttpError::new(HttpKind::Forbidden, url, problem));
        }
        crate::tls::init();
        let config = WebSocketConfig::default()
            .max_message_size(Some(FRAME_LIMIT))
            .max_frame_size(Some(FRAME_LIMIT));
        let connecting = connect_async_with_config(url.as_str(), Some(config), true);
        let unreachable =
            |problem: &'static str| HttpError::new(HttpKind::Unreachable, url, problem);
        let (stream, _) = timeout(CONNECT_TIMEOUT, connecting)
            .await
            .map_err(|_| unreachable("did not answer in time"))?
            .map_err(|error| unreachable("cannot be reached").because(error))?;
        Ok(Self {
            stream,
            at: url.clone(),
            asked: false,
        })
    }

    /// The next text, or `None` when the other side closed. May be dropped and called again
    /// without losing a frame.
    pub async fn next(&mut self) -> Result<Option<String>, HttpError> {
        loop {
            let Ok(frame) = timeout(SILENCE, self.stream.next()).await else {
                self.ask().await?;
                continue;
            };
            self.asked = false;
            match frame {
                Some(Ok(Message::Text(text))) => return Ok(Some(text.as_str().to_owned())),
                // The library has queued the answer; it leaves with a flush.
                Some(Ok(Message::Ping(_))) => self.flush().await?,
                Some(Ok(Message::Close(_))) | None => return Ok(None),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(self.lost("the connection broke").because(error)),
            }
        }
    }

    pub async fn send(&mut self, text: String) -> Result<(), HttpError> {
        let sent = timeout(SEND_TIMEOUT, self.stream.send(Message::text(text))).await;
        self.outcome(sent)
    }

    async fn ask(&mut self) -> Result<(), HttpError> {
        if self.asked {
            return Err(self.lost("nothing was heard"));
        }
        self.asked = true;
        let ping = Message::Ping(bytes::Bytes::new());
        let sent = timeout(SEND_TIMEOUT, self.stream.send(ping)).await;
        self.outcome(sent)
    }

    async fn flush(&mut self) -> Result<(), HttpError> {
        let sent = timeout(SEND_TIMEOUT, self.stream.flush()).await;
        self.outcome(sent)
    }

    fn outcome(
        &self,
        sent: Result<
            Result<(), tokio_tungstenite::tungstenite::Error>,
            tokio::time::error::Elapsed,
        >,
    ) -> Result<(), HttpError> {
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.lost("the connection broke").because(error)),
            Err(_) => Err(self.lost("cannot be written to")),
        }
    }

    fn lost(&self, problem: &'static str) -> HttpError {
        HttpError::new(HttpKind::Lost, &self.at, problem)
    }
}
