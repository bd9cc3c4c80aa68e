//! Socket Mode.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::app::{SOON, World, world};
use crate::slack::Disconnect;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn url(world: &World) -> String {
    let token = &world.slack.setup().app_token;
    let answer = world.form_as(token, "apps.connections.open", &[]).await;
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    answer["url"].as_str().unwrap().to_owned()
}

async fn open(world: &World) -> Socket {
    let (mut socket, _) = connect_async(url(world).await).await.unwrap();
    assert_eq!(next(&mut socket).await["type"], "hello");
    socket
}

async fn next(socket: &mut Socket) -> Value {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Frame::Text(text) => return serde_json::from_str(&text).unwrap(),
            Frame::Close(_) => return Value::Null,
            _ => {}
        }
    }
}

async fn say(socket: &mut Socket, frame: Value) {
    socket
        .send(Frame::Text(frame.to_string().into()))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_command_goes_by_the_socket_and_is_answered_in_the_acknowledgement() {
    let world = world().await;
    let mut socket = open(&world).await;
    let ana = world.slack.user("ana");
    let general = world.slack.channel("general");
    let app = async {
        let envelope = next(&mut socket).await;
        assert_eq!(envelope["type"], "slash_commands");
        assert_eq!(envelope["accepts_response_payload"], true);
        assert_eq!(envelope["payload"]["text"], "status");
        let ack = json!({"envelope_id": envelope["envelope_id"], "payload": {"text": "idle"}});
        say(&mut socket, ack).await;
    };
    let (delivery, ()) = tokio::join!(ana.slash(&general, "status"), app);
    assert!(delivery.acknowledged);
    assert_eq!(world.slack.ephemerals(&ana)[0].text, "idle");
    assert!(world.got().is_empty(), "nothing goes to the webhook");
}

#[tokio::test]
async fn an_event_on_a_broken_socket_is_sent_again() {
    let world = world().await;
    let mut socket = open(&world).await;
    let ana = world.slack.user("ana");
    let app = async {
        let envelope = next(&mut socket).await;
        world.slack.disconnect(Disconnect::Cut);
        envelope
    };
    let (said, first) = tokio::join!(ana.dm("hello"), app);
    assert!(!said.acknowledged());
    let mut socket = open(&world).await;
    let app = async {
        let envelope = next(&mut socket).await;
        let ack = json!({"envelope_id": envelope["envelope_id"]});
        say(&mut socket, ack).await;
        envelope
    };
    let (retries, second) = tokio::join!(world.slack.retry_once(), app);
    assert!(retries[0].acknowledged);
    assert_eq!(second["retry_attempt"], 1);
    assert_eq!(first["payload"]["event_id"], second["payload"]["event_id"]);
    assert!(world.slack.violations().is_empty());
}

#[tokio::test]
async fn a_ticket_works_once() {
    let world = world().await;
    let url = url(&world).await;
    let first = connect_async(&url).await;
    assert!(first.is_ok());
    assert!(connect_async(&url).await.is_err());
    assert_eq!(world.slack.violations().len(), 1);
}

#[tokio::test]
async fn the_bot_token_opens_no_socket() {
    let world = world().await;
    let answer = world.form("apps.connections.open", &[]).await;
    assert_eq!(answer["error"], "not_allowed_token_type");
}

#[tokio::test]
async fn a_warned_connection_is_closed_after_the_next_one_stands() {
    let world = world().await;
    let mut old = open(&world).await;
    world.slack.disconnect(Disconnect::Warning);
    let warning = next(&mut old).await;
    assert_eq!(
        (&warning["type"], &warning["reason"]),
        (&json!("disconnect"), &json!("warning"))
    );
    let _new = open(&world).await;
    assert_eq!(world.slack.connections(), 2);
    world.slack.close_warned();
    assert_eq!(next(&mut old).await, Value::Null);
    world
        .slack
        .wait_for("one connection", SOON, |slack| {
            (slack.connections() == 1).then_some(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_made_up_acknowledgement_is_a_breach() {
    let world = world().await;
    let mut socket = open(&world).await;
    say(&mut socket, json!({"envelope_id": "env-x"})).await;
    let found = world
        .slack
        .wait_for("a breach", SOON, |slack| slack.violations().pop())
        .await;
    assert_eq!(found.unwrap(), "an acknowledgement of an unknown envelope");
}

#[tokio::test]
async fn pings_are_answered() {
    let world = world().await;
    let mut socket = open(&world).await;
    world.slack.ping();
    let pong = world
        .slack
        .wait_for("a pong", SOON, |slack| (slack.pongs() > 0).then_some(()));
    // Reading is what makes the client answer pings.
    tokio::select! {
        pong = pong => pong.unwrap(),
        frame = next(&mut socket) => panic!("unexpected {frame}"),
    }
}
