//! Secrets in text and in streams that are cut anywhere.

use nightshift_core::secret::{Scrubber, Secret};

use crate::input;

pub(super) const WORDS: &[&str] = &[
    "hunter2-hunter2",
    "hunter2-hunter2-longer",
    "hunter2-",
    "aaaaaaaa",
    "aaaaaaaaaaaa",
    "\n",
];

/// A byte for the cuts; a line with secrets between spaces; the text.
pub(super) fn text_and_stream(data: &[u8]) {
    let (seed, rest) = data.split_first().unwrap_or((&0, &[]));
    let (secrets, text) = input::line(rest);
    let secrets: Vec<&str> = secrets
        .split_whitespace()
        // What the mask is made of could be put together by masking.
        .filter(|secret| secret.len() >= 8 && !secret.contains('*'))
        .collect();
    let scrubber = Scrubber::new(secrets.iter().map(|secret| Secret::new(*secret)));
    let text = input::text(text);
    let clean = scrubber.text(&text);
    let whole = streamed(&scrubber, [text.as_bytes()]);
    let cut = streamed(&scrubber, input::pieces(text.as_bytes(), *seed));
    assert_eq!(
        String::from_utf8_lossy(&cut),
        String::from_utf8_lossy(&whole),
        "where a stream is cut changes what is masked"
    );
    for secret in secrets {
        assert!(!clean.contains(secret), "in the text");
        let shown = String::from_utf8_lossy(&whole);
        assert!(!shown.contains(secret), "in the stream");
    }
}

fn streamed<'a>(scrubber: &Scrubber, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut pending = Vec::new();
    let mut shown = Vec::new();
    for piece in pieces {
        pending.extend_from_slice(piece);
        shown.extend(scrubber.stream(&mut pending, false));
    }
    shown.extend(scrubber.stream(&mut pending, true));
    assert!(pending.is_empty(), "kept back at the end");
    shown
}
