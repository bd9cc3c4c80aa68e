//! The one type that holds a secret, and the scrubber that keeps live secrets out of text.

use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

/// A credential: wiped from memory when dropped, printed and serialised as `***`.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(SecretString);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The value itself; call it only where the value leaves for the party that issued it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

/// Replaces every occurrence of a live secret by `***`, in text and in byte streams.
#[derive(Clone, Default)]
pub struct Scrubber {
    needles: Arc<Vec<Secret>>,
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scrubber({} secrets)", self.needles.len())
    }
}

impl Scrubber {
    /// Shorter values would mask ordinary words.
    const SHORTEST: usize = 8;
    const MASK: &'static [u8] = b"***";

    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut needles: Vec<Secret> = secrets
            .into_iter()
            .filter(|secret| secret.expose().len() >= Self::SHORTEST)
            .collect();
        // The longest first, so that a secret that contains another is masked whole.
        needles.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        Self {
            needles: Arc::new(needles),
        }
    }

    pub fn text(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for needle in self.needles.iter() {
            if clean.contains(needle.expose()) {
                clean = clean.replace(needle.expose(), "***");
            }
        }
        clean
    }

    /// Masks the secrets in `pending` and returns what may be passed on, keeping back in
    /// `pending` the bytes that may be the beginning of a secret. With `end` nothing is kept.
    pub fn stream(&self, pending: &mut Vec<u8>, end: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(pending.len());
        let mut at = 0;
        while at < pending.len() {
            let rest = &pending[at..];
            // First whether a secret may go on beyond what is here: it may begin with another one.
            if !end && self.needles.iter().any(|needle| goes_on(needle, rest)) {
                break;
            }
            let here = |needle: &&Secret| rest.starts_with(needle.expose().as_bytes());
            if let Some(needle) = self.needles.iter().find(here) {
                out.extend_from_slice(Self::MASK);
                at += needle.expose().len();
            } else {
                out.push(rest[0]);
                at += 1;
            }
        }
        pending.drain(..at);
        out
    }
}

/// `rest` is the beginning of this secret, and not all of it.
fn goes_on(needle: &Secret, rest: &[u8]) -> bool {
    let needle = needle.expose().as_bytes();
    needle.len() > rest.len() && needle.starts_with(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_stars_everywhere() {
        let secret = Secret::new("xoxb-very-secret");
        assert_eq!(
            format!(
                "{secret} {secret:?} {}",
                serde_json::to_string(&secret).unwrap()
            ),
            "*** *** \"***\""
        );
    }

    #[test]
    fn text_is_masked_whole_and_short_secrets_are_left_alone() {
        let secrets = ["key-1234", "key-1234-5678", "1234567"].map(Secret::new);
        assert!(!secrets[0].is_empty() && Secret::new("").is_empty());
        let scrubber = Scrubber::new(secrets);
        let text = "key-1234-5678 and key-1234, not 1234567";
        assert_eq!(scrubber.text(text), "*** and ***, not 1234567");
        assert_eq!(format!("{scrubber:?}"), "Scrubber(2 secrets)");
    }

    #[test]
    fn a_secret_cut_by_chunks_is_masked() {
        let scrubber = Scrubber::new([Secret::new("xoxb-very-secret"), Secret::new("short")]);
        for cut in 0..=30 {
            let text = b"token xoxb-very-secret short!!";
            let (head, tail) = text.split_at(cut);
            let mut pending = head.to_vec();
            let mut out = scrubber.stream(&mut pending, false);
            pending.extend_from_slice(tail);
            out.extend(scrubber.stream(&mut pending, true));
            assert_eq!(
                String::from_utf8(out).unwrap(),
                "token *** short!!",
                "cut at {cut}"
            );
            assert!(pending.is_empty());
        }
    }

    #[test]
    fn nothing_is_kept_back_but_what_may_become_a_secret() {
        let scrubber = Scrubber::new([Secret::new("key-1234")]);
        for (text, shown, kept) in [
            ("plain", "plain", ""),
            ("it is key-1234", "it is ***", ""),
            ("it is key-12", "it is ", "key-12"),
            ("key-12345", "***5", ""),
        ] {
            let mut pending = text.as_bytes().to_vec();
            let out = scrubber.stream(&mut pending, false);
            assert_eq!(
                (&out[..], &pending[..]),
                (shown.as_bytes(), kept.as_bytes()),
                "{text}"
            );
        }
    }

    #[test]
    fn a_secret_that_begins_with_another_is_masked_whole_wherever_it_is_cut() {
        let scrubber = Scrubber::new([Secret::new("key-1234"), Secret::new("key-1234-5678")]);
        let text = b"key-1234-5678, key-1234-56, key-1234";
        for cut in 0..=text.len() {
            let (head, tail) = text.split_at(cut);
            let mut pending = head.to_vec();
            let mut out = scrubber.stream(&mut pending, false);
            pending.extend_from_slice(tail);
            out.extend(scrubber.stream(&mut pending, false));
            out.extend(scrubber.stream(&mut pending, true));
            let out = String::from_utf8(out).unwrap();
            assert_eq!(out, "***, ***-56, ***", "cut at {cut}");
        }
    }
}
