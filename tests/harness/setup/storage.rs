//! Where a world keeps its state: in its directory, or in a PostgreSQL where
//! `NIGHTSHIFT_TEST_DATABASE=postgres` says so.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nightshift_core::port::Ids;
use nightshift_core::secret::Secret;
use nightshift_fakes::postgres::Database;
use nightshift_store::{Conditions, ConnectOptions, Login, OpenOptions, Server, SqlStore};

/// Outlives the lives of one world.
pub(crate) enum Storage {
    Sqlite,
    Postgres(Database),
}

impl Storage {
    pub(crate) fn chosen() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one switch of all tests")]
        let chosen = std::env::var("NIGHTSHIFT_TEST_DATABASE");
        match chosen.as_deref() {
            Ok("postgres") => Self::Postgres(Database::empty()),
            Ok("sqlite") | Err(_) => Self::Sqlite,
            Ok(other) => panic!("NIGHTSHIFT_TEST_DATABASE={other}: sqlite or postgres"),
        }
    }

    pub(crate) async fn open(
        &self,
        data_dir: &Path,
        retry_backoff: Duration,
        ids: Arc<dyn Ids>,
    ) -> Arc<SqlStore> {
        match self {
            Self::Sqlite => {
                let options = OpenOptions {
                    data_dir: data_dir.to_owned(),
                    retry_backoff,
                    ids,
                };
                nightshift_store::open(options).await.expect("a store")
            }
            Self::Postgres(database) => {
                let options = ConnectOptions {
                    data_dir: Some(data_dir.to_owned()),
                    server: Server {
                        url: Secret::new(database.url()),
                        login: Login::Url,
                        managed: false,
                        notify_url: None,
                    },
                    retry_backoff,
                    ids,
                };
                let store = nightshift_store::connect(options, Conditions::default()).await;
                store.expect("a store")
            }
        }
    }
}
