use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect()
}

#[test]
fn a_key_is_read_from_either_header_and_an_unreadable_one_is_still_a_key() {
    let key = |pairs: &[(&'static str, &str)]| shown_key(&headers(pairs)).map(str::to_owned);
    assert_eq!(key(&[("x-api-key", "k1")]).as_deref(), Some("k1"));
    assert_eq!(
        key(&[("authorization", "Bearer k2")]).as_deref(),
        Some("k2")
    );
    assert_eq!(
        key(&[("authorization", "bearer  k3 ")]).as_deref(),
        Some("k3")
    );
    assert_eq!(key(&[("authorization", "Basic dTpw")]), None);
    assert_eq!(key(&[]), None);
    assert_eq!(key(&[("x-api-key", "\u{e9}")]).as_deref(), Some(""));
}

#[test]
fn only_pages_of_this_machine_are_local() {
    for host in [
        "localhost",
        "localhost:8080",
        "127.0.0.1:8080",
        "[::1]:8080",
        "[::1]",
    ] {
        assert!(is_local(&headers(&[("host", host)])), "{host}");
    }
    for host in [
        "evil.example",
        "127.0.0.1.evil.example:8080",
        "localhost.evil.example",
        "192.168.1.5:8080",
        "evil.example:127.0.0.1",
        "",
    ] {
        assert!(!is_local(&headers(&[("host", host)])), "{host}");
    }
    assert!(!is_local(&headers(&[])));
}

#[test]
fn another_origin_is_not_local() {
    let from = |origin: &str| is_local(&headers(&[("host", "127.0.0.1:8080"), ("origin", origin)]));
    assert!(from("http://127.0.0.1:8080"));
    for origin in [
        "http://127.0.0.1:9999",
        "https://evil.example",
        "null",
        "http://localhost:8080",
    ] {
        assert!(!from(origin), "{origin}");
    }
    let site = |site: &str| {
        is_local(&headers(&[
            ("host", "localhost:8080"),
            ("sec-fetch-site", site),
        ]))
    };
    assert!(site("same-origin") && site("none"));
    assert!(!site("cross-site") && !site("same-site"));
}
