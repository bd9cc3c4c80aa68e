use super::*;

const HOSTS: &[&str] = &["hooks.example.com"];

fn reach(base: &str) -> Reach {
    Reach::new(BaseUrl::parse("api_url", base).unwrap(), HOSTS)
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

#[test]
fn plain_http_is_only_for_this_machine_and_the_key_is_named() {
    for good in [
        "https://api.example.com/api",
        "http://127.0.0.1:9000/api/",
        "http://localhost:1",
        "http://[::1]:1",
        "http://127.9.9.9",
    ] {
        assert!(BaseUrl::parse("k", good).is_ok(), "{good}");
    }
    for bad in [
        "http://api.example.com",
        "http://localhost.example.com",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "https://user:pw@api.example.com",
        "https://api.example.com/?a=b",
        "api.example.com",
        "",
    ] {
        let error = BaseUrl::parse("chat.api_url", bad).unwrap_err();
        assert!(error.to_string().starts_with("chat.api_url: "), "{error}");
    }
}

#[test]
fn a_path_is_joined_with_one_slash() {
    for base in ["http://127.0.0.1:9/api", "http://127.0.0.1:9/api/"] {
        let base = BaseUrl::parse("k", base).unwrap();
        assert_eq!(
            base.join("/chat.postMessage").as_str(),
            "http://127.0.0.1:9/api/chat.postMessage"
        );
    }
    let bare = BaseUrl::parse("k", "https://api.example.com").unwrap();
    assert_eq!(bare.join("x").as_str(), "https://api.example.com/x");
}

#[test]
fn outside_only_the_base_and_listed_hosts_are_called() {
    let reach = reach("https://api.example.com/api");
    assert!(reach.allows(&url("https://api.example.com/anything")));
    assert!(reach.allows(&url("https://hooks.example.com/x")));
    for refused in [
        "http://hooks.example.com/x",
        "https://hooks.example.com:8443/x",
        "https://hooks.example.com.evil.net/x",
        "https://evil.net/hooks.example.com",
        "https://hooks.example.com@evil.net/",
        "https://u:p@hooks.example.com/",
        "https://127.0.0.1/x",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
    ] {
        assert!(!reach.allows(&url(refused)), "{refused}");
    }
}

#[test]
fn with_a_base_on_this_machine_nothing_outside_is_called() {
    let reach = reach("http://127.0.0.1:9000/api");
    assert!(reach.allows(&url("http://127.0.0.1:9000/response/1")));
    assert!(!reach.allows(&url("http://127.0.0.1:9001/response/1")));
    assert!(!reach.allows(&url("https://hooks.example.com/x")));
    assert!(reach.allows_socket(&url("ws://127.0.0.1:9001/link")));
    assert!(reach.allows_socket(&url("ws://localhost:9001/link")));
    assert!(!reach.allows_socket(&url("wss://wss.example.com/link")));
}

#[test]
fn outside_a_socket_needs_tls() {
    let reach = reach("https://api.example.com/api");
    assert!(reach.allows_socket(&url("wss://wss.example.com/link?ticket=x")));
    assert!(!reach.allows_socket(&url("ws://wss.example.com/link")));
    assert!(!reach.allows_socket(&url("wss://127.0.0.1/link")));
}
