//! Where the state is kept: what a database server needs to be known by.

use crate::config::key::KeyPath;
use crate::config::problem::Findings;
use crate::config::section::operation::{Database, Storage};

pub(super) fn check(storage: &Storage, found: &mut Findings) {
    if storage.database == Database::Sqlite {
        return;
    }
    let root = KeyPath::of("remote.storage");
    match &storage.url {
        None => found.value(
            &root.name("url"),
            "is missing: the database is a server's; write \
             postgres://user:password@host:5432/database here, or ${DATABASE_URL}",
        ),
        Some(url) if !is_address(url.expose()) => found.value(&root.name("url"), EXPECTED),
        Some(_) => {}
    }
    if let Some(url) = &storage.notify_url
        && !is_address(url.expose())
    {
        found.value(&root.name("notify_url"), EXPECTED);
    }
    if storage.password_file.is_some() && !storage.password_command.is_empty() {
        found.value(
            &root.name("password_command"),
            "is one way to log in, `password_file` another: keep one of them",
        );
    }
    if storage
        .replica
        .as_deref()
        .is_some_and(|name| !is_name(name))
    {
        found.value(
            &root.name("replica"),
            "expected at most 63 letters, digits, `-`, `_` and `.`",
        );
    }
}

const EXPECTED: &str = "is not the address of a PostgreSQL database: write \
     postgres://user:password@host:5432/database, with %40 for an @ in the password";

fn is_address(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// What a machine can be called: shown in chats, never escaped there.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=63).contains(&name.len()) && name.chars().all(plain)
}
