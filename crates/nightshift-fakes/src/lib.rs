//! Chat platforms as HTTP servers with state, which hold an app to the platform's real contract;
//! and a PostgreSQL for tests, which is a real one.
//!
//! A fake knows nothing of our adapters: it listens on loopback, plays the people, signs and
//! delivers, answers the API with the platform's own error words, and writes down every breach
//! of the contract. It reads no files and no environment; time is what its clock says.

mod wire;

pub mod postgres;
pub mod slack;
