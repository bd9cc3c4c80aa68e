//! More deliveries than can be stored: the rest is told to come again, and none is lost.

use std::sync::Arc;

use futures_util::future::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use harness::{Client, World};
use nightshift_app::App;
use nightshift_core::chat::{Conversation, Delivery, Gesture, Identity, Inbound};
use nightshift_core::id::Platform;
use nightshift_core::port::Intake;
use nightshift_core::port::store::Accepted;
use nightshift_server::{HttpLimits, Server};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// As many as may wait.
const ROOM: usize = 8192;

fn delivery(number: usize) -> Delivery {
    let platform = Platform::new("slack");
    Delivery {
        keys: vec![format!("cmd:{number}")],
        body_hash: [0; 32],
        inbound: Inbound {
            from: Identity {
                platform: platform.clone(),
                id: "U1".into(),
            },
            display_name: None,
            at: Conversation {
                platform,
                workspace: "T1".into(),
                channel: "C1".into(),
                thread: None,
            },
            gesture: Gesture::Say {
                text: "help".into(),
            },
            reply_handle: None,
            form_handle: None,
        },
    }
}

#[tokio::test]
async fn what_finds_no_room_is_refused_unread_and_what_waits_is_stored() {
    let w = World::new().await;
    // The same world behind a second door, whose deliveries nobody stores yet.
    let (app, loops) = App::new(w.app.ports.clone(), w.app.settings.clone());
    let slack = Platform::new("slack");
    let accept = |number| {
        let (app, slack) = (app.clone(), slack.clone());
        async move { app.accept(&slack, delivery(number)).await }.boxed()
    };
    let mut waiting: FuturesUnordered<_> = (0..ROOM).map(accept).collect();
    assert!(waiting.next().now_or_never().is_none(), "answered unstored");
    assert!(!app.has_room());
    accept(ROOM).await.unwrap_err();

    let stop = CancellationToken::new();
    let mut door = JoinSet::new();
    let client = open(&app, &stop, &mut door).await;
    let refused = client.request("POST", "/webhook/slack").body("unsigned");
    let refused = client.send(refused).await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.headers["retry-after"], "2");

    let intake = loops.iter().find(|one| one.name() == "intake").unwrap();
    intake.drain().await;
    while let Some(stored) = waiting.next().await {
        assert_eq!(stored, Ok(Accepted::New));
    }
    assert!(app.has_room());
    // Looked at again, and refused for what it is.
    let unsigned = client.request("POST", "/webhook/slack").body("unsigned");
    assert_eq!(client.send(unsigned).await.status, 401);
    let open = w.app.store().open_deliveries(Some(&slack), 10_000).await;
    assert_eq!(open.unwrap().len(), ROOM);
    stop.cancel();
    while door.join_next().await.is_some() {}
    w.leave().await;
}

async fn open(app: &Arc<App>, stop: &CancellationToken, door: &mut JoinSet<()>) -> Client {
    let server = Server::new(app.clone(), None, HttpLimits::default(), [].into());
    server.ready.recovered();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let until = stop.clone();
    door.spawn(async move {
        nightshift_server::serve(Arc::new(server), listener, None, until).await;
    });
    Client::new(&url, None)
}
