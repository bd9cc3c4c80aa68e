//! The few expressions that differ between engines. SQLite reads batches with `json_each`.

/// The elements of the JSON array of texts in `$n`, as a list for `IN`.
macro_rules! texts_in {
    ($n:literal) => {
        concat!("(SELECT value FROM json_each($", $n, "))")
    };
}

/// The elements of the JSON array of integers in `$n`, as a list for `IN`.
macro_rules! ints_in {
    ($n:literal) => {
        concat!("(SELECT value FROM json_each($", $n, "))")
    };
}

/// The rows of the JSON array of objects in `$n`, as `batch`; see [`field`].
macro_rules! batch {
    ($n:literal) => {
        concat!("json_each($", $n, ") AS batch")
    };
}

/// A field of the current row of a [`batch`].
macro_rules! field {
    ($name:literal) => {
        concat!("(batch.value->>'", $name, "')")
    };
}

/// The same, of a field that is JSON itself: its text.
macro_rules! json_field {
    ($name:literal) => {
        concat!("(batch.value->'", $name, "')")
    };
}

/// A field, as text, of an object that is stored as JSON text.
macro_rules! json_text {
    ($column:literal, $name:literal) => {
        concat!("(", $column, "->>'", $name, "')")
    };
}

pub(crate) use {batch, field, ints_in, json_field, json_text, texts_in};

/// Waits for no other writer: a transaction that starts as a reader and then writes would fail.
pub(crate) const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";
pub(crate) const ROLLBACK: &str = "ROLLBACK";
pub(crate) const BEGIN_READ: &str = "BEGIN";

/// Folds the log into the database file.
pub(crate) const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
