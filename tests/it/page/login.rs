//! Where not everybody is welcome, a key opens the page.

use harness::browser::{Browser, ENTER};
use harness::process::Installation;
use serde_json::json;

use super::stage::{APPROVE, Seat};

#[tokio::test]
async fn a_key_opens_the_page_and_a_wrong_one_does_not() {
    let mut site = Installation::new();
    site.config["remote"]["trigger_service"]["platforms"]["web"] = json!({"enabled": true});
    let server = site.start().await;
    let seat = Seat {
        browser: Browser::open().await,
    };
    let page = format!("{}/playground", server.url);
    seat.browser.goto(&page).await;
    seat.reads("#login", "Sign in with an API key").await;
    let hidden = "return document.querySelector('#composer').hidden;";
    assert_eq!(seat.browser.script(hidden, json!([])).await, true);

    let key = |key: &str| format!("{key}{ENTER}");
    seat.browser.type_into("API key", &key("sk_wrong")).await;
    seat.reads("#login-problem", "This key is not known here.")
        .await;
    let clear = "document.querySelector('#key').value = '';";
    seat.browser.script(clear, json!([])).await;
    seat.browser
        .type_into("API key", &key(Installation::KEY))
        .await;
    seat.is_connected().await;
    seat.reads("#person", "user_api").await;

    seat.says("read the papers").await;
    let plan = seat.plan().await;
    seat.presses(&plan, APPROVE).await;
    seat.card("✅ Task completed").await;
    assert_eq!(server.task(&plan.task()).await["user"], "user_api");

    seat.browser.press(".bar", "Sign out").await;
    seat.reads("#login", "Sign in").await;
    seat.browser.goto(&page).await;
    seat.reads("#login", "Sign in").await;
    assert!(seat.messages().await.is_empty());
}
