//! The command line. Help lists one verb per line; exit codes: 0 done, 1 refused or failed,
//! 2 usage or configuration.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Ask for work where you already talk; approve one priced plan; see and prove what happened.
#[derive(Debug, Parser)]
#[command(
    name = "nightshift",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Configuration file [default: ~/.nightshift/config.yaml]
    #[arg(long, global = true, value_name = "FILE", env = "NIGHTSHIFT_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Where the server keeps its state [default: ~/.nightshift]
    #[arg(long, global = true, value_name = "DIR", env = "NIGHTSHIFT_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// A running server elsewhere; its key goes into NIGHTSHIFT_API_KEY
    #[arg(long, global = true, value_name = "URL", env = "NIGHTSHIFT_SERVER")]
    pub(crate) server: Option<String>,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run the server
    Serve(ServeArgs),
    /// Try it: no account, no configuration, a page in your browser
    Demo(DemoArgs),
    #[command(flatten)]
    Client(ClientVerb),
    /// Check, print or describe the configuration
    Config {
        #[command(subcommand)]
        verb: ConfigVerb,
    },
    /// Check everything that is needed, and say how to repair it
    Doctor,
    /// Check the database, or copy it while the server runs
    Db {
        #[command(subcommand)]
        verb: DbVerb,
    },
    /// What Slack needs to know of us
    Slack {
        #[command(subcommand)]
        verb: SlackVerb,
    },
    /// Print a completion script for a shell
    Completion { shell: clap_complete::Shell },
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Address to listen on, instead of the configured one
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Port; another free one is taken when it is in use
    #[arg(long, default_value_t = 8080)]
    pub(crate) port: u16,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigVerb {
    /// Say what is wrong with the configuration, if anything
    Check,
    /// Print the configuration in force; secrets are ***
    Print,
    /// Print its JSON schema
    Schema,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DbVerb {
    /// Say what is wrong with the database, if anything
    Check,
    /// Move an installation from its data directory to PostgreSQL; can be repeated until a server
    /// has started there
    Migrate {
        /// A data directory, or a copy of its database [default: the data directory]
        #[arg(long, value_name = "SQLITE")]
        from: Option<PathBuf>,
        /// postgres://user@host:5432/database [default: remote.storage.url]; a password given here
        /// is seen by everybody on this machine: better in PGPASSWORD, or in the configuration
        #[arg(long, value_name = "URL")]
        to: Option<String>,
    },
    /// Copy it, consistent at one moment; the server may go on
    Backup {
        /// The copy; never an existing file
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SlackVerb {
    /// Print the manifest to make the Slack app from
    Manifest {
        /// Public address, for deliveries by HTTP; without it the app uses Socket Mode
        #[arg(long, value_name = "URL")]
        url: Option<String>,
    },
}

/// Verbs that talk to a running server.
#[derive(Debug, Subcommand)]
pub(crate) enum ClientVerb {
    /// Ask for work
    Submit(SubmitArgs),
    /// List tasks
    Queue {
        /// Only tasks in this state
        state: Option<String>,
    },
    /// How a task is
    Status { task: String },
    /// Approve the plan of a task
    Approve {
        task: String,
        /// Only if this is the current plan
        #[arg(long, value_name = "HASH")]
        plan_hash: Option<String>,
    },
    /// Reject the plan of a task
    Reject {
        task: String,
        /// Why
        #[arg(trailing_var_arg = true)]
        why: Vec<String>,
    },
    /// Ask for another plan
    Revise {
        task: String,
        /// What should be different
        #[arg(required = true, trailing_var_arg = true)]
        feedback: Vec<String>,
    },
    /// Cancel a task; a running one is stopped
    Cancel { task: String },
    /// Plan a failed or expired task again
    Retry { task: String },
    /// Output of a task
    Logs {
        task: String,
        /// Go on until the task ends
        #[arg(short, long)]
        follow: bool,
    },
    /// The answer and the files of a task
    Results {
        task: String,
        /// Save the files here
        #[arg(long, value_name = "DIR")]
        save: Option<PathBuf>,
    },
    /// Everything that happened to a task
    Why { task: String },
}

#[derive(Debug, Args)]
pub(crate) struct SubmitArgs {
    /// What should be done; `run NAME …` for a named command; `-` reads it from standard input
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) description: Vec<String>,
    /// Start without asking; needs the permission
    #[arg(long)]
    pub(crate) auto_approve: bool,
    #[arg(long)]
    pub(crate) agent: Option<String>,
    #[arg(long)]
    pub(crate) model: Option<String>,
    #[arg(long)]
    pub(crate) project: Option<String>,
    /// Where it runs
    #[arg(long = "on", value_name = "EXECUTOR")]
    pub(crate) executor: Option<String>,
    /// A directory inside a project that the agent may write to
    #[arg(long)]
    pub(crate) dir: Option<String>,
    /// `30s`, `5m`
    #[arg(long)]
    pub(crate) timeout: Option<String>,
    /// US dollars
    #[arg(long)]
    pub(crate) max_cost: Option<f64>,
    /// Wait until it ends and print the answer
    #[arg(long)]
    pub(crate) wait: bool,
}
