//! Other sites, and what programs make up: nothing of it counts as somebody at the page.

use harness::Answer;
use serde_json::{Value, json};

use super::stage::Demo;

/// A session as the page's script holds it.
struct Session {
    cookie: String,
    csrf: String,
}

impl Session {
    async fn open(demo: &Demo) -> Self {
        let answer = demo.api.post("/playground/session", json!({})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let cookie = answer.headers["set-cookie"].to_str().expect("text");
        for part in ["HttpOnly", "SameSite=Strict"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        let (cookie, _) = cookie.split_once(';').expect("attributes");
        let csrf = answer.json()["csrf"].as_str().expect("a token").to_owned();
        Self {
            cookie: cookie.to_owned(),
            csrf,
        }
    }

    /// The cookie, with something else as its value.
    fn forged(&self, value: impl Fn(&str) -> String) -> String {
        let (name, old) = self.cookie.split_once('=').expect("a value");
        format!("{name}={}", value(old))
    }
}

/// What is wrong, the status it gets, and the headers.
type Case<'a> = (&'a str, u16, Vec<(&'a str, &'a str)>);

/// Says something with these headers.
async fn say(demo: &Demo, headers: &[(&str, &str)]) -> Answer {
    let body = json!({"kind": "say", "id": "m-00000001", "text": "run disk"});
    let mut request = demo.api.request("POST", "/playground/messages").json(&body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    demo.api.send(request).await
}

async fn tasks(demo: &Demo) -> Value {
    demo.api.get("/api/v1/tasks").await.json()["items"].clone()
}

#[tokio::test]
async fn calls_that_do_not_come_from_the_page_are_refused() {
    let demo = Demo::start().await;
    let ana = Session::open(&demo).await;
    let bea = Session::open(&demo).await;
    let cookie = ("cookie", ana.cookie.as_str());
    let token = ("x-csrf-token", ana.csrf.as_str());
    let swapped = ana.forged(|value| {
        let (_, signature) = value.split_once('.').expect("a signature");
        format!("{}.{signature}", hex::encode("guest-0000000001"))
    });
    let unsigned = ana.forged(|value| format!("{}.00", value.split('.').next().expect("a name")));
    let cases: [Case; 8] = [
        (
            "a foreign host",
            403,
            vec![cookie, token, ("host", "evil.example.com")],
        ),
        (
            "a foreign origin",
            403,
            vec![cookie, token, ("origin", "https://evil.example.com")],
        ),
        (
            "another port",
            403,
            vec![cookie, token, ("origin", "http://127.0.0.1:1")],
        ),
        (
            "a cross-site call",
            403,
            vec![cookie, token, ("sec-fetch-site", "cross-site")],
        ),
        ("no token", 403, vec![cookie]),
        (
            "the token of somebody else",
            401,
            vec![cookie, ("x-csrf-token", &bea.csrf)],
        ),
        (
            "somebody else's name",
            401,
            vec![("cookie", &swapped), token],
        ),
        ("no signature", 401, vec![("cookie", &unsigned), token]),
    ];
    for (what, status, headers) in cases {
        let answer = say(&demo, &headers).await;
        assert_eq!(answer.status, status, "{what}: {answer:?}");
        assert!(!answer.code().is_empty(), "{what}: {answer:?}");
    }
    let nobody = demo.api.get("/playground/events").await;
    assert_eq!(nobody.status, 401, "a feed without a session");
    assert_eq!(tasks(&demo).await, json!([]));

    // The same call as the page makes it is taken.
    let answer = say(&demo, &[cookie, token, ("origin", &demo.server.url)]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}
