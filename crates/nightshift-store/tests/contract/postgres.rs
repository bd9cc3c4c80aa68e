//! A server that cannot be used is refused with a sentence that says what to do; one that goes
//! away comes back.

use std::io::{Read, Write};
use std::net::TcpListener;

use nightshift_core::port::store::{Attempts, Deliveries, Store, StoreKind};
use nightshift_fakes::postgres::Database;
use nightshift_store::{OpenError, OpenKind};

use crate::given::{at, delivery, lease, queued, quiet, running};

async fn refused(url: &str) -> OpenError {
    match crate::open_at(url).await {
        Ok(_) => panic!("{url} was opened"),
        Err(error) => error,
    }
}

async fn check(url: &str, kind: OpenKind, words: &[&str]) {
    let error = refused(url).await;
    assert_eq!(error.kind, kind, "{error}");
    for word in words {
        assert!(error.message.contains(word), "{error}");
    }
    assert!(!format!("{error:?}").contains("geheim"), "{error:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let url = format!("postgres://me:geheim@127.0.0.1:{port}/ns");
    let shown = format!("me@127.0.0.1:{port}/ns");
    let words = ["remote.storage.url", &shown, "start the server"];
    check(&url, OpenKind::Unreachable, &words).await;
    let url = "postgres://me:geheim@%2Fnowhere/ns";
    check(url, OpenKind::Unreachable, &["me@/nowhere/ns"]).await;
}

#[tokio::test]
async fn something_else_than_a_url_is_refused() {
    for url in [
        "",
        "geheim",
        "mysql://me:geheim@db/ns",
        "postgres://me:geheim@db:x/ns",
    ] {
        check(
            url,
            OpenKind::Address,
            &["remote.storage.url", "postgres://"],
        )
        .await;
    }
}

#[tokio::test]
async fn a_wrong_password_is_no_secret_afterwards() {
    let port = server_that_says("28P01", "password authentication failed for user \"me\"");
    let url = format!("postgres://me:geheim@127.0.0.1:{port}/ns?sslmode=disable");
    check(
        &url,
        OpenKind::Denied,
        &["password authentication failed", "password_file"],
    )
    .await;
}

#[tokio::test]
async fn a_pooler_that_wants_a_setting_is_told_of() {
    let port = server_that_says("08P01", "unsupported startup parameter: extra_float_digits");
    let url = format!("postgres://me:geheim@127.0.0.1:{port}/ns?sslmode=disable");
    check(&url, OpenKind::Settings, &["ignore_startup_parameters"]).await;
}

/// Answers whoever connects with one error, as PostgreSQL does.
fn server_that_says(code: &'static str, message: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4];
            stream.read_exact(&mut head).unwrap();
            let mut rest = vec![0; u32::from_be_bytes(head) as usize - 4];
            stream.read_exact(&mut rest).unwrap();
            let fields = format!("SFATAL\0VFATAL\0C{code}\0M{message}\0\0");
            let length = (fields.len() as u32 + 4).to_be_bytes();
            let answer = [b"E".as_slice(), &length, fields.as_bytes()].concat();
            stream.write_all(&answer).unwrap();
        }
    });
    port
}

#[tokio::test]
async fn a_database_or_user_that_is_not_there_is_named() {
    let database = Database::empty();
    let elsewhere = database.url().replace("nightshift_test_", "nowhere_");
    check(
        &elsewhere,
        OpenKind::Missing,
        &["createdb", "does not exist"],
    )
    .await;
    let nobody = database.url_as("nobody_of_us");
    check(&nobody, OpenKind::Denied, &["nobody_of_us"]).await;
}

#[tokio::test]
async fn a_user_without_rights_is_refused() {
    let database = Database::empty();
    let role = format!("guest_{}", std::process::id());
    database.run(&format!("CREATE ROLE {role} LOGIN"));
    check(
        &database.url_as(&role),
        OpenKind::Denied,
        &["GRANT ALL ON SCHEMA"],
    )
    .await;
    database.run(&format!("DROP ROLE {role}"));
}

#[tokio::test]
async fn a_newer_database_is_left_as_it_is() {
    let database = crate::database();
    database.run(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'later', true, '\\x00', 0)",
    );
    check(&database.url(), OpenKind::Newer, &["newer NightShift"]).await;
    assert_eq!(
        database.run("SELECT max(version) FROM _sqlx_migrations"),
        "9999"
    );
}

#[tokio::test]
async fn another_programs_database_is_left_as_it_is() {
    let database = Database::empty();
    database.run("CREATE TABLE task (id BIGINT)");
    check(
        &database.url(),
        OpenKind::Foreign,
        &["`task`", "another program"],
    )
    .await;
    assert_eq!(
        database.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"),
        "1"
    );
    database.run(
        "DROP TABLE task; CREATE TABLE _sqlx_migrations (version BIGINT, checksum BYTEA); \
         INSERT INTO _sqlx_migrations VALUES (1, '\\x00')",
    );
    check(&database.url(), OpenKind::Foreign, &["another program"]).await;
}

#[tokio::test]
async fn settings_that_lose_or_refuse_commits_are_refused() {
    for (setting, kind, word) in [
        ("synchronous_commit = off", OpenKind::Settings, "power cut"),
        (
            "default_transaction_read_only = on",
            OpenKind::NotWritable,
            "primary",
        ),
    ] {
        let database = Database::empty();
        let name = database.run("SELECT current_database()");
        database.run(&format!("ALTER DATABASE {name} SET {setting}"));
        check(&database.url(), kind, &[word]).await;
    }
}

#[tokio::test]
async fn replicas_that_start_at_once_make_the_tables_once() {
    let database = Database::empty();
    let url = database.url();
    let starts = (0..4).map(|_| crate::open_at(&url));
    for store in futures_util::future::join_all(starts).await {
        store.unwrap().close().await;
    }
    let applied = database.run("SELECT count(*), count(DISTINCT version) FROM _sqlx_migrations");
    let (rows, versions) = applied.split_once('|').unwrap();
    assert_eq!(rows, versions);
}

#[tokio::test]
async fn a_server_that_hangs_up_is_called_again() {
    let database = crate::database();
    let store = crate::open_at(&database.url()).await.unwrap();
    for _ in 0..3 {
        store.check().await.unwrap();
        database.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE application_name = 'nightshift' AND datname = current_database()",
        );
        store.check().await.unwrap();
    }
}

#[tokio::test]
async fn a_setting_that_changes_under_us_is_found() {
    let database = crate::database();
    let store = crate::open_at(&database.url()).await.unwrap();
    store.check().await.unwrap();
    let name = database.run("SELECT current_database()");
    database.run(&format!(
        "ALTER DATABASE {name} SET synchronous_commit = off"
    ));
    database.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE application_name = 'nightshift' AND datname = current_database()",
    );
    let error = store.check().await.unwrap_err();
    assert_eq!(error.kind, StoreKind::Broken);
    assert!(
        error.message.contains("synchronous_commit = off"),
        "{error}"
    );
}

/// A caller that hangs up in the middle of a beginning must not leave a connection behind that is
/// inside a transaction: what the next one writes there would be acknowledged and never committed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_beginning_that_nobody_waits_for_leaves_nothing_open() {
    let database = crate::database();
    let store = crate::open_at(&database.url()).await.unwrap();
    let other = crate::open_replica(&database.url(), 1).await.unwrap();
    for n in 0..150_u32 {
        // Given up after so many looks, each a moment after the last.
        let mut given_up = Box::pin(store.check());
        for _ in 0..n % 50 {
            if futures_util::poll!(&mut given_up).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(given_up);
        let key = format!("key {n}");
        store.accept(&[delivery(&[&key], 1)]).await.unwrap();
        let open = other.open_deliveries(None, 1000).await.unwrap();
        assert_eq!(open.len() as u32, n + 1, "{key} was acknowledged");
    }
}

/// Who looks where it found the first row before may overlook one for a while, and no longer.
#[tokio::test]
async fn what_comes_late_into_a_queue_is_found_all_the_same() {
    let database = crate::database();
    let store = crate::open_at(&database.url()).await.unwrap();
    queued(&*store, &quiet("a")).await;
    assert!(lease(&*store, at(100)).await.is_some());
    let late = queued(&*store, &quiet("b")).await.id;
    database.run(&format!(
        "UPDATE task SET queued_at = -60000 WHERE task_id = '{late}'"
    ));
    assert!(lease(&*store, at(101)).await.is_none());
    assert_eq!(lease(&*store, at(102)).await.unwrap().task.id, late);
}

#[tokio::test]
async fn a_deadline_that_is_set_late_is_seen_to_all_the_same() {
    let database = crate::database();
    let store = crate::open_at(&database.url()).await.unwrap();
    store.sweep(at(200)).await.unwrap();
    let late = running(&*store, &quiet("a")).await.task.id;
    database.run(&format!(
        "UPDATE task SET lease_until = 100000 WHERE task_id = '{late}'"
    ));
    assert_eq!(store.sweep(at(259)).await.unwrap().lost, 0);
    assert_eq!(store.sweep(at(260)).await.unwrap().lost, 1);
}
