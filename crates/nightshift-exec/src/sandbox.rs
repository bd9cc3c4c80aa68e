//! Which isolation an attempt gets. `auto` is bubblewrap where it really works, else Landlock,
//! else a refusal with the reasons; it is never none.

pub(crate) mod bwrap;
pub(crate) mod landlock;
pub(crate) mod seccomp;
pub(crate) mod view;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::config::Isolation;

/// The isolation in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    /// With the program's path.
    Bwrap(PathBuf),
    Landlock,
    None,
}

impl Mode {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Bwrap(_) => "bwrap",
            Self::Landlock => "landlock",
            Self::None => "none",
        }
    }
}

/// Finds out once what works here; what did not work is tried again, it may be installed by then.
#[derive(Debug)]
pub(crate) struct Chooser {
    wanted: Isolation,
    init: PathBuf,
    bwrap: Option<PathBuf>,
    found: Mutex<Option<Mode>>,
}

impl Chooser {
    pub(crate) fn new(
        wanted: Isolation,
        init: PathBuf,
        environment: &BTreeMap<String, String>,
    ) -> Self {
        Self {
            wanted,
            init,
            bwrap: view::on_path("bwrap", environment),
            found: Mutex::new(None),
        }
    }

    /// Blocks for some milliseconds the first time.
    pub(crate) fn mode(&self) -> Result<Mode, String> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mode) = &*found {
            return Ok(mode.clone());
        }
        let mode = match self.wanted {
            Isolation::None => Ok(Mode::None),
            Isolation::Bwrap => self.bwrap(),
            Isolation::Landlock => landlock_mode(),
            Isolation::Auto => self
                .bwrap()
                .or_else(|first| landlock_mode().map_err(|second| both(&first, &second))),
        }?;
        *found = Some(mode.clone());
        Ok(mode)
    }

    fn bwrap(&self) -> Result<Mode, String> {
        let program = self
            .bwrap
            .as_deref()
            .ok_or("bubblewrap (`bwrap`) is not installed")?;
        bwrap::probe(program, &self.init)?;
        Ok(Mode::Bwrap(Path::to_owned(program)))
    }
}

fn landlock_mode() -> Result<Mode, String> {
    landlock::supported()?;
    seccomp::supported()?;
    Ok(Mode::Landlock)
}

fn both(first: &str, second: &str) -> String {
    format!("no sandbox works here: {first}; {second}. Install bubblewrap (`bwrap`)")
}
