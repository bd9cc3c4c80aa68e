//! What may be said of an address: response URLs, tickets and tokens in paths are credentials.

use url::Url;

/// The origin, with the rest masked: `https://hooks.example.com/…`.
pub fn redact(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{}://{host}:{port}/…", url.scheme()),
        (Some(host), None) => format!("{}://{host}/…", url.scheme()),
        (None, _) => format!("{}:…", url.scheme()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_the_origin_is_shown() {
        for (url, shown) in [
            (
                "https://user:pw@hooks.example.com/services/T1/B1/secret?x=y",
                "https://hooks.example.com/…",
            ),
            (
                "wss://127.0.0.1:9001/link?ticket=secret",
                "wss://127.0.0.1:9001/…",
            ),
            ("data:text/plain,secret", "data:…"),
        ] {
            assert_eq!(redact(&Url::parse(url).unwrap()), shown);
        }
    }
}
