//! Logs: to stderr, and to one file a day in the data directory.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::clock::machine_time;

/// Starts logging. `filter` as in `RUST_LOG`; without a data directory only stderr is used.
pub(crate) fn init(filter: Option<&str>, data_dir: Option<&Path>) -> anyhow::Result<()> {
    let filter = match filter {
        Some(filter) => EnvFilter::try_new(filter)?,
        None => EnvFilter::new("info,sqlx=warn,hyper=warn,reqwest=warn"),
    };
    let files = match data_dir {
        Some(dir) => {
            let logs = dir.join("logs");
            let daily = DailyFiles::new(&logs).map_err(|error| no_logs(&logs, &error))?;
            Some(
                tracing_subscriber::fmt::layer()
                    .with_ansi(false)
                    .with_writer(daily),
            )
        }
        None => None,
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(
            tracing_subscriber::fmt::layer()
                .with_writer(io::stderr)
                .with_ansi(false),
        )
        .with(files)
        .try_init()?;
    Ok(())
}

/// The first thing that is written below the data directory: it may be the one that cannot be.
fn no_logs(dir: &Path, error: &io::Error) -> anyhow::Error {
    let dir = dir.display();
    match error.kind() {
        io::ErrorKind::StorageFull => {
            anyhow::anyhow!("no space is left for {dir}: free some, then start again")
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            anyhow::anyhow!("{dir} is on a read-only file system: choose another --data-dir")
        }
        _ => anyhow::anyhow!(
            "{dir} cannot be made ({error}): give this user the right to, or choose another --data-dir"
        ),
    }
}

/// `nightshift_YYYYMMDD.log`, by UTC days.
#[derive(Clone)]
struct DailyFiles {
    dir: PathBuf,
    open: Arc<Mutex<Option<(String, File)>>>,
}

impl DailyFiles {
    fn new(dir: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            open: Arc::default(),
        })
    }
}

impl Write for &DailyFiles {
    /// A log that cannot be written must not stop the service: the line is on stderr as well.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let day: String = machine_time()
            .to_string()
            .chars()
            .take(10)
            .filter(|c| *c != '-')
            .collect();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.as_ref().is_none_or(|(opened, _)| *opened != day) {
            let path = self.dir.join(format!("nightshift_{day}.log"));
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .mode(0o600)
                .open(path)?;
            *open = Some((day, file));
        }
        if let Some((_, file)) = open.as_mut() {
            file.write_all(line)?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for DailyFiles {
    type Writer = &'a DailyFiles;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}
