//! People are met once; strangers leave no user.

use futures_util::future::join_all;
use nightshift_core::card::Card;
use nightshift_core::id::UserId;
use nightshift_core::notice::Notice;
use nightshift_core::port::store::{Cause, Outgoing, Store, Stranger};
use nightshift_core::user::{Kind, Role, User};

use crate::given::{account, at, cause, claim, claim_one, events, room};

pub(crate) async fn a_person_is_met_once(store: &dyn Store) {
    let user = User {
        id: UserId::new("user_chat_U1"),
        role: Role::Submitter,
        kind: Kind::Person,
    };
    let ana = account("U1");
    assert_eq!(store.identity(&ana).await.unwrap(), None);
    store.meet(&user, &ana, Some("Ana"), at(0)).await.unwrap();
    let richer = User {
        role: Role::Admin,
        ..user.clone()
    };
    store.meet(&richer, &ana, None, at(1)).await.unwrap();
    assert_eq!(store.identity(&ana).await.unwrap(), Some(user.clone()));
    store
        .meet(&user, &account("U9"), None, at(1))
        .await
        .unwrap();
    assert_eq!(
        store.accounts(&user.id).await.unwrap(),
        [account("U1"), account("U9")]
    );
}

fn stranger() -> Stranger {
    Stranger {
        identity: account("U7"),
        action: "submit".to_owned(),
        word: Some(Outgoing {
            to: room("C1"),
            notice: Notice::Say {
                card: Card::say("I do not know you."),
            },
            whisper: None,
        }),
        quiet_since: at(-3600),
    }
}

pub(crate) async fn a_stranger_hears_one_word_and_leaves_no_user(store: &dyn Store) {
    let first = cause(store, "e1").await;
    for _ in 0..2 {
        store.turn_away(&first, &stranger(), at(0)).await.unwrap();
    }
    assert_eq!(events(store, None).await["auth.refused"], 1);
    let second = cause(store, "e2").await;
    store.turn_away(&second, &stranger(), at(1)).await.unwrap();
    let word = claim_one(store, at(1)).await;
    store.sent(&word, None, at(1)).await.unwrap();
    assert!(claim(store, at(2)).await.is_empty(), "silence for a while");
    let later = Stranger {
        quiet_since: at(10),
        ..stranger()
    };
    let none = Cause::default();
    store.turn_away(&none, &later, at(4000)).await.unwrap();
    assert_eq!(claim(store, at(4000)).await.len(), 1);
    assert_eq!(store.identity(&account("U7")).await.unwrap(), None);
    assert!(!store.has_claimed().await.unwrap());
    let refused = store
        .events(nightshift_core::id::Seq(0), Some("auth."), None, 10)
        .await
        .unwrap();
    assert_eq!(refused.len(), 3);
    assert_eq!(refused[0].actor.as_deref(), Some("chat:U7"));
}

pub(crate) async fn a_claim_code_makes_one_admin(store: &dyn Store) {
    let none = Cause::default();
    let ana = account("U1");
    assert_eq!(store.claim(&none, "h1", &ana, at(0)).await.unwrap(), None);
    store.set_claim(Some("h0")).await.unwrap();
    store.set_claim(Some("h1")).await.unwrap();
    assert_eq!(store.claim(&none, "h0", &ana, at(0)).await.unwrap(), None);
    let claims = (0..4).map(|n| async move {
        let person = account(&format!("U{n}"));
        store
            .claim(&Cause::default(), "h1", &person, at(0))
            .await
            .unwrap()
    });
    let admins: Vec<User> = join_all(claims).await.into_iter().flatten().collect();
    assert_eq!(admins.len(), 1);
    assert_eq!(admins[0].role, Role::Admin);
    assert!(store.has_claimed().await.unwrap());

    // A wrong code leaves the delivery open, to be answered.
    let click = cause(store, "e1").await;
    assert_eq!(store.claim(&click, "h1", &ana, at(0)).await.unwrap(), None);
    assert_eq!(store.open_deliveries(None, 10).await.unwrap().len(), 1);
    store.set_claim(Some("h2")).await.unwrap();
    store.set_claim(None).await.unwrap();
    assert_eq!(store.claim(&click, "h2", &ana, at(0)).await.unwrap(), None);
}

pub(crate) async fn only_a_claim_makes_an_account_known_for_good(store: &dyn Store) {
    let user = User {
        id: UserId::new("user_bob"),
        role: Role::Approver,
        kind: Kind::Person,
    };
    let met = account("U2");
    store.meet(&user, &met, None, at(0)).await.unwrap();
    assert_eq!(store.identity(&met).await.unwrap(), Some(user));
    assert_eq!(store.claimed(&met).await.unwrap(), None);
    assert!(!store.has_claimed().await.unwrap());
    store.set_claim(Some("h1")).await.unwrap();
    let none = Cause::default();
    let admin = store.claim(&none, "h1", &met, at(0)).await.unwrap();
    assert_eq!(store.claimed(&met).await.unwrap(), admin);
    assert!(store.has_claimed().await.unwrap());
}
