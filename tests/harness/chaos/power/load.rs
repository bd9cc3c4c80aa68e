//! People and programs at the door, all at once, some of them twice.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use nightshift_fakes::slack::{FakeChannel, FakeUser, SlackSetup};
use sha2::Sha256;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::exchange::MARK;
use crate::chaos::Dice;
use crate::process::{Installation, Office};

/// Who asks at the same time: enough for commits of many, few enough for many commits.
const CLIENTS: u64 = 12;

/// Asks `numbers` and tells which were acknowledged. Errors are none: the server may be killed.
pub(super) async fn load(
    office: &Office,
    url: &str,
    numbers: Range<u64>,
    dice: &mut Dice,
) -> HashSet<u64> {
    let door = Arc::new(Door {
        http: reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client"),
        url: url.to_owned(),
        setup: office.slack.setup().clone(),
        channel: office.channel.clone(),
        person: office.ana.clone(),
    });
    let waiting = Arc::new(Mutex::new(numbers));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (door, waiting) = (door.clone(), waiting.clone());
        let mut dice = Dice::new(dice.below(1 << 30));
        clients.spawn(async move {
            let mut acknowledged = HashSet::new();
            loop {
                let next = waiting.lock().await.next();
                let Some(number) = next else {
                    return acknowledged;
                };
                if door.ask(number, &mut dice).await {
                    acknowledged.insert(number);
                }
            }
        });
    }
    let acknowledged = clients.join_all().await;
    acknowledged.into_iter().flatten().collect()
}

struct Door {
    http: reqwest::Client,
    url: String,
    setup: SlackSetup,
    channel: FakeChannel,
    person: FakeUser,
}

impl Door {
    /// Whether any copy of it was answered with 2xx.
    async fn ask(&self, number: u64, dice: &mut Dice) -> bool {
        let text = format!("{MARK}{number} {}", "x".repeat(dice.below(1500) as usize));
        if dice.once_in(4) {
            return acknowledged(self.submission(&text)).await;
        }
        let first = acknowledged(self.command(number, &text));
        if !dice.once_in(4) {
            return first.await;
        }
        // Delivered twice, on two connections: only one of them makes the task.
        let (first, second) = tokio::join!(first, acknowledged(self.command(number, &text)));
        first || second
    }

    fn submission(&self, text: &str) -> reqwest::RequestBuilder {
        self.http
            .post(format!("{}/api/submit", self.url))
            .header("x-api-key", Installation::KEY)
            .json(&serde_json::json!({"description": text}))
    }

    fn command(&self, number: u64, text: &str) -> reqwest::RequestBuilder {
        let trigger = format!("{MARK}{number}");
        let response_url = format!("{}/respond/{number}", self.setup.team);
        let fields = [
            ("team_id", self.setup.team.as_str()),
            ("channel_id", &self.channel.id),
            ("user_id", &self.person.id),
            ("user_name", &self.person.name),
            ("command", &self.setup.command),
            ("text", text),
            ("response_url", &response_url),
            ("trigger_id", &trigger),
        ];
        let body = url_encoded(&fields);
        #[expect(
            clippy::disallowed_methods,
            reason = "a real server lives in real time"
        )]
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let timestamp = now.expect("after 1970").as_secs().to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(self.setup.signing_secret.as_bytes())
            .expect("a key of any length");
        mac.update(format!("v0:{timestamp}:{body}").as_bytes());
        let signature = format!("v0={}", hex::encode(mac.finalize().into_bytes()));
        self.http
            .post(format!("{}/webhook/slack", self.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-slack-request-timestamp", timestamp)
            .header("x-slack-signature", signature)
            .body(body)
    }
}

async fn acknowledged(request: reqwest::RequestBuilder) -> bool {
    match request.send().await {
        Ok(answer) => answer.status().is_success(),
        Err(_) => false,
    }
}

fn url_encoded(fields: &[(&str, &str)]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let encoded = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                byte if plain(byte) => char::from(byte).to_string(),
                byte => format!("%{byte:02X}"),
            })
            .collect()
    };
    let pairs = fields.iter();
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    pairs.join("&")
}
