//! The built-in page's messages.

use nightshift_core::id::Seq;
use nightshift_core::port::store::{PageMessage, Store};

use crate::given::at;

fn message(id: &str, channel: &str, only_for: Option<&str>) -> PageMessage {
    PageMessage {
        id: id.to_owned(),
        seq: Seq(0),
        channel: channel.to_owned(),
        thread: None,
        author: None,
        only_for: only_for.map(str::to_owned),
        body: format!("{{\"id\":\"{id}\"}}"),
        at: at(0),
    }
}

pub(crate) async fn a_page_shows_what_is_newer_to_whom_it_is_for(store: &dyn Store) {
    let mut first = message("p1", "general", None);
    let seq = store.put_page_message(&first).await.unwrap();
    for other in [
        message("p2", "general", Some("ana")),
        message("p3", "elsewhere", None),
        message("p4", "general", None),
    ] {
        store.put_page_message(&other).await.unwrap();
    }
    let ids = |reader: &'static str, after: Seq| async move {
        let found = store
            .page_messages("general", reader, after, 10)
            .await
            .unwrap();
        let ids: Vec<String> = found.into_iter().map(|message| message.id).collect();
        ids
    };
    assert_eq!(ids("ana", Seq(0)).await, ["p1", "p2", "p4"]);
    assert_eq!(ids("bob", Seq(0)).await, ["p1", "p4"]);
    assert_eq!(ids("bob", seq).await, ["p4"]);
    "{}".clone_into(&mut first.body);
    let edited = store.put_page_message(&first).await.unwrap();
    assert!(edited > seq);
    assert_eq!(ids("bob", Seq(0)).await, ["p4", "p1"]);
    let found = store
        .page_messages("general", "bob", Seq(edited.0 - 1), 10)
        .await
        .unwrap();
    first.seq = edited;
    assert_eq!(found, [first.clone()]);
    assert_eq!(store.page_message("p1").await.unwrap(), Some(first));
    assert_eq!(store.page_message("p9").await.unwrap(), None);
}
