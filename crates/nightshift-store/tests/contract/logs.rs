//! Output is a gapless sequence of bytes.

use nightshift_core::port::store::{Store, StoreKind};

use crate::given::{ask, at, completed, lease, running};

pub(crate) async fn output_is_written_once_without_gaps(store: &dyn Store) {
    let leased = running(store, &ask("a")).await;
    let (id, fence) = (&leased.task.id, leased.fence);
    assert!(store.append_log(id, fence, 0, b"hello ").await.unwrap());
    assert!(store.append_log(id, fence, 0, b"hello ").await.unwrap());
    assert!(store.append_log(id, fence, 3, b"lo world").await.unwrap());
    assert!(store.append_log(id, fence, 11, b"").await.unwrap());
    let gap = store.append_log(id, fence, 12, b"x").await.unwrap_err();
    assert_eq!(gap.kind, StoreKind::Broken);
    let part = store.read_log(id, fence, 0, 100).await.unwrap();
    assert_eq!(part.bytes, b"hello world");
    assert_eq!((part.next_offset, part.end), (11, 11));
}

pub(crate) async fn an_old_fence_writes_no_output(store: &dyn Store) {
    let old = running(store, &ask("a")).await;
    let id = &old.task.id;
    assert!(store.append_log(id, old.fence, 0, b"old").await.unwrap());
    store.sweep(at(100)).await.unwrap();
    assert!(!store.append_log(id, old.fence, 3, b"!").await.unwrap());
    let new = lease(store, at(106)).await.unwrap();
    assert!(!store.append_log(id, old.fence, 3, b"!").await.unwrap());
    assert!(store.append_log(id, new.fence, 0, b"new").await.unwrap());
    completed(store, &new, at(107)).await;
    assert!(!store.append_log(id, new.fence, 3, b"!").await.unwrap());
    let part = store.read_log(id, old.fence, 0, 100).await.unwrap();
    assert_eq!(part.bytes, b"old", "it is still there to be read");
}

pub(crate) async fn output_is_read_by_offset(store: &dyn Store) {
    let leased = running(store, &ask("a")).await;
    let (id, fence) = (&leased.task.id, leased.fence);
    let all: Vec<u8> = (0..=255).collect();
    for chunk in [0..10_usize, 10..11, 11..200, 200..256] {
        let offset = chunk.start as u64;
        store
            .append_log(id, fence, offset, &all[chunk])
            .await
            .unwrap();
    }
    for from in [0_usize, 5, 10, 11, 150, 255, 256] {
        for limit in [1_u32, 7, 300] {
            let part = store.read_log(id, fence, from as u64, limit).await.unwrap();
            let to = (from + limit as usize).min(256);
            assert_eq!(part.bytes, &all[from..to], "{from} {limit}");
            assert_eq!((part.next_offset, part.end), (to as u64, 256));
        }
    }
    let beyond = store.read_log(id, fence, 999, 5).await.unwrap();
    assert_eq!((beyond.bytes.len(), beyond.next_offset), (0, 256));
}
