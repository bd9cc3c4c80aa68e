//! Slack's request signature.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// `v0=` and the lower-case hex HMAC-SHA256 of `v0:{timestamp}:{body}`; the secret is used as
/// text, not decoded.
pub fn signature(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .expect("invariant: HMAC takes a key of any length");
    mac.update(b"v0:");
    mac.update(timestamp.as_bytes());
    mac.update(b":");
    mac.update(body);
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}
