//! The server dies and comes back: whoever sits at the page goes on.

use std::collections::BTreeSet;

use harness::process::Installation;

use super::stage::{APPROVE, Seat, open_to_all, starts};

#[tokio::test]
async fn after_a_crash_the_page_shows_everything_once_and_goes_on() {
    let mut site = Installation::new();
    open_to_all(&mut site);
    let server = site.start().await;
    // The page comes back to the same address.
    let address = server.url.trim_start_matches("http://").to_owned();
    site.config["remote"]["trigger_service"]["listen"] = address.into();
    let ana = Seat::at(&server.url).await;
    ana.says("the first request").await;
    let first = ana.plan().await;
    ana.presses(&first, APPROVE).await;
    ana.card("✅ Task completed").await;
    ana.says("the second request").await;
    let second = ana.plan().await;
    let before = ids(&ana).await;
    server.kill_9();
    ana.reads("#connection", "reconnecting").await;

    let server = site.start().await;
    ana.is_connected().await;
    // Without a reload: the session outlives the server.
    ana.presses(&second, APPROVE).await;
    ana.sees("the second answer", |message| {
        message.title == format!("✅ Task completed: {}", second.task())
    })
    .await;
    let after = ids(&ana).await;
    assert_eq!(distinct(&after), after.len(), "doubles: {after:?}");
    assert!(before.iter().all(|id| after.contains(id)), "{after:?}");
    assert_eq!(starts(&server.admin()).await, 2);

    // A fresh look at the page shows the same.
    ana.opens(&server.url).await;
    let reloaded = ids(&ana).await;
    assert_eq!(reloaded, after);
}

async fn ids(seat: &Seat) -> Vec<String> {
    let messages = seat.messages().await;
    messages.into_iter().map(|message| message.id).collect()
}

fn distinct(ids: &[String]) -> usize {
    ids.iter().collect::<BTreeSet<_>>().len()
}
