//! The page's routes over the real application and store; no loop but the intake runs.

mod given;

use axum::http::StatusCode;
use nightshift_core::card::{Attachment, Card};
use nightshift_core::chat::{Conversation, Identity};
use nightshift_core::port::{ChatPlatform, PageDoor};
use serde_json::json;

use given::{KEY, Page, SECRET};

const SAY: &str = "/playground/messages";

fn words(text: &str) -> serde_json::Value {
    json!({ "kind": "say", "id": "m-00000001", "text": text })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_speaks_and_everybody_reads_it() {
    let page = Page::open_to_all().await;
    let (ana, bob) = (page.visit().await, page.visit().await);
    assert_ne!(ana.person, bob.person);
    let answer = ana.post(SAY, words("/nightshift run disk")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let feed = bob.feed().await;
    assert_eq!(feed.len(), 1);
    assert_eq!(feed[0]["author"], ana.person);
    assert_eq!(feed[0]["body"]["text"], "run disk");
    assert_eq!(page.deliveries().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_without_the_sessions_own_token_changes_nothing() {
    let page = Page::open_to_all().await;
    let (ana, bob) = (page.visit().await, page.visit().await);
    for (token, expected) in [
        (None, StatusCode::FORBIDDEN),
        (Some(bob.csrf.as_str()), StatusCode::UNAUTHORIZED),
        (Some("00"), StatusCode::UNAUTHORIZED),
    ] {
        let answer = ana.post_with(SAY, words("run disk"), token, &[]).await;
        assert_eq!(answer.status, expected, "{token:?}");
    }
    assert_eq!(page.deliveries().await, 0);
    assert!(ana.feed().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn words_sent_again_are_one_message_and_other_words_are_refused() {
    let page = Page::open_to_all().await;
    let ana = page.visit().await;
    ana.post(SAY, words("run disk")).await;
    let before = ana.feed().await;
    let again = ana.post(SAY, words("run disk")).await;
    assert_eq!(again.status, StatusCode::OK);
    let other = ana.post(SAY, words("run away")).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    assert_eq!(ana.feed().await, before);
    assert_eq!(page.deliveries().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_replace_the_words_of_somebody_else() {
    let page = Page::open_to_all().await;
    let (ana, bob) = (page.visit().await, page.visit().await);
    ana.post(SAY, words("run disk")).await;
    bob.post(SAY, words("run away")).await;
    let texts: Vec<_> = ana
        .feed()
        .await
        .iter()
        .map(|m| m["body"]["text"].clone())
        .collect();
    assert_eq!(texts, ["run disk", "run away"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_secret_is_not_kept() {
    let page = Page::open_to_all().await;
    let ana = page.visit().await;
    ana.post(SAY, words(&format!("use {SECRET} please"))).await;
    assert_eq!(ana.feed().await[0]["body"]["text"], "use *** please");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_sites_and_rebound_names_are_refused() {
    let page = Page::open_to_all().await;
    let ana = page.visit().await;
    for headers in [
        &[("host", "evil.example:8080")][..],
        &[("origin", "http://evil.example")],
        &[("origin", "http://localhost:3000")],
        &[("sec-fetch-site", "same-site")],
    ] {
        for path in [SAY, "/playground/session", "/playground/login"] {
            let answer = ana
                .post_with(path, words("run disk"), Some(&ana.csrf), headers)
                .await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
            assert_eq!(answer.cookie, None, "{path} {headers:?}");
        }
    }
    assert_eq!(page.deliveries().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_people_are_listed_a_key_is_needed_and_losing_it_ends_the_session() {
    let page = Page::with_keys(&[KEY]).await;
    let stranger = page.visit().await;
    assert_eq!(stranger.csrf, "", "no session for a stranger");
    assert_eq!(
        stranger.post(SAY, words("hello")).await.status,
        StatusCode::UNAUTHORIZED
    );
    let wrong = stranger
        .post("/playground/login", json!({ "key": "sk_wrong" }))
        .await;
    assert_eq!(
        (wrong.status, wrong.cookie),
        (StatusCode::UNAUTHORIZED, None)
    );
    let alice = stranger.login(KEY).await;
    assert_eq!(alice.person, "user_alice");
    assert_eq!(alice.post(SAY, words("hello")).await.status, StatusCode::OK);

    let page = page.restarted_with_keys(&[]).await;
    let alice = alice.at(&page);
    assert_eq!(
        alice.post(SAY, words("hello")).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_private_is_shown_and_given_to_one_person() {
    let page = Page::open_to_all().await;
    let (ana, bob) = (page.visit().await, page.visit().await);
    let thread = Conversation {
        platform: page.door.platform(),
        workspace: "local".into(),
        channel: page.door.channel(),
        thread: Some("t".into()),
    };
    let only_ana = Identity {
        platform: page.door.platform(),
        id: ana.person.clone(),
    };
    let word = Card::say("for ana");
    page.web
        .whisper(&thread, &only_ana, None, &word)
        .await
        .unwrap();
    assert_eq!(ana.feed().await.len(), 1);
    assert!(bob.feed().await.is_empty());

    let file = Attachment {
        name: "out.txt".into(),
        bytes: b"answer".to_vec(),
        comment: None,
    };
    page.web.upload(&thread, &file).await.unwrap();
    let feed = bob.feed().await;
    let path = format!("/playground/files/{}", feed[0]["id"].as_str().unwrap());
    let answer = bob.get(&path).await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (StatusCode::OK, "answer")
    );
    let private = format!(
        "/playground/files/{}",
        ana.feed().await[0]["id"].as_str().unwrap()
    );
    assert_eq!(bob.get(&private).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_broke_off_goes_on_after_the_last_number_it_gave() {
    let page = Page::open_to_all().await;
    let ana = page.visit().await;
    for n in 1..=20 {
        let say = json!({ "kind": "say", "id": format!("m-{n:08}"), "text": format!("task {n}.") });
        ana.post(SAY, say).await;
    }
    let all = ana.stream("/playground/events").await;
    let ids: Vec<&str> = all
        .lines()
        .filter_map(|line| line.strip_prefix("id: "))
        .collect();
    assert_eq!(ids.len(), 20, "{all}");
    let rest = ana
        .stream(&format!("/playground/events?after={}", ids[16]))
        .await;
    assert!(!rest.contains("task 17."), "{rest}");
    for n in 18..=20 {
        assert_eq!(rest.matches(&format!("task {n}.")).count(), 1, "{rest}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_the_same_for_everybody_and_allows_only_itself() {
    let page = Page::with_keys(&[KEY]).await;
    let nobody = page.visit().await;
    for path in ["/playground", "/playground/app.js", "/playground/style.css"] {
        let answer = nobody.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(
            answer
                .policy
                .starts_with("default-src 'none'; script-src 'self'"),
            "{path}"
        );
        assert!(!answer.policy.contains("unsafe"), "{path}");
    }
    assert_eq!(
        nobody.get("/playground/none.js").await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        nobody.get("/playground/events").await.status,
        StatusCode::UNAUTHORIZED
    );
}
