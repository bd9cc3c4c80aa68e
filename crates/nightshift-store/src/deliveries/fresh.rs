//! A batch in which every delivery is new: one message to the database.

use nightshift_core::chat::Inbound;
use nightshift_core::id::DeliveryId;
use nightshift_core::port::store::NewDelivery;
use serde::Serialize;

use crate::engine::batch::Ran;
use crate::error::Result;
use crate::{SqlStore, row, sql};

#[derive(Serialize)]
struct Known<'a> {
    source: &'a str,
    key: &'a str,
    delivery: &'a DeliveryId,
    hash: &'a str,
    at: i64,
}

#[derive(Serialize)]
struct Arrival<'a> {
    delivery: &'a DeliveryId,
    source: &'a str,
    payload: &'a Inbound,
    at: i64,
}

#[derive(Serialize)]
struct Line<'a> {
    at: i64,
    data: Data<'a>,
}

/// Of the event.
#[derive(Serialize)]
struct Data<'a> {
    delivery: &'a DeliveryId,
    key: Option<&'a String>,
    platform: &'a str,
}

/// Accepts all, or says that a key of the batch was seen before and changes nothing.
pub(super) async fn accept(store: &SqlStore, batch: &[NewDelivery]) -> Result<Ran> {
    let named: Vec<(DeliveryId, String)> = batch
        .iter()
        .map(|new| {
            let id = DeliveryId::new_at(new.at, store.ids.entropy());
            (id, hex::encode(new.delivery.body_hash))
        })
        .collect();
    let rows = || batch.iter().zip(&named);
    let keys: Vec<Known<'_>> = rows()
        .flat_map(|(new, (delivery, hash))| {
            new.delivery.keys.iter().map(move |key| Known {
                source: new.platform.as_str(),
                key,
                delivery,
                hash,
                at: new.at.millis(),
            })
        })
        .collect();
    let arrivals: Vec<Arrival<'_>> = rows()
        .map(|(new, (delivery, _))| Arrival {
            delivery,
            source: new.platform.as_str(),
            payload: &new.delivery.inbound,
            at: new.at.millis(),
        })
        .collect();
    let lines: Vec<Line<'_>> = rows()
        .map(|(new, (delivery, _))| Line {
            at: new.at.millis(),
            data: Data {
                delivery,
                key: new.delivery.keys.first(),
                platform: new.platform.as_str(),
            },
        })
        .collect();
    let texts = [row::json(&keys), row::json(&arrivals), row::json(&lines)];
    store
        .engine
        .at_once("accept", sql::delivery::ACCEPT_NEW, texts)
        .await
}
