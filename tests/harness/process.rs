//! The built binary as outside people meet it: its own home, data directory and configuration,
//! killed and started again on the same data.
//!
//! The processes here are real and so is the time: tests wait for a condition, never for a span.

mod fleet;
mod installation;
mod office;
mod server;
mod slack;
mod watch;

pub use fleet::Fleet;
pub use installation::{Installation, Ran};
pub use office::Office;
pub use server::{Ended, Server};
pub use slack::{Thread, real_slack, slack_setup};
pub use watch::{PATIENCE, Process, eventually, processes_of, processes_saying, until_gone};
