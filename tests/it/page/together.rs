//! Several people on one page.

use harness::Client;
use harness::process::Installation;

use super::stage::{APPROVE, Demo, Seat, open_to_all, starts};

#[tokio::test]
async fn two_people_see_each_other_and_approve_at_once_and_it_runs_once() {
    let demo = Demo::start().await;
    let (ana, bea) = tokio::join!(demo.visitor(), demo.visitor());
    ana.says("lines 3").await;
    let plan = ana.plan().await;
    let seen = bea
        .sees("Ana's words", |message| message.from == "other")
        .await;
    assert_eq!(seen.text, "lines 3");
    let same = bea.plan().await;
    assert_eq!(same.id, plan.id);

    let (hers, theirs) = tokio::join!(ana.action(&plan, APPROVE), bea.action(&same, APPROVE));
    tokio::join!(
        ana.presses_at_once(&plan, APPROVE, &hers),
        bea.presses_at_once(&same, APPROVE, &theirs)
    );
    for seat in [&ana, &bea] {
        let card = seat.card("✅ Completed").await;
        assert!(card.buttons.is_empty() && card.text.contains("✓ Approved by"));
        assert_eq!(seat.card("✅ Task completed").await.thread, plan.thread);
    }
    assert_eq!(demo.starts().await, 1);
}

#[tokio::test]
async fn a_refusal_is_read_by_the_one_who_pressed_and_nobody_else() {
    let mut site = Installation::new();
    open_to_all(&mut site);
    let server = site.start().await;
    let (ana, bea) = tokio::join!(Seat::at(&server.url), Seat::at(&server.url));
    ana.says("read the papers").await;
    let plan = bea.plan().await;
    bea.presses(&plan, APPROVE).await;
    let refusal = bea.sees("the refusal", |message| message.private).await;
    assert!(
        refusal.text.starts_with("You may not approve this plan"),
        "{}",
        refusal.text
    );
    assert_eq!(bea.plan().await.text, plan.text, "the card is as it was");

    // What comes after it has come: it was left out, not late.
    bea.says("whoami").await;
    ana.sees("Bea's later words", |message| message.text == "whoami")
        .await;
    let leaked = |message: &super::stage::Message| message.id == refusal.id || message.private;
    assert!(!ana.messages().await.iter().any(leaked));
    let admin = Client::new(&server.url, Some(Installation::ADMIN_KEY));
    assert_eq!(starts(&admin).await, 0);
    assert_eq!(server.task(&plan.task()).await["status"], "staged");
}
