//! The same for PostgreSQL: one statement, whose commit is its end.

use nightshift_core::id::DeliveryId;
use nightshift_core::port::store::NewDelivery;
use serde::Serialize;

use super::Data;
use crate::engine::batch::Ran;
use crate::engine::postgres::Postgres;
use crate::error::Result;
use crate::statement::query;
use crate::{SqlStore, row, sql};

#[derive(Serialize)]
struct Named<'a> {
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
    payload: &'a str,
    at: i64,
    data: String,
}

pub(super) async fn accept(
    store: &SqlStore,
    engine: &Postgres,
    batch: &[NewDelivery],
) -> Result<Ran> {
    let named: Vec<(DeliveryId, String)> = batch
        .iter()
        .map(|new| {
            let id = DeliveryId::new_at(new.at, store.ids.entropy());
            (id, hex::encode(new.body_hash))
        })
        .collect();
    let rows = || batch.iter().zip(&named);
    let keys: Vec<Named<'_>> = rows()
        .flat_map(|(new, (delivery, hash))| {
            new.keys.iter().map(move |key| Named {
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
            payload: &new.payload,
            at: new.at.millis(),
            data: row::json(&Data {
                delivery,
                key: new.keys.first(),
                platform: new.platform.as_str(),
            }),
        })
        .collect();
    let query = query(sql::delivery::ACCEPT_THERE)
        .bind(row::list(&keys))
        .bind(row::list(&arrivals));
    engine.at_once("accept", query).await
}
