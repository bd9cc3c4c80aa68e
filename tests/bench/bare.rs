//! A yardstick: an axum route that reads the body and answers 200.

use crate::process::announce;

pub(crate) const ROLE: &str = "serve-bare";

pub(crate) fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        announce(listener.local_addr()?)?;
        let router =
            axum::Router::new().route("/bare", axum::routing::post(|_body: bytes::Bytes| async {}));
        axum::serve(listener, router).await?;
        Ok(())
    })
}
