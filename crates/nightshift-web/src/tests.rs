//! What the adapter promises: who is let in, what is read, what is kept.

mod door;
mod keeping;
mod reading;

use nightshift_core::port::page::{CSRF_HEADER, PageDoor, PageSession};
use nightshift_core::port::{Received, Refused, WebhookRequest};
use nightshift_core::time::Timestamp;

use crate::{WebDoor, inbound};

fn door() -> WebDoor {
    WebDoor::new([7; 32])
}

/// A POST of the page's script.
fn request(session: &PageSession, csrf: &str, body: &str) -> WebhookRequest {
    let cookie = format!("theme=dark; nightshift_page_8080={}", session.cookie);
    WebhookRequest {
        headers: vec![
            ("cookie".into(), cookie),
            (CSRF_HEADER.into(), csrf.to_owned()),
        ],
        body: body.as_bytes().to_vec(),
        now: Timestamp::from_millis(1_700_000_000_000),
    }
}

fn read(body: &str) -> Result<Received, Refused> {
    Ok(match inbound::read("ana", body.as_bytes())? {
        Ok(delivery) => Received::Event {
            delivery: Box::new(delivery),
            reply: nightshift_core::port::WebhookReply::default(),
        },
        Err(reason) => Received::Ignored(reason),
    })
}

fn delivered(body: &str) -> nightshift_core::chat::Delivery {
    match read(body) {
        Ok(Received::Event { delivery, .. }) => *delivery,
        other => panic!("no delivery: {other:?}"),
    }
}
