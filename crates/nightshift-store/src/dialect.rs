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

/// The rows of the JSON array of objects in `$n`, as `batch`; see [`field`]. Parsed once: with
/// `json_each` SQLite would write and parse a row again for each of its fields.
macro_rules! batch {
    ($n:literal) => {
        concat!("jsonb_each($", $n, ") AS batch")
    };
}

/// A field of the current row of a [`batch`], a text.
macro_rules! field {
    ($name:literal) => {
        concat!("(batch.value->>'", $name, "')")
    };
}

/// The same, an integer.
macro_rules! int_field {
    ($name:literal) => {
        concat!("(batch.value->>'", $name, "')")
    };
}

/// The same, with a fraction.
macro_rules! float_field {
    ($name:literal) => {
        concat!("(batch.value->>'", $name, "')")
    };
}

/// All rows of a SELECT in one column: a JSON array of objects with these fields, in this order.
macro_rules! json_rows {
    ($first:literal: $value:literal, $($name:literal: $other:literal),+; $order:literal) => {
        concat!(
            "json_group_array(json_object('", $first, "', ", $value
            $(, ", '", $name, "', ", $other)+, ") ORDER BY ", $order, ")"
        )
    };
}

/// Ends a SELECT whose rows are changed next. One writer has nobody to lock them against.
macro_rules! to_change {
    () => {
        ""
    };
}

/// A field, as text, of an object that is stored as JSON text.
macro_rules! json_text {
    ($column:literal, $name:literal) => {
        concat!("(", $column, "->>'", $name, "')")
    };
}

pub(crate) use {
    batch, field, float_field, int_field, ints_in, json_rows, json_text, texts_in, to_change,
};

/// Waits for no other writer: a transaction that starts as a reader and then writes would fail.
pub(crate) const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";
pub(crate) const ROLLBACK: &str = "ROLLBACK";
pub(crate) const BEGIN_READ: &str = "BEGIN";

/// Folds the log into the database file.
pub(crate) const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
