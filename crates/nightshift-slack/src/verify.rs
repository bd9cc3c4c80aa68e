//! Slack's signature over the raw bytes of a webhook call. Pure.
//!
//! slack-morphism has a verifier too, but its clock cannot be passed in and its body must be
//! UTF-8: a body that is not would be refused for the wrong reason.
//! <https://docs.slack.dev/authentication/verifying-requests-from-slack>

use hmac::{Hmac, KeyInit, Mac};
use nightshift_core::port::{Refused, WebhookRequest};
use nightshift_core::secret::Secret;
use nightshift_core::time::Timestamp;
use sha2::Sha256;

pub(crate) const SIGNATURE_HEADER: &str = "x-slack-signature";
pub(crate) const TIMESTAMP_HEADER: &str = "x-slack-request-timestamp";

/// How far the signed time may be from ours, in seconds, in either direction.
const WINDOW: u64 = 300;

/// Whether Slack signed this call, and not long ago.
pub(crate) fn verify(secret: &Secret, request: &WebhookRequest) -> Result<(), Refused> {
    let stamp = request.header(TIMESTAMP_HEADER).ok_or(Refused::Unsigned)?;
    if !is_recent(stamp, request.now) {
        return Err(Refused::Unsigned);
    }
    let signature = request
        .header(SIGNATURE_HEADER)
        .and_then(|header| header.strip_prefix("v0="))
        .and_then(|digits| hex::decode(digits).ok())
        .ok_or(Refused::Unsigned)?;
    mac(secret, stamp, &request.body)
        .verify_slice(&signature) // in constant time
        .map_err(|_| Refused::Unsigned)
}

fn mac(secret: &Secret, stamp: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
        .expect("invariant: HMAC takes keys of any length");
    mac.update(b"v0:");
    mac.update(stamp.as_bytes());
    mac.update(b":");
    mac.update(body);
    mac
}

fn is_recent(stamp: &str, now: Timestamp) -> bool {
    // `parse` alone would take a sign too.
    let digits = !stamp.is_empty() && stamp.bytes().all(|b| b.is_ascii_digit());
    digits
        && stamp
            .parse::<i64>()
            .is_ok_and(|stamp| stamp.abs_diff(now.millis().div_euclid(1000)) <= WINDOW)
}

pub(crate) fn sign(secret: &str, stamp: &str, body: &[u8]) -> String {
    let mac = mac(&Secret::new(secret), stamp, body);
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}
