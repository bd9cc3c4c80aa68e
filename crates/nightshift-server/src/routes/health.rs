//! Whether we are alive, whether we take work, and what we measure.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use nightshift_core::port::store::Measures;
use nightshift_protocol::Health;
use nightshift_protocol::health::{ClockHealth, ReplicaHealth, Spread, StoreHealth, StoreMeasures};

use crate::Server;
use crate::error::ApiError;
use crate::extract::Caller;

/// `GET /healthz`: the process answers. Public, no detail.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: work is taken. Public; says nothing about why not.
pub(crate) async fn ready(State(server): State<Arc<Server>>) -> Result<&'static str, ApiError> {
    if status(&server, store(&server).await.is_ok()) == "ready" {
        Ok("ready\n")
    } else {
        Err(ApiError::unavailable("not ready"))
    }
}

/// `GET /health`: measured values only, for people who may see tasks.
pub(crate) async fn measured(
    State(server): State<Arc<Server>>,
    Caller(actor): Caller,
) -> Result<Json<Health>, ApiError> {
    server.app.may_view(&actor)?;
    let store = store(&server).await;
    let replica = replica(&server).await;
    Ok(Json(Health {
        status: status(&server, store.is_ok()).to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_seconds: server.started.elapsed().as_secs_f64(),
        store: StoreHealth {
            ok: store.is_ok(),
            error: store.err(),
            broken_invariants: server.app.broken_invariants(),
            measured: measures(&server.app.store().measures()),
        },
        clock: ClockHealth {
            ok: server.app.clock_agrees(),
            ahead_seconds: server.app.clock_ahead() as f64 / 1000.0,
        },
        replica,
    }))
}

/// Who we are among those on the same database; what cannot be asked is left out.
async fn replica(server: &Server) -> Option<ReplicaHealth> {
    let app = &server.app;
    let me = &app.ports.shared.as_ref()?.me;
    let led = app.leadership.led(app.now());
    let seen = app.servers().await.unwrap_or_default();
    Some(ReplicaHealth {
        id: me.id.clone(),
        name: me.name.clone(),
        leads: led.into_iter().map(|term| term.work).collect(),
        seen: seen.into_iter().map(|seen| seen.replica.id).collect(),
    })
}

fn measures(measured: &Measures) -> StoreMeasures {
    StoreMeasures {
        batch: spread(measured.batch),
        commit_us: spread(measured.commit_us),
        wait_us: spread(measured.wait_us),
        folds: measured.folds,
        log_mb: measured.log_bytes >> 20,
    }
}

fn spread(measured: nightshift_core::port::store::Spread) -> Spread {
    Spread {
        count: measured.count,
        p50: measured.p50,
        p99: measured.p99,
        max: measured.max,
    }
}

async fn store(server: &Server) -> Result<(), String> {
    server.probe.check(server.app.store()).await
}

fn status(server: &Server, store_works: bool) -> &'static str {
    if server.ready.is_draining() {
        "draining"
    } else if !server.ready.is_recovered() {
        "starting"
    } else if store_works {
        "ready"
    } else {
        "unavailable"
    }
}
