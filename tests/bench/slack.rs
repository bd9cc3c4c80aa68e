//! Slash commands of about 1 KiB, signed as Slack signs them, and the adapter that reads them.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub(crate) const SECRET: &str = "bench-signing-secret-0123456789";
pub(crate) const TOKEN: &str = "xoxb-bench-0123456789";

/// The requests of one connection.
pub(crate) struct Requests {
    head: String,
    signer: Hmac<Sha256>,
    text: String,
    body: Vec<u8>,
    request: Vec<u8>,
}

impl Requests {
    pub(crate) fn new(address: &str, path: &str) -> Self {
        Self {
            head: format!(
                "POST {path} HTTP/1.1\r\nhost: {address}\r\n\
                 content-type: application/x-www-form-urlencoded\r\n"
            ),
            signer: Hmac::new_from_slice(SECRET.as_bytes()).expect("invariant: any length"),
            text: "x".repeat(600),
            body: Vec::new(),
            request: Vec::new(),
        }
    }

    /// The request with this number; no two are the same.
    pub(crate) fn next(&mut self, number: u64) -> &[u8] {
        self.body.clear();
        let channel = number % 97;
        let text = &self.text;
        write!(
            self.body,
            "token=t&team_id=T1&team_domain=bench&channel_id=C{channel}&channel_name=general\
             &user_id=U0BENCH&user_name=bench&command=%2Fnightshift&text=summarise+{text}\
             &api_app_id=A1&is_enterprise_install=false\
             &response_url=http%3A%2F%2F127.0.0.1%2Fr%2F{number}&trigger_id={number}.bench"
        )
        .expect("invariant: a vector takes all");
        let stamp = now();
        let mut signer = self.signer.clone();
        signer.update(format!("v0:{stamp}:").as_bytes());
        signer.update(&self.body);
        let signature = hex::encode(signer.finalize().into_bytes());
        self.request.clear();
        write!(
            self.request,
            "{}x-slack-request-timestamp: {stamp}\r\nx-slack-signature: v0={signature}\r\n\
             content-length: {}\r\n\r\n",
            self.head,
            self.body.len()
        )
        .expect("invariant: a vector takes all");
        self.request.extend_from_slice(&self.body);
        &self.request
    }
}

fn now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a benchmark lives in real time")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH)
        .expect("invariant: it is after 1970")
        .as_secs()
}
