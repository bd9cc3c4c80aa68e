//! Asking for another plan.

use std::time::Duration;

use harness::World;

#[tokio::test]
async fn the_form_behind_revise_makes_a_new_plan_with_a_card_of_its_own() {
    let w = World::new().await;
    let ana = w.user("ana");
    let task = w.asks("ana", "paint it red").await;
    let old = w.card(&task.id);

    w.presses("ana", "Revise", &task.id).await;
    let modals = w.slack.modals(&ana);
    assert_eq!(modals.len(), 1, "a form is shown");
    let submitted = ana.submits(&modals[0], "paint it blue").await;
    assert_eq!(submitted.status, Some(200));
    assert_eq!(submitted.body, "", "an empty answer closes the form");
    w.settle().await;

    let revised = w.now(&task.id).await;
    assert_eq!(revised.plan_no, 2);
    assert_ne!(
        revised.plan.expect("a plan").hash,
        task.plan.expect("a plan").hash
    );
    let shown = w
        .slack
        .message(&w.channel(), &old.ts)
        .expect("the old card");
    assert!(
        shown.visible().contains("superseded"),
        "{}",
        shown.visible()
    );
    assert!(shown.button_labels().is_empty());
    let new = w.card(&task.id);
    assert_ne!(new.ts, old.ts);
    let values = |card: &nightshift_fakes::slack::Message| {
        let buttons = card.buttons().into_iter();
        buttons.map(|button| button.value).collect::<Vec<_>>()
    };
    assert!(
        values(&old)
            .iter()
            .all(|value| !values(&new).contains(value))
    );

    w.presses("ana", "Approve", &task.id).await;
    let run = w.agent.run_of(&task.id);
    assert!(run.job.prompt.contains("paint it red"));
    assert!(run.job.prompt.contains("paint it blue"));
    run.answers("It is blue.");
    w.leave().await;
}

#[tokio::test]
async fn a_press_that_is_too_old_for_a_form_is_told_how_to_do_it_by_words() {
    let w = World::new().await;
    let task = w.asks("ana", "paint it red").await;
    let card = w.card(&task.id);
    let pressed = w.user("ana").clicks(&card, "Revise").await;
    assert_eq!(pressed.status, Some(200));
    // The window of three seconds passes before the press is acted on.
    w.clock.advance(Duration::from_secs(4));
    w.settle().await;
    assert!(w.slack.modals(&w.user("ana")).is_empty());
    let word = w.whisper("ana");
    assert!(word.contains(&format!("revise {}", task.id)), "{word}");
    assert_eq!(w.state(&task.id).await, "staged");
    w.leave().await;
}

#[tokio::test]
async fn revising_by_words_works() {
    let w = World::new().await;
    let task = w.asks("ana", "paint it red").await;
    w.says("ana", &format!("revise {} paint it blue", task.id))
        .await;
    assert_eq!(w.now(&task.id).await.plan_no, 2);
    assert!(w.whisper("ana").contains("Making another plan"));
    w.leave().await;
}

#[tokio::test]
async fn a_bystander_gets_no_form_and_revises_nothing() {
    let w = World::new().await;
    let task = w.asks("ana", "paint it red").await;
    w.presses("bob", "Revise", &task.id).await;
    assert!(w.slack.modals(&w.user("bob")).is_empty());
    assert!(
        w.whisper("bob")
            .contains("You may not ask for another plan here")
    );
    w.says("vera", &format!("revise {} paint it green", task.id))
        .await;
    assert_eq!(w.now(&task.id).await.plan_no, 1);
    assert_eq!(w.events("auth.refused").await.len(), 2);
    w.leave().await;
}

#[tokio::test]
async fn a_form_filled_in_after_the_decision_changes_nothing() {
    let w = World::new().await;
    let ana = w.user("ana");
    let task = w.asks("ana", "paint it red").await;
    w.presses("ana", "Revise", &task.id).await;
    let form = w.slack.modals(&ana).remove(0);
    w.presses("carl", "Approve", &task.id).await;
    ana.submits(&form, "paint it blue").await;
    w.settle().await;
    assert_eq!(w.state(&task.id).await, "running");
    assert_eq!(w.now(&task.id).await.plan_no, 1);
    // A form belongs to no channel: the word comes directly.
    let told = w.slack.ours(&ana.dm_channel());
    assert_eq!(told.len(), 1);
    let word = told[0].visible();
    assert!(word.contains("there is nothing to revise"), "{word}");
    w.leave().await;
}

#[tokio::test]
async fn an_approval_while_a_new_plan_is_made_does_not_count() {
    let w = World::new().await;
    let task = w.asks("ana", "paint it red").await;
    let card = w.card(&task.id);
    let feedback = format!("revise {} paint it blue", task.id);
    w.user("ana").slash(&w.channel(), &feedback).await;
    w.tick("converse").await;
    assert_eq!(w.state(&task.id).await, "planning");
    w.presses_as_seen("carl", "Approve", &card).await;
    assert_eq!(w.state(&task.id).await, "staged");
    assert!(w.agent.runs().is_empty());
    w.leave().await;
}
