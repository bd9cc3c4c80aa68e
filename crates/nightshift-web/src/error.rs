//! What can go wrong here, in the words of the port: the page's network is the store.

use nightshift_core::error::Retry;
use nightshift_core::port::{ChatError, ChatKind, StoreError, StoreKind};

fn error(kind: ChatKind, message: &str) -> ChatError {
    ChatError {
        kind,
        retry: Retry::Never,
        limit: None,
        platform: crate::platform(),
        message: message.to_owned(),
        source: None,
    }
}

/// A failed transaction did nothing; what is corrupt stays so.
pub(crate) fn store(cause: StoreError) -> ChatError {
    let kind = match cause.kind {
        StoreKind::Busy | StoreKind::Full | StoreKind::Broken => ChatKind::Unavailable,
        StoreKind::Unknown => ChatKind::Ambiguous,
        StoreKind::Corrupt => ChatKind::Invalid,
    };
    ChatError {
        retry: cause.retry,
        source: Some(Box::new(cause)),
        ..error(kind, "the page's messages cannot be reached")
    }
}

pub(crate) fn not_found() -> ChatError {
    error(ChatKind::NotFound, "there is no such message")
}

pub(crate) fn no_forms() -> ChatError {
    error(ChatKind::Invalid, "the page has no forms")
}

pub(crate) fn too_large() -> ChatError {
    error(ChatKind::NotAllowed, "the file is too large for the page")
}
