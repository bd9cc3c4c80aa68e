//! Addresses from configurations and deliveries: which of them we call.

use nightshift_http::{BaseUrl, Reach, Url, redact, retry};

use crate::input;

pub(super) const WORDS: &[&str] = &[
    "https://",
    "http://",
    "ws://",
    "wss://",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "0.0.0.0",
    "2130706433",
    "hooks.slack.com",
    "slack.com",
    "@",
    ":",
    "/",
    "?",
    "#",
    "\\",
    "..",
    ":443",
    ":8443",
    "evil.example",
    "%2e",
    "\u{ff0e}",
    "0x7f.1",
    "::ffff:127.0.0.1",
];

const HOSTS: &[&str] = &["hooks.slack.com", "files.slack.com"];

/// A base, an address from outside, a path.
pub(super) fn address(data: &[u8]) {
    let text = input::text(data);
    let mut lines = text.lines();
    let mut next = || lines.next().unwrap_or_default();
    let (base, given, path) = (next(), next(), next());
    if let Some(wait) = nightshift_http::fuzz::retry_after(given) {
        let _ = retry(429, Some(wait));
    }
    let Ok(base) = BaseUrl::parse("api_url", base) else {
        return;
    };
    let own = Url::parse(&base.to_string()).expect("an address");
    let joined = base.join(path);
    assert_eq!(joined.origin(), own.origin(), "a path leads elsewhere");
    assert!(joined.username().is_empty() && joined.password().is_none());
    let Ok(url) = Url::parse(given) else {
        return;
    };
    let shown = redact(&url);
    assert!(shown.ends_with('…'), "{shown}");
    let reach = Reach::new(base.clone(), HOSTS);
    if reach.allows(&url) {
        assert!(url.username().is_empty() && url.password().is_none());
        let own = url.origin() == own.origin();
        let listed = url.scheme() == "https" && url.host_str().is_some_and(|h| HOSTS.contains(&h));
        assert!(own || (listed && !base.is_loopback()), "{url} is called");
    }
    if reach.allows_socket(&url) {
        assert!(base.is_loopback() || url.scheme() == "wss");
    }
}
