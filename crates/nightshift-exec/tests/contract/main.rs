//! The executor's contract over real processes, for every isolation this machine can do.

#![expect(clippy::unwrap_used, reason = "the whole program is a test")]

mod crash;
mod harness;
mod life;
mod reach;
mod said;
mod stop;
