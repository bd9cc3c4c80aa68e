//! The few expressions that differ between engines: each macro has a form for either, and
//! [`statement`](crate::statement::statement) chooses. A batch travels as one JSON text.
//!
//! PostgreSQL's planner takes any JSON array for one of a hundred elements, and would rather read
//! a table from end to end than look up so many rows. The elements are numbered and the numbers
//! bounded, for of a column between two bounds that it knows nothing of, it expects 0.5 % of the
//! rows (`DEFAULT_RANGE_INEQ_SEL`): one, which is looked up.

/// The elements of the JSON array of texts in `$n`, as a list for `IN`.
macro_rules! texts_in {
    (sqlite $n:literal) => {
        concat!("(SELECT value FROM json_each($", $n, "))")
    };
    (postgres $n:literal) => {
        concat!(
            "(SELECT value FROM jsonb_array_elements_text(cast($",
            $n,
            " AS JSONB)) WITH ORDINALITY AS e (value, n) WHERE n > 0 AND n < 2147483648)"
        )
    };
}

/// The elements of the JSON array of integers in `$n`, as a list for `IN`.
macro_rules! ints_in {
    (sqlite $n:literal) => {
        concat!("(SELECT value FROM json_each($", $n, "))")
    };
    (postgres $n:literal) => {
        concat!(
            "(SELECT cast(value AS BIGINT) AS value FROM jsonb_array_elements_text(cast($",
            $n,
            " AS JSONB)) WITH ORDINALITY AS e (value, n) WHERE n > 0 AND n < 2147483648)"
        )
    };
}

/// The rows of the JSON array of objects in `$n`, as `batch`; see [`field`]. Parsed once: with
/// `json_each` SQLite would write and parse a row again for each of its fields.
macro_rules! batch {
    (sqlite $n:literal) => {
        concat!("jsonb_each($", $n, ") AS batch")
    };
    (postgres $n:literal) => {
        concat!(
            "(SELECT value FROM jsonb_array_elements(cast($",
            $n,
            " AS JSONB)) WITH ORDINALITY AS e (value, n) WHERE n > 0 AND n < 2147483648) AS batch"
        )
    };
}

/// A field of the current row of a [`batch`], a text.
macro_rules! field {
    ($engine:ident $name:literal) => {
        concat!("(batch.value->>'", $name, "')")
    };
}

/// The same, an integer.
macro_rules! int_field {
    (sqlite $name:literal) => {
        concat!("(batch.value->>'", $name, "')")
    };
    (postgres $name:literal) => {
        concat!("cast(batch.value->>'", $name, "' AS BIGINT)")
    };
}

/// The same, with a fraction.
macro_rules! float_field {
    (sqlite $name:literal) => {
        concat!("(batch.value->>'", $name, "')")
    };
    (postgres $name:literal) => {
        concat!("cast(batch.value->>'", $name, "' AS DOUBLE PRECISION)")
    };
}

/// All rows of a SELECT in one column: a JSON array of objects with these fields, in this order.
macro_rules! json_rows {
    (sqlite $first:literal: $value:literal, $($name:literal: $other:literal),+; $order:literal) => {
        concat!(
            "json_group_array(json_object('", $first, "', ", $value
            $(, ", '", $name, "', ", $other)+, ") ORDER BY ", $order, ")"
        )
    };
    (postgres $first:literal: $value:literal, $($name:literal: $other:literal),+; $order:literal) => {
        concat!(
            "cast(coalesce(json_agg(json_build_object('", $first, "', ", $value
            $(, ", '", $name, "', ", $other)+, ") ORDER BY ", $order, "), '[]') AS TEXT)"
        )
    };
}

/// Before [`to_change`], where it is several rows: all lock them in one order, so that no two wait
/// for each other.
macro_rules! one_by_one {
    (sqlite $by:literal) => {
        ""
    };
    (postgres $by:literal) => {
        concat!(" ORDER BY ", $by)
    };
}

/// Ends a SELECT whose rows are changed next, or decide what is. One writer has nobody to lock
/// them against.
macro_rules! to_change {
    (sqlite) => {
        ""
    };
    (postgres) => {
        " FOR UPDATE"
    };
    (sqlite $of:literal) => {
        ""
    };
    (postgres $of:literal) => {
        concat!(" FOR UPDATE OF ", $of)
    };
}

/// The same, leaving out what somebody else is just changing.
macro_rules! to_take {
    (sqlite $of:literal) => {
        ""
    };
    (postgres $of:literal) => {
        concat!(" FOR UPDATE OF ", $of, " SKIP LOCKED")
    };
}

/// A bound below which there are only dead rows; see `low_water.rs`.
macro_rules! since {
    (sqlite $what:literal $mark:literal) => {
        ""
    };
    (postgres $what:literal $mark:literal) => {
        concat!(" AND ", $what, " >= ", $mark)
    };
}

/// After the rows that become events: holds the number before theirs until the transaction ends, so
/// that a reader of all events knows where to stop; see `horizon.rs`. 20051 is "NS" in ASCII.
macro_rules! numbered {
    (sqlite) => {
        ""
    };
    (postgres) => {
        " CROSS JOIN (SELECT pg_advisory_xact_lock_shared((cast(20051 AS BIGINT) << 48) | last_value) \
           AS held FROM event_seq_seq) AS mark"
    };
}

/// A field, as text, of an object that is stored as JSON text.
macro_rules! json_text {
    (sqlite $column:literal, $name:literal) => {
        concat!("(", $column, "->>'", $name, "')")
    };
    (postgres $column:literal, $name:literal) => {
        concat!("(cast(", $column, " AS JSON)->>'", $name, "')")
    };
}

pub(crate) use {
    batch, field, float_field, int_field, ints_in, json_rows, json_text, numbered, one_by_one,
    since, texts_in, to_change, to_take,
};

/// Waits for no other writer: a transaction that starts as a reader and then writes would fail.
pub(crate) const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";
pub(crate) const ROLLBACK: &str = "ROLLBACK";
pub(crate) const BEGIN_READ: &str = "BEGIN";

/// Folds the log into the database file.
pub(crate) const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
