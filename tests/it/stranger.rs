//! People we do not know, and how the first one becomes known.

use std::time::Duration;

use harness::{Setup, World};
use nightshift_core::chat::Identity;
use nightshift_core::id::Platform;
use nightshift_core::port::store::People;

#[tokio::test]
async fn a_stranger_gets_one_polite_word_then_silence_and_no_row() {
    let w = World::new().await;
    let mallory = w.user("mallory");
    for text in [
        "summarise the news",
        "status",
        "whoami",
        "approve everything",
    ] {
        w.says("mallory", text).await;
        w.clock.advance(Duration::from_secs(60));
    }
    let told = w.whispers("mallory");
    assert_eq!(told.len(), 1, "{told:?}");
    for word in ["error", "task_", "user_", "U0MALLORY"] {
        assert!(!told[0].contains(word), "{word:?} in {:?}", told[0]);
    }
    assert!(w.slack.ours(&w.channel()).is_empty());
    assert!(w.tasks().await.is_empty());
    assert_eq!(known(&w, &mallory.id).await, None);
    let audited = w.events("auth.refused").await;
    assert_eq!(audited.len(), 4);
    for event in audited {
        assert!(
            format!("{event:?}").contains("slack:U0MALLORY"),
            "{event:?}"
        );
    }
    w.leave().await;
}

#[tokio::test]
async fn a_strangers_click_changes_nothing() {
    let w = World::new().await;
    let task = w.asks("ana", "guard the gate").await;
    let before = w.card(&task.id);
    for button in ["Approve", "Revise", "Details", "Cancel"] {
        w.presses("mallory", button, &task.id).await;
    }
    assert_eq!(w.card(&task.id), before);
    assert_eq!(w.state(&task.id).await, "staged");
    assert_eq!(w.whispers("mallory").len(), 1);
    assert_eq!(w.events("auth.refused").await.len(), 4);
    w.leave().await;
}

#[tokio::test]
async fn somebody_of_another_organisation_is_nobody_whatever_their_id() {
    let w = World::new().await;
    // The same id as ana's: ids are unique only within a workspace.
    let impostor = w.slack.foreign_user("ana");
    assert_eq!(impostor.id, w.user("ana").id);
    let impostor = w.slack.foreign_user("ana");
    impostor.slash(&w.channel(), "open the safe").await;
    impostor.mentions(&w.channel(), "open the safe").await;
    w.settle().await;
    assert!(w.tasks().await.is_empty());
    assert!(w.agent.runs().is_empty());
    assert!(!w.events("auth.refused").await.is_empty());
    w.leave().await;
}

#[tokio::test]
async fn the_first_person_with_the_code_becomes_admin_and_the_code_works_once() {
    let w = World::with(Setup {
        names_nobody: true,
        ..Setup::default()
    })
    .await;
    let code = w.app.offer_claim().await.expect("a store").expect("a code");

    w.says("eve", "claim 1234-5678").await;
    assert!(
        w.whisper("eve").contains("not valid"),
        "{}",
        w.whisper("eve")
    );
    assert_eq!(known(&w, "U0EVE").await, None);

    w.says("dora", &format!("claim {}", code.to_lowercase()))
        .await;
    let word = w.whisper("dora");
    assert!(word.contains("with the role admin"), "{word}");
    w.says("dora", "whoami").await;
    assert!(w.whisper("dora").contains("admin"));

    w.says("eve", &format!("claim {code}")).await;
    assert_eq!(
        known(&w, "U0EVE").await,
        None,
        "a used code makes nobody admin"
    );
    assert_eq!(w.app.offer_claim().await.expect("a store"), None);

    let task = w.asks("dora", "first things first").await;
    w.presses("dora", "Approve", &task.id).await;
    assert_eq!(w.state(&task.id).await, "running");
    assert!(!w.log.text().contains(&code), "the code is not logged");
    w.leave().await;
}

#[tokio::test]
async fn where_somebody_is_known_no_code_is_offered() {
    let w = World::new().await;
    assert_eq!(w.app.offer_claim().await.expect("a store"), None);
    w.says("mallory", "claim 4F7K-2Q9M").await;
    assert_eq!(known(&w, "U0MALLORY").await, None);
    w.leave().await;
}

#[tokio::test]
async fn who_is_taken_off_the_list_is_a_stranger_again() {
    let w = World::new().await;
    let task = w.asks("ana", "paint it").await;
    w.says("carl", "whoami").await;
    assert!(w.whisper("carl").contains("approver"));

    let nobody = Setup {
        names_nobody: true,
        ..Setup::default()
    };
    let w = w.restart_with(nobody).await;
    for name in ["ana", "carl"] {
        w.presses(name, "Approve", &task.id).await;
        w.says(name, "whoami").await;
        assert!(
            w.whisper(name).starts_with("Hello! I work only for people"),
            "{name}"
        );
    }
    assert_eq!(w.state(&task.id).await, "staged");
    assert!(w.agent.runs().is_empty());
    // Nobody is known any more: a code is offered again.
    assert!(w.app.offer_claim().await.expect("a store").is_some());
    w.leave().await;
}

async fn known(w: &World, id: &str) -> Option<String> {
    let account = Identity {
        platform: Platform::new("slack"),
        id: id.into(),
    };
    let user = w.store.identity(&account).await.expect("a store");
    user.map(|user| user.id.to_string())
}
