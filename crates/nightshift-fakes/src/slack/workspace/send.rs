//! Deliveries that a test makes by hand: forged, repeated, raw; retries and sockets.

use serde_json::{Value, json};

use super::FakeChannel;
use crate::slack::FakeSlack;
use crate::slack::message::encode;
use crate::slack::request::{Delivery, Forgery, Kind, Request, Sent};
use crate::slack::socket::Disconnect;

impl FakeSlack {
    /// Sends a request that was built but not sent.
    pub async fn send(&self, request: Request) -> Delivery {
        self.shared.deliver(request).await
    }

    /// Sends it in a way that the app must refuse.
    pub async fn forge(&self, request: &Request, forgery: Forgery) -> Delivery {
        let sent = self.shared.forged(request, forgery);
        self.shared.post_to_app(sent).await
    }

    /// The same again, with a fresh signature and, for events, retry headers: Slack lost the
    /// acknowledgement.
    pub async fn redeliver(&self, delivery: &Delivery) -> Option<Delivery> {
        let request = delivery.request.as_ref()?;
        let retry = (request.kind == Kind::Event).then_some((1, "http_timeout"));
        Some(self.shared.attempt(request, retry).await)
    }

    /// The last event again.
    pub async fn redeliver_last(&self) -> Option<Delivery> {
        let request = self.shared.look(|state| state.last_event.clone())?;
        let retry = Some((1, "http_timeout"));
        Some(self.shared.attempt(&request, retry).await)
    }

    /// The very same bytes and headers, as somebody who recorded them would send them.
    pub async fn replay(&self, delivery: &Delivery) -> Delivery {
        self.shared.post_to_app(delivery.sent.clone()).await
    }

    /// Any headers and bytes, unsigned.
    pub async fn raw(&self, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Delivery {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let body = body.into();
        self.shared.post_to_app(Sent { headers, body }).await
    }

    /// Any bytes with a genuine signature.
    pub async fn signed(&self, content_type: &str, body: impl Into<Vec<u8>>) -> Delivery {
        let sent = self.shared.signed(content_type, body.into());
        self.shared.post_to_app(sent).await
    }

    /// `ssl_check=1` with a request hidden behind it, unsigned. The app must do nothing of it.
    pub async fn smuggle(&self, request: &Request) -> Delivery {
        let mut body = b"ssl_check=1&token=verification-token&".to_vec();
        body.extend(request.body());
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.raw(&headers, body).await
    }

    /// Checks the events URL: the app must send the challenge back.
    pub async fn verify_url(&self) -> (Delivery, bool) {
        let challenge = format!(
            "challenge-{}",
            self.shared.with(crate::slack::state::State::next)
        );
        let body = json!({
            "token": "verification-token",
            "challenge": challenge,
            "type": "url_verification",
        });
        let delivery = self.signed("application/json", body.to_string()).await;
        let echoed = delivery.acknowledged
            && (delivery.body.trim() == challenge
                || delivery.body.trim() == format!("challenge={challenge}")
                || serde_json::from_str::<Value>(&delivery.body)
                    .is_ok_and(|body| body["challenge"] == challenge));
        (delivery, echoed)
    }

    /// Any inner event, wrapped, signed and delivered.
    pub async fn event(&self, event: Value) -> Delivery {
        let request = self.shared.event_request(event, false);
        self.shared.deliver(request).await
    }

    /// Another app posts in a channel.
    pub async fn other_bot_says(&self, channel: &FakeChannel, text: &str) -> Delivery {
        let now = self.shared.now();
        let ts = self.shared.with(|state| state.next_ts(now));
        self.event(json!({
            "type": "message",
            "user": "U0OTHERBOT",
            "bot_id": "B0OTHERBOT",
            "app_id": "A0OTHERBOT",
            "text": encode(text),
            "ts": ts,
            "event_ts": ts,
            "channel": channel.id,
            "channel_type": "channel",
        }))
        .await
    }

    /// Sends every unacknowledged event once more; `[]` when none is pending.
    pub async fn retry_once(&self) -> Vec<Delivery> {
        self.shared.retry_once().await
    }

    /// Goes through Slack's whole schedule of three retries without waiting.
    pub async fn retry_pending(&self) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        loop {
            let round = self.shared.retry_once().await;
            if round.is_empty() {
                return deliveries;
            }
            deliveries.extend(round);
        }
    }

    /// Ends the app's sockets, or announces it.
    pub fn disconnect(&self, how: Disconnect) {
        self.shared.sockets.disconnect(how);
    }

    /// Closes the connections that got a warning.
    pub fn close_warned(&self) {
        self.shared.sockets.close_warned();
    }

    pub fn connections(&self) -> usize {
        self.shared.sockets.count()
    }

    /// Sends a WebSocket ping by every connection.
    pub fn ping(&self) {
        self.shared.sockets.ping();
    }

    pub fn pongs(&self) -> u64 {
        self.shared.sockets.pongs()
    }
}
