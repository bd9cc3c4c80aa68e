//! The program inside the sandbox, in two stages: `supervise` is the agent's parent (and process
//! 1 where there is a process namespace), `exec` gives up rights and becomes the agent.
//!
//! Its standard error is a socket to the supervisor outside: it writes [`Status`] lines and reads
//! [`Order`] lines. Whatever else appears there comes from bubblewrap.

mod exec;
mod supervise;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

/// The first argument that makes our own binary call [`init_main`].
pub const INIT_ARG: &str = "__sandbox-init";

/// How the first stage is asked for.
pub(crate) const SUPERVISE: &str = "supervise";
/// Does nothing: shows that a sandbox can be made and the program starts in it.
pub(crate) const PROBE: &str = "probe";
const EXEC: &str = "exec";

/// What both stages need to know; the program and its arguments follow as they are.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Spec {
    pub(crate) cwd: PathBuf,
    /// User and group to become before the agent starts.
    pub(crate) become_user: Option<(u32, u32)>,
    pub(crate) confine: Option<Confine>,
    /// The first stage is process 1 of a process namespace.
    pub(crate) own_pids: bool,
    /// Set by the first stage for the second.
    pub(crate) parent: Option<u32>,
}

/// What Landlock lets through.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Confine {
    pub(crate) read: Vec<PathBuf>,
    pub(crate) write: Vec<PathBuf>,
    pub(crate) network: bool,
}

/// What the first stage tells the supervisor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Status {
    /// The sandbox stands.
    Ready,
    /// The agent's `exec` succeeded.
    Started,
    SpawnFailed(String),
    /// The agent ended and nothing else of the attempt runs any more.
    Ended(Ended),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) end: End,
    /// An order to end it was carried out before it ended.
    pub(crate) asked: bool,
    /// Processes when the first order came, or at the end.
    pub(crate) processes: usize,
    pub(crate) left: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum End {
    Exited(i32),
    Signalled(i32),
}

/// What the supervisor tells the first stage; the end of the stream means [`Order::Kill`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Term,
    Kill,
}

impl Order {
    pub(crate) fn line(self) -> &'static str {
        match self {
            Self::Term => "term\n",
            Self::Kill => "kill\n",
        }
    }

    pub(crate) fn parse(line: &str) -> Option<Self> {
        [Self::Term, Self::Kill]
            .into_iter()
            .find(|order| order.line().trim_end() == line)
    }
}

/// Runs the stage that the arguments (after `__sandbox-init`) name.
pub fn init_main(mut args: impl Iterator<Item = OsString>) -> ExitCode {
    let stage = args.next().unwrap_or_default();
    if stage == PROBE {
        return ExitCode::SUCCESS;
    }
    let spec = args
        .next()
        .and_then(|text| serde_json::from_slice(text.as_encoded_bytes()).ok());
    let program = args.next();
    let (Some(spec), Some(program), Some(name)) = (spec, program, args.next()) else {
        return ExitCode::from(2);
    };
    let call = Call {
        program,
        name,
        args: args.collect(),
    };
    if stage == SUPERVISE {
        supervise::run(&spec, &call)
    } else if stage == EXEC {
        exec::run(&spec, &call)
    } else {
        ExitCode::from(2)
    }
}

/// The agent's program, the name it is called by, and its arguments.
#[derive(Debug)]
struct Call {
    program: OsString,
    name: OsString,
    args: Vec<OsString>,
}
