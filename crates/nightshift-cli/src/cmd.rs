//! The verbs of the command line, one file each.

/// Prints a line. A reader that has gone (`| head`) has read enough: that is no failure.
macro_rules! out {
    ($($words:tt)*) => {
        $crate::cmd::to_stdout(format_args!("{}\n", format_args!($($words)*)))?
    };
}

/// Prints without a line end.
macro_rules! out_raw {
    ($($words:tt)*) => {
        $crate::cmd::to_stdout(format_args!($($words)*))?
    };
}

pub(crate) mod client;
pub(crate) mod completion;
pub(crate) mod config;
pub(crate) mod db;
pub(crate) mod demo;
pub(crate) mod demo_agent;
pub(crate) mod doctor;
pub(crate) mod serve;
pub(crate) mod slack;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::args::Global;
use crate::config::Loaded;
use crate::hooks::Hooks;

/// What every verb may need of its surroundings.
pub(crate) struct Context {
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) home: PathBuf,
    /// `--config`, where it was given.
    pub(crate) config: Option<PathBuf>,
    pub(crate) data_dir: PathBuf,
    pub(crate) server: Option<String>,
    pub(crate) json: bool,
    pub(crate) hooks: Hooks,
}

impl Context {
    pub(crate) fn new(
        global: &Global,
        environment: BTreeMap<String, String>,
        hooks: Hooks,
    ) -> anyhow::Result<Self> {
        let home = environment
            .get("HOME")
            .map(PathBuf::from)
            .filter(|home| home.is_absolute());
        let home = home.ok_or_else(|| {
            Misconfigured("HOME is not set; set it or give --config and --data-dir".into())
        })?;
        let data_dir = global
            .data_dir
            .clone()
            .unwrap_or_else(|| home.join(".nightshift"));
        let data_dir = std::path::absolute(data_dir)?;
        Ok(Self {
            environment,
            config: global.config.clone(),
            data_dir,
            home,
            server: global.server.clone(),
            json: global.json,
            hooks,
        })
    }

    /// The configuration in force; anything wrong with it is an error of exit code 2.
    pub(crate) fn load(&self) -> anyhow::Result<Loaded> {
        crate::config::load(self.config.as_deref(), &self.home, &self.environment)
            .map_err(|problems| Misconfigured(problems.to_string()).into())
    }

    /// The configuration file that `load` reads, whether or not it is there.
    pub(crate) fn config_file(&self) -> Option<PathBuf> {
        self.config
            .clone()
            .or_else(|| Some(self.home.join(".nightshift/config.yaml")))
    }

    /// The server's own socket.
    pub(crate) fn socket(&self) -> PathBuf {
        socket(&self.data_dir)
    }
}

pub(crate) fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join("nightshift.sock")
}

/// The configuration or the command line is wrong: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Misconfigured(pub(crate) String);

/// Prints the error with its causes, each once.
pub(crate) fn fail(error: &anyhow::Error, code: u8) -> ExitCode {
    eprintln!("nightshift: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
    ExitCode::from(code)
}

/// What `out!` and `out_raw!` stand for.
pub(crate) fn to_stdout(words: std::fmt::Arguments<'_>) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_fmt(words).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
