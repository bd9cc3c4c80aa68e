//! A batch in which every delivery is new: one message to the database.

mod server;

use std::sync::OnceLock;

use nightshift_core::id::DeliveryId;
use nightshift_core::port::store::NewDelivery;
use serde::Serialize;
use sqlx::Arguments as _;
use sqlx::any::AnyArguments;

use crate::engine::batch::Ran;
use crate::engine::database::Database;
use crate::error::{Error, Result};
use crate::statement::marked;
use crate::{SqlStore, row, sql};

/// Of the event.
#[derive(Serialize)]
struct Data<'a> {
    delivery: &'a DeliveryId,
    key: Option<&'a String>,
    platform: &'a str,
}

/// How many rows a statement has room for, as powers of two: few texts, each prepared once. More
/// values than the largest has are more than SQLite takes.
const LARGEST: usize = 10;

/// Room for so many deliveries, and for as many keys or twice as many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Room {
    power: usize,
    keys_each: usize,
}

impl Room {
    fn of(deliveries: usize, keys: usize) -> Option<Self> {
        let keys_each = if keys > deliveries { 2 } else { 1 };
        let rows = deliveries.max(keys.div_ceil(keys_each));
        let power = rows.next_power_of_two().trailing_zeros() as usize;
        (power <= LARGEST).then_some(Self { power, keys_each })
    }

    fn deliveries(self) -> usize {
        1 << self.power
    }

    fn keys(self) -> usize {
        self.deliveries() * self.keys_each
    }

    fn statement(self) -> &'static str {
        static TEXTS: [[OnceLock<String>; 2]; LARGEST + 1] =
            [const { [const { OnceLock::new() }; 2] }; LARGEST + 1];
        TEXTS[self.power][self.keys_each - 1]
            .get_or_init(|| sql::delivery::accept_new(self.keys(), self.deliveries()))
    }
}

/// Accepts all; or changes nothing, because a key of the batch was seen before, or the batch is
/// larger than any statement.
pub(super) async fn accept(store: &SqlStore, batch: &[NewDelivery]) -> Result<Ran> {
    let engine = match &store.engine {
        Database::Sqlite(engine) => engine,
        Database::Postgres(engine) => return server::accept(store, engine, batch).await,
    };
    let keys = batch.iter().map(|new| new.keys.len()).sum();
    let Some(room) = Room::of(batch.len(), keys) else {
        return Ok(Ran::Taken);
    };
    let values = values(store, batch, room)?;
    let statement = room.statement();
    engine.at_once("accept", statement, values).await
}

fn values(store: &SqlStore, batch: &[NewDelivery], room: Room) -> Result<AnyArguments> {
    let ids: Vec<DeliveryId> = batch
        .iter()
        .map(|new| DeliveryId::new_at(new.at, store.ids.entropy()))
        .collect();
    let mut values = Values::new(room);
    for (new, id) in batch.iter().zip(&ids) {
        let hash = hex::encode(new.body_hash);
        for key in &new.keys {
            values.text(new.platform.as_str())?;
            values.text(key.as_str())?;
            values.text(id.as_str())?;
            values.text(hash.as_str())?;
            values.number(new.at.millis())?;
        }
    }
    values.fill(room.keys() * 5)?;
    for (new, id) in batch.iter().zip(&ids) {
        values.text(id.as_str())?;
        values.text(new.platform.as_str())?;
        values.text(new.payload.as_str())?;
        values.number(new.at.millis())?;
    }
    values.fill(room.deliveries() * 4)?;
    for (new, id) in batch.iter().zip(&ids) {
        let data = Data {
            delivery: id,
            key: new.keys.first(),
            platform: new.platform.as_str(),
        };
        values.number(new.at.millis())?;
        values.text(&row::json(&data))?;
    }
    values.fill(room.deliveries() * 2)?;
    Ok(values.all)
}

/// The values of a statement, table by table.
struct Values {
    all: AnyArguments,
    /// Where the current table began.
    from: usize,
}

impl Values {
    fn new(room: Room) -> Self {
        let mut all = AnyArguments::default();
        all.reserve(room.keys() * 5 + room.deliveries() * 6, 0);
        Self { all, from: 0 }
    }

    fn text(&mut self, text: &str) -> Result<()> {
        self.all.add(marked(text).into_owned()).map_err(unsent)
    }

    fn number(&mut self, number: i64) -> Result<()> {
        self.all.add(number).map_err(unsent)
    }

    /// Leaves the rest of the table's room empty; the next table begins behind it.
    fn fill(&mut self, room: usize) -> Result<()> {
        while self.all.len() < self.from + room {
            self.all.add(None::<i64>).map_err(unsent)?;
        }
        self.from = self.all.len();
        Ok(())
    }
}

fn unsent(error: sqlx::error::BoxDynError) -> Error {
    Error::Sql(sqlx::Error::Encode(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_every_delivery_and_every_key_of_it() {
        for deliveries in 1..=1024 {
            for keys in [0, 1, deliveries, deliveries + 1, 2 * deliveries] {
                let room = Room::of(deliveries, keys).unwrap();
                assert!(room.deliveries() >= deliveries, "{room:?} for {deliveries}");
                assert!(room.keys() >= keys, "{room:?} for {keys}");
            }
        }
    }

    #[test]
    fn a_delivery_with_many_keys_finds_room_too() {
        assert!(Room::of(1, 7).unwrap().keys() >= 7);
    }

    #[test]
    fn what_sqlite_could_not_take_as_one_statement_is_not_tried() {
        assert_eq!(Room::of(1025, 1025), None);
        assert_eq!(Room::of(3, 5000), None);
        let most = Room::of(1024, 2048).unwrap();
        assert!(most.keys() * 5 + most.deliveries() * 6 < 32_766);
    }
}
