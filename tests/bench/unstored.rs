//! The yardstick of the intake: the server itself, its Slack route with signature and parsing, and
//! an intake that stores nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use nightshift_core::chat::Delivery;
use nightshift_core::id::Platform;
use nightshift_core::port::chat::StoreRefused;
use nightshift_core::port::{Clock, Intake};
use nightshift_core::time::Timestamp;
use nightshift_server::{HttpLimits, Server};
use nightshift_store::Synchronous;
use tokio_util::sync::CancellationToken;

use crate::composed::{self, SystemClock};
use crate::process::announce;

pub(crate) const ROLE: &str = "serve-unstored";

pub(crate) fn serve() -> anyhow::Result<()> {
    let dir = tempfile::tempdir_in("target")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let (app, _) = composed::app(
            dir.path(),
            composed::store(dir.path(), Synchronous::Full).await?,
            composed::Beside::default(),
        )?;
        let mut server = Server::new(app, None, HttpLimits::default(), BTreeMap::new());
        server.intake = Arc::new(AnswersAtOnce);
        server.ready.recovered();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        announce(listener.local_addr()?)?;
        let never = CancellationToken::new();
        nightshift_server::serve(Arc::new(server), listener, None, never).await;
        Ok(())
    })
}

struct AnswersAtOnce;

#[async_trait]
impl Intake for AnswersAtOnce {
    async fn deliver(&self, _: &Platform, _: Delivery) -> Result<(), StoreRefused> {
        Ok(())
    }

    fn now(&self) -> Timestamp {
        SystemClock.now()
    }
}
