//! What may happen to a server from outside: power cuts, `kill -9`, frozen processes. CI runs each
//! in a short form (`tests/it/process_crash`); `cargo xtask chaos` runs them for long.

mod dice;
pub mod fail_points;
pub mod kill;
pub mod power;
pub mod zombies;

pub use dice::Dice;
