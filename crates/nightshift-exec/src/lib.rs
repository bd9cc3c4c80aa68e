//! The `local` executor: attempts as supervised, sandboxed processes of this machine.
//!
//! - [`local`]: takes a job, prepares the attempt's directories and starts it.
//! - [`init`]: the small program inside the sandbox; the agent's parent and the only one that
//!   knows how it ended. Entered by the binary's hidden mode `__sandbox-init`.
//! - [`sandbox`]: which isolation there is, and what each lets through.
//! - [`supervisor`]: one per attempt: events, timeout, TERM → grace → KILL, the proof.
//! - [`output`] and [`stream`]: bytes with offsets; what the agents say in them.
//! - [`results`]: what the attempt left in its output directory.
//! - [`config`] and [`mod@presets`]: the configuration's sections and the known agents.
//!
//! Invariants: no prompt is ever an argument; no shell is ever between us and an agent; nothing
//! an attempt started outlives it or us.

mod ask;
pub mod config;
#[doc(hidden)]
pub mod fuzz;
mod init;
mod local;
mod output;
mod presets;
mod process;
mod results;
mod sandbox;
mod stream;
mod supervisor;

pub use ask::ask;
pub use config::{AgentSection, ConfigError, Isolation, LocalSection};
pub use init::{INIT_ARG, init_main};
pub use local::{LocalConfig, LocalExecutor};
pub use presets::presets;
