//! Messages out, on the real store.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

use nightshift_core::card::{Attachment, Card};
use nightshift_core::chat::{Conversation, Identity};
use nightshift_core::id::{Entropy, Seq};
use nightshift_core::port::store::{PageMessage, Pages};
use nightshift_core::port::{ChatKind, ChatPlatform, Clock, Ids, Marker};
use nightshift_store::{OpenOptions, SqlStore};
use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::WebPlatform;

/// Each look is a second later.
#[derive(Default)]
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.fetch_add(1000, Ordering::Relaxed))
    }
}

#[derive(Default)]
struct Counted(AtomicU8);

impl Ids for Counted {
    fn entropy(&self) -> Entropy {
        [self.0.fetch_add(1, Ordering::Relaxed); 16]
    }
}

struct Page {
    web: WebPlatform,
    store: Arc<SqlStore>,
    _dir: TempDir,
}

impl Page {
    async fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let options = OpenOptions {
            data_dir: dir.path().join("data"),
            retry_backoff: std::time::Duration::from_secs(5),
            ids: Arc::new(Counted::default()),
        };
        let store = nightshift_store::open(options).await.unwrap();
        let clock = Arc::new(Ticking::default());
        let ids = Arc::new(Counted::default());
        let web = WebPlatform::new(store.clone(), Arc::new(door()), clock, ids);
        Self {
            web,
            store,
            _dir: dir,
        }
    }

    async fn seen_by(&self, person: &str) -> Vec<PageMessage> {
        let seen = self
            .store
            .page_messages("playground", person, Seq(0), 100)
            .await;
        seen.unwrap()
    }
}

fn thread() -> Conversation {
    Conversation {
        platform: crate::platform(),
        workspace: "local".into(),
        channel: "playground".into(),
        thread: Some("ana:m-000001".into()),
    }
}

fn marker(unsure: bool) -> Marker {
    Marker {
        key: "outbox-1".into(),
        unsure,
    }
}

fn shown(message: &PageMessage) -> Value {
    serde_json::from_str(&door().shown(message)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_keeps_thread_and_time_and_gets_a_new_number() {
    let page = Page::new().await;
    let first = Card::say("planning");
    let posted = page
        .web
        .post(&thread(), &first, &marker(false))
        .await
        .unwrap();
    let before = page.seen_by("bob").await;
    page.web.edit(&posted, &Card::say("staged")).await.unwrap();
    let after = page.seen_by("bob").await;
    assert_eq!((before.len(), after.len()), (1, 1));
    assert!(after[0].seq > before[0].seq);
    assert_eq!(after[0].at, before[0].at);
    assert_eq!(after[0].thread.as_deref(), Some("ana:m-000001"));
    assert_eq!(
        shown(&after[0])["body"]["card"]["blocks"][0]["line"][0]["text"],
        "staged"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn editing_to_what_is_shown_already_changes_no_number() {
    let page = Page::new().await;
    let card = Card::say("staged");
    let posted = page
        .web
        .post(&thread(), &card, &marker(false))
        .await
        .unwrap();
    let before = page.seen_by("bob").await;
    page.web.edit(&posted, &card).await.unwrap();
    assert_eq!(page.seen_by("bob").await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_that_is_sent_again_is_one_message() {
    let page = Page::new().await;
    let card = Card::say("done");
    let first = page
        .web
        .post(&thread(), &card, &marker(false))
        .await
        .unwrap();
    let again = page
        .web
        .post(&thread(), &card, &marker(true))
        .await
        .unwrap();
    assert_eq!(first, again);
    assert_eq!(page.seen_by("bob").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_word_is_seen_by_one_person() {
    let page = Page::new().await;
    let ana = Identity {
        platform: crate::platform(),
        id: "ana".into(),
    };
    let word = Card::say("You may not approve this plan");
    page.web
        .whisper(&thread(), &ana, None, &word)
        .await
        .unwrap();
    assert_eq!(page.seen_by("bob").await, []);
    let seen = page.seen_by("ana").await;
    assert_eq!(shown(&seen[0])["private"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_kept_whole_and_shown_without_its_content() {
    let page = Page::new().await;
    for bytes in [b"hello\n".to_vec(), vec![0xff, 0, 0x80], Vec::new()] {
        let file = Attachment {
            name: "hello.txt".into(),
            bytes,
            comment: None,
        };
        page.web.upload(&thread(), &file).await.unwrap();
        let seen = page.seen_by("bob").await;
        let message = seen.last().unwrap();
        assert_eq!(door().file(message), Some(file.clone()));
        let shown = shown(message);
        assert_eq!(shown["body"]["bytes"], file.bytes.len());
        assert!(!shown.to_string().contains("hello\\n"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_too_large_is_refused() {
    let page = Page::new().await;
    let of = |length: usize| Attachment {
        name: "big.bin".into(),
        bytes: vec![b'x'; length],
        comment: None,
    };
    page.web.upload(&thread(), &of(1 << 20)).await.unwrap();
    let refused = page.web.upload(&thread(), &of((1 << 20) + 1)).await;
    assert_eq!(refused.unwrap_err().kind, ChatKind::NotAllowed);
    assert_eq!(page.seen_by("bob").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_not_there_cannot_be_edited() {
    let page = Page::new().await;
    let nowhere = nightshift_core::chat::MessageRef {
        channel: "playground".into(),
        id: "ns-0".into(),
    };
    let missing = page.web.edit(&nowhere, &Card::say("x")).await;
    assert_eq!(missing.unwrap_err().kind, ChatKind::NotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn we_are_the_local_workspace() {
    let page = Page::new().await;
    assert_eq!(page.web.probe().await.unwrap().workspace, "local");
    let session = door().issue("ana");
    let body = r#"{"kind":"say","id":"m-000001","text":"run disk"}"#;
    let received = page.web.receive(&request(&session, &session.csrf, body));
    let Ok(Received::Event { delivery, .. }) = received else {
        panic!("no delivery");
    };
    assert_eq!(delivery.inbound.at.workspace, "local");
    let forged = page.web.receive(&request(&session, "00", body));
    assert_eq!(forged, Err(Refused::Unsigned));
}
