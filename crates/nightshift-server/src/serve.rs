//! Accepting connections, and ending them.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::envelope::Peer;
use crate::router::{router, socket_router};
use crate::server::Server;

/// For the head of a request, and for the next request on a connection that is kept open.
const HEAD_WITHIN: Duration = Duration::from_mins(1);
/// Connections on the operator's socket: their own, so that strangers cannot take them all.
const SOCKET_CONNECTIONS: usize = 64;
/// For the answers that are still owed when the listeners close. The slowest one we know of waits
/// 1.5 s for a plan; long downloads are cut off.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// After an error of accept (no file descriptors left): some will be free again.
const AFTER_ERROR: Duration = Duration::from_millis(100);

/// Serves until `stop`; then drains and returns, after [`LAST_WORDS`] at the latest. Dropping the
/// future cuts every connection off at once.
///
/// From the drain on (see [`crate::Readiness::drain`], which may come long before `stop`)
/// readiness is off, what would change something is answered 503 with `Retry-After`, streams and
/// idle connections end, and requests that were taken are answered.
pub async fn serve(
    server: Arc<Server>,
    listener: TcpListener,
    unix: Option<UnixListener>,
    stop: CancellationToken,
) {
    let network = Door::new(
        server.clone(),
        router(server.clone()),
        server.limits.connections,
    );
    let socket = Door::new(
        server.clone(),
        socket_router(server.clone()),
        SOCKET_CONNECTIONS,
    );
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            (seat, accepted) = network.next(listener.accept()) => match accepted {
                Ok((stream, from)) => {
                    // Small answers go out at once.
                    let _ = stream.set_nodelay(true);
                    open.spawn(network.clone().talk(stream, Some(Peer(from.ip())), seat));
                }
                Err(error) => complain(&error).await,
            },
            (seat, accepted) = socket.next(accept(unix.as_ref())) => match accepted {
                Ok(stream) => {
                    open.spawn(socket.clone().talk(stream, None, seat));
                }
                Err(error) => complain(&error).await,
            },
            Some(_) = open.join_next() => {}
        }
    }
    server.ready.drain();
    drop((listener, unix));
    let rest = async { while open.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_WORDS, rest).await.is_err() {
        tracing::warn!(connections = open.len(), "Connections were cut off.");
    }
}

async fn accept(unix: Option<&UnixListener>) -> io::Result<tokio::net::UnixStream> {
    match unix {
        Some(listener) => listener.accept().await.map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}

async fn complain(error: &io::Error) {
    tracing::warn!(%error, "A connection could not be accepted.");
    tokio::time::sleep(AFTER_ERROR).await;
}

/// One listener's routes and its bound on connections.
#[derive(Clone)]
struct Door {
    server: Arc<Server>,
    routes: Router,
    seats: Arc<Semaphore>,
}

impl Door {
    fn new(server: Arc<Server>, routes: Router, connections: usize) -> Self {
        Self {
            server,
            routes,
            seats: Arc::new(Semaphore::new(connections)),
        }
    }

    /// The next connection, once there is a seat for it; both waits may be given up.
    async fn next<T>(
        &self,
        accept: impl Future<Output = io::Result<T>>,
    ) -> (OwnedSemaphorePermit, io::Result<T>) {
        let seat = self.seats.clone().acquire_owned().await;
        let seat = seat.expect("invariant: the semaphore is never closed");
        (seat, accept.await)
    }

    async fn talk<S>(self, stream: S, peer: Option<Peer>, seat: OwnedSemaphorePermit)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let closing = self.server.ready.closing();
        let routes = self.routes;
        let service =
            hyper::service::service_fn(move |request| answer(routes.clone(), request, peer));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WITHIN)
            .keep_alive(!closing.is_cancelled())
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::pin!(connection);
        let late = closing.is_cancelled();
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = closing.cancelled(), if !late => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            // Clients go away all the time.
            tracing::debug!(%error, "A connection broke off.");
        }
        drop(seat);
    }
}

async fn answer(
    routes: Router,
    request: Request<Incoming>,
    peer: Option<Peer>,
) -> Result<axum::response::Response, Infallible> {
    let mut request = request.map(Body::new);
    if let Some(peer) = peer {
        request.extensions_mut().insert(peer);
    }
    routes.oneshot(request).await
}
