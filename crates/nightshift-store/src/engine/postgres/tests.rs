//! What a commit's answer is worth.

use nightshift_core::port::store::{StoreError, StoreKind};
use nightshift_core::secret::Secret;
use nightshift_fakes::postgres::Database;

use super::{Login, Postgres, Server};
use crate::engine::Conditions;
use crate::engine::turns::Rank;
use crate::error::Error;
use crate::statement::{Sql, query, statement};

const ONCE: Sql = statement!("INSERT INTO meta (name, value) VALUES ('once', 1)");

async fn engine(database: &Database) -> Postgres {
    let server = Server {
        url: Secret::new(database.url()),
        login: Login::Url,
        managed: false,
        notify_url: None,
    };
    Postgres::open(server, "test".to_owned(), Conditions::default())
        .await
        .unwrap()
}

fn written(database: &Database) -> String {
    database.run("SELECT count(*) FROM meta WHERE name = 'once'")
}

#[tokio::test]
async fn a_commit_after_an_error_is_refused() {
    let database = Database::empty();
    let engine = engine(&database).await;
    let (mut conn, _) = engine.begin(Rank::First).await.unwrap();
    query(ONCE).execute(&mut conn).await.unwrap();
    query(ONCE).execute(&mut conn).await.unwrap_err();
    // The server would say yes, and roll back.
    let refused = engine.commit(conn).await;
    assert!(matches!(refused, Err(Error::Aborted)), "{refused:?}");
    assert_eq!(written(&database), "0");
    engine.close().await;
}

#[tokio::test]
async fn a_server_that_hangs_up_before_a_commit_is_no_success() {
    let database = Database::empty();
    let engine = engine(&database).await;
    let (mut conn, _) = engine.begin(Rank::First).await.unwrap();
    query(ONCE).execute(&mut conn).await.unwrap();
    database.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE application_name = 'nightshift' AND datname = current_database()",
    );
    let error = StoreError::from(engine.commit(conn).await.unwrap_err());
    assert_eq!(error.kind, StoreKind::Unknown, "{error}");
    assert_eq!(written(&database), "0");
    // The next one finds another connection.
    let (mut conn, _) = engine.begin(Rank::First).await.unwrap();
    query(ONCE).execute(&mut conn).await.unwrap();
    engine.commit(conn).await.unwrap();
    assert_eq!(written(&database), "1");
    engine.close().await;
}
