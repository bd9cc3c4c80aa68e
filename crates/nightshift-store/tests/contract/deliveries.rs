//! Deliveries are accepted once, and acted on once.

use futures_util::future::join_all;
use nightshift_core::id::Platform;
use nightshift_core::port::store::{Accepted, Cause, NewDelivery, RefusedAct, Store};

use crate::given::{DAY, at, cause, delivery, events};

pub(crate) async fn a_delivery_is_accepted_once_by_any_of_its_keys(store: &dyn Store) {
    let first = delivery(&["event:1", "gesture:1"], 1);
    assert_eq!(store.accept(&[first]).await.unwrap(), [Accepted::New]);
    let again = delivery(&["event:1", "gesture:1"], 1);
    let other_way = delivery(&["event:2", "gesture:1"], 2);
    let same_as_other_way = delivery(&["event:2", "gesture:9"], 2);
    let unlike = delivery(&["event:3", "gesture:3"], 3);
    assert_eq!(
        store
            .accept(&[again, other_way, same_as_other_way, unlike])
            .await
            .unwrap(),
        [
            Accepted::Duplicate,
            Accepted::Duplicate,
            Accepted::Duplicate,
            Accepted::New
        ]
    );
    assert_eq!(store.open_deliveries(None, 10).await.unwrap().len(), 2);
}

pub(crate) async fn one_platforms_deliveries_do_not_stand_before_anothers(store: &dyn Store) {
    let (there, here) = (Platform::new("elsewhere"), Platform::new("chat"));
    let waiting = (0..5).map(|n| NewDelivery {
        platform: there.clone(),
        ..delivery(&[&format!("e{n}")], 1)
    });
    store.accept(&waiting.collect::<Vec<_>>()).await.unwrap();
    store.accept(&[delivery(&["mine"], 1)]).await.unwrap();
    let open = store.open_deliveries(Some(&here), 3).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].platform, here);
    assert_eq!(
        store.open_deliveries(Some(&there), 3).await.unwrap().len(),
        3
    );
}

pub(crate) async fn a_repetition_inside_a_batch_is_a_duplicate(store: &dyn Store) {
    let outcomes = store
        .accept(&[
            delivery(&["e1"], 1),
            delivery(&["e1"], 1),
            delivery(&["e1"], 2),
        ])
        .await
        .unwrap();
    assert_eq!(
        outcomes,
        [Accepted::New, Accepted::Duplicate, Accepted::Conflict]
    );
}

pub(crate) async fn the_same_id_with_another_body_is_refused(store: &dyn Store) {
    store.accept(&[delivery(&["e1"], 1)]).await.unwrap();
    assert_eq!(
        store.accept(&[delivery(&["e1"], 2)]).await.unwrap(),
        [Accepted::Conflict]
    );
    assert_eq!(store.open_deliveries(None, 10).await.unwrap().len(), 1);
    assert_eq!(events(store, None).await["delivery.rejected"], 1);
}

pub(crate) async fn a_refused_body_does_not_poison_later_deliveries(store: &dyn Store) {
    store.accept(&[delivery(&["e1"], 1)]).await.unwrap();
    store.accept(&[delivery(&["e1", "g2"], 2)]).await.unwrap();
    assert_eq!(
        store.accept(&[delivery(&["e2", "g2"], 3)]).await.unwrap(),
        [Accepted::New]
    );
}

pub(crate) async fn batches_at_once_accept_each_delivery_once(store: &dyn Store) {
    let batches = (0..8).map(|_| async {
        let names: Vec<String> = (0..20).map(|n| format!("e{n}")).collect();
        let batch: Vec<_> = names.iter().map(|name| delivery(&[name], 1)).collect();
        store.accept(&batch).await.unwrap()
    });
    let outcomes = join_all(batches).await.concat();
    let new = outcomes.iter().filter(|o| **o == Accepted::New).count();
    assert_eq!((outcomes.len(), new), (160, 20));
    assert_eq!(store.open_deliveries(None, 1000).await.unwrap().len(), 20);
}

pub(crate) async fn a_key_is_forgotten_after_fourteen_days(store: &dyn Store) {
    let mut repeated = delivery(&["e1"], 1);
    store.accept(&[repeated.clone()]).await.unwrap();
    repeated.at = at(14 * DAY - 1);
    assert_eq!(
        store.accept(&[repeated.clone()]).await.unwrap(),
        [Accepted::Duplicate]
    );
    repeated.at = at(14 * DAY);
    assert_eq!(
        store.accept(&[repeated.clone()]).await.unwrap(),
        [Accepted::New],
        "before a sweep"
    );
    store.sweep(at(28 * DAY)).await.unwrap();
    repeated.at = at(28 * DAY);
    assert_eq!(
        store.accept(&[repeated]).await.unwrap(),
        [Accepted::New],
        "after a sweep"
    );
}

pub(crate) async fn a_delivery_is_settled_once_and_its_credential_forgotten(store: &dyn Store) {
    let cause = cause(store, "e1").await;
    let refused = RefusedAct {
        who: "user_bob".to_owned(),
        action: "approve".to_owned(),
        why: "not an approver".to_owned(),
        task: None,
    };
    let open = store.open_deliveries(None, 10).await.unwrap();
    assert_eq!(
        open[0].inbound.reply_handle.as_deref(),
        Some("secret-handle")
    );
    let answers = (0..5).map(|_| store.answer(&cause, &[], Some(&refused), at(1)));
    for answer in join_all(answers).await {
        answer.unwrap();
    }
    assert_eq!(events(store, None).await["auth.refused"], 1);
    assert!(store.open_deliveries(None, 10).await.unwrap().is_empty());
    // Without a delivery there is nothing to settle.
    store
        .answer(&Cause::default(), &[], Some(&refused), at(1))
        .await
        .unwrap();
    assert_eq!(events(store, None).await["auth.refused"], 2);
}

pub(crate) async fn every_delivery_leaves_an_event(store: &dyn Store) {
    let batch = [
        delivery(&["e1"], 1),
        delivery(&["e1"], 1),
        delivery(&["e2"], 1),
    ];
    store.accept(&batch).await.unwrap();
    let counts = events(store, None).await;
    assert_eq!(counts["delivery.accepted"], 2);
    assert_eq!(counts["delivery.duplicate"], 1);
    assert_eq!(store.accept(&[]).await.unwrap(), []);
}
