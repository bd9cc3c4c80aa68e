//! What must hold of the stored rows at any moment; each statement finds rows that break it.
//!
//! Where an order is asked for, the numbers of the events tell it: clocks may be wrong.

mod attempts;
mod intake;
mod moves;
mod outbox;

/// One of them.
pub(crate) struct Invariant {
    /// Its number; what belongs together has the same.
    pub(crate) name: &'static str,
    pub(crate) sentence: &'static str,
    /// Names what breaks it, one a row.
    pub(crate) sql: crate::statement::Sql,
}

pub(crate) const ALL: [&[Invariant]; 4] = [
    intake::INVARIANTS,
    moves::INVARIANTS,
    attempts::INVARIANTS,
    outbox::INVARIANTS,
];
