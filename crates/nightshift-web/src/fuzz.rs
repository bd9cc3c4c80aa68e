//! What browsers send, as plain functions for the fuzz targets.

use nightshift_core::chat::Delivery;
use nightshift_core::port::{Refused, WebhookRequest};

use crate::WebDoor;

/// A gesture of this person on the page; the inner error is why it is nothing for us.
pub fn gesture(person: &str, body: &[u8]) -> Result<Result<Delivery, &'static str>, Refused> {
    crate::inbound::read(person, body)
}

/// Whose session and token these headers hold.
pub fn person(door: &WebDoor, request: &WebhookRequest) -> Option<String> {
    door.verify(request)
}
