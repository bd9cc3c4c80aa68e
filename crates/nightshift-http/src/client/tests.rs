use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::BaseUrl;

async fn server(answer: &'static str) -> (Client, Url, tokio::task::JoinSet<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut seen = vec![0; 4096];
        let n = stream.read(&mut seen).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&seen[..n]).into_owned()
    });
    let base = BaseUrl::parse("api_url", &base).unwrap();
    let url = base.join("call");
    (Client::new(Reach::new(base, &[])), url, tasks)
}

#[tokio::test]
async fn the_answer_has_status_wait_and_body() {
    let (client, url, mut tasks) = server(
        "HTTP/1.1 429 Too Many\r\nretry-after: 7\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno",
    )
    .await;
    let token = Secret::new("xyz-1");
    let answer = client
        .post_json(&url, Some(&token), &serde_json::json!({"a": 1}))
        .await
        .unwrap();
    assert_eq!((answer.status, &answer.body[..]), (429, &b"no"[..]));
    assert_eq!(answer.retry_after, Some(Duration::from_secs(7)));
    let seen = tasks.join_next().await.unwrap().unwrap().to_lowercase();
    assert!(seen.contains("authorization: bearer xyz-1"), "{seen}");
    let types: Vec<&str> = seen
        .lines()
        .filter(|line| line.starts_with("content-type"))
        .collect();
    assert_eq!(types, ["content-type: application/json; charset=utf-8"]);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (client, url, _tasks) = server(
        "HTTP/1.1 302 Found\r\nlocation: https://evil.example/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    )
    .await;
    let answer = client.get(&url, None, &[("a", "b")]).await.unwrap();
    assert_eq!(answer.status, 302);
}

#[tokio::test]
async fn a_lost_answer_is_told_from_no_connection() {
    let (client, url, _tasks) = server("").await;
    let lost = client
        .post_json(&url, None, &serde_json::json!({}))
        .await
        .unwrap_err();
    assert_eq!(lost.kind, HttpKind::Lost);
    // The listener has ended: nobody listens there any more.
    let refused = client
        .post_json(&url, None, &serde_json::json!({}))
        .await
        .unwrap_err();
    assert_eq!(refused.kind, HttpKind::Unreachable);
}

#[tokio::test]
async fn a_forbidden_address_is_not_called_and_its_path_not_shown() {
    let (client, _, tasks) = server("").await;
    let url = Url::parse("http://127.0.0.1:1/secret-path?ticket=secret").unwrap();
    let error = client.get(&url, None, &()).await.unwrap_err();
    assert_eq!(error.kind, HttpKind::Forbidden);
    assert_eq!(
        error.to_string(),
        "http://127.0.0.1:1/…: this address is not called"
    );
    assert_eq!(tasks.len(), 1);
}

#[tokio::test]
async fn no_error_shows_the_address_or_the_token() {
    let base = BaseUrl::parse("api_url", "http://127.0.0.1:1").unwrap();
    let url = base.join("hook/secret-path");
    let client = Client::new(Reach::new(base, &[]));
    for token in ["secret-token", "secret-\ntoken"] {
        let error = client
            .post_json(&url, Some(&Secret::new(token)), &())
            .await
            .unwrap_err();
        let mut chain = format!("{error} {error:?}");
        let mut source = std::error::Error::source(&error);
        while let Some(next) = source {
            chain = format!("{chain} {next} {next:?}");
            source = next.source();
        }
        assert!(!chain.contains("secret"), "{chain}");
    }
}
