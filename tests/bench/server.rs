//! The built server, on a data directory of its own, with a Slack that answers or does not.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::slack::{SECRET, TOKEN};

/// Whether Slack tells the server who it is. Without it deliveries are stored and wait: the
/// intake alone is measured. With it each delivery becomes a task meanwhile.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answering {
    No,
    Yes,
}

/// Which commits the server makes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Commits {
    /// As it is shipped: on the disk before the answer.
    Durable,
    /// `synchronous=NORMAL`, which no configuration can choose: the sabotaged server's.
    Normal,
}

impl Commits {
    fn command(self) -> anyhow::Result<Command> {
        Ok(match self {
            Self::Durable => Command::new(binary("nightshift")?),
            Self::Normal => {
                let mut command = Command::new(binary("nightshift-sabotaged")?);
                command.env("SABOTAGE", "synchronous-normal");
                command
            }
        })
    }
}

pub(crate) struct Server {
    pub(crate) address: String,
    process: Child,
    commits: Commits,
    dir: TempDir,
    _slack: Option<std::thread::JoinHandle<()>>,
}

/// The binary beside this one.
pub(crate) fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    if !path.is_file() {
        bail!("{} is missing: run `cargo xtask bench`", path.display());
    }
    Ok(path)
}

impl Server {
    pub(crate) fn start(answering: Answering, commits: Commits) -> anyhow::Result<Self> {
        Self::start_on("", answering, commits)
    }

    /// With its state in that PostgreSQL.
    pub(crate) fn start_on_postgres(url: &str, answering: Answering) -> anyhow::Result<Self> {
        let storage = format!("  storage: {{database: postgres, url: \"{url}\"}}\n");
        Self::start_on(&storage, answering, Commits::Durable)
    }

    fn start_on(storage: &str, answering: Answering, commits: Commits) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir_in("target")?;
        let (api, slack) = match answering {
            Answering::No => ("http://127.0.0.1:9".to_owned(), None),
            Answering::Yes => {
                let (url, thread) = quick_slack()?;
                (url, Some(thread))
            }
        };
        let config = dir.path().join("config.yaml");
        std::fs::write(&config, configuration(&api, storage))?;
        let (process, address) = launch(dir.path(), commits)?;
        Ok(Self {
            address,
            process,
            commits,
            dir,
            _slack: slack,
        })
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// On the same data directory.
    pub(crate) fn start_again(&mut self) -> anyhow::Result<()> {
        (self.process, self.address) = launch(self.dir.path(), self.commits)?;
        Ok(())
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub(crate) fn is_ready(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(&self.address) else {
            return false;
        };
        let request = format!(
            "GET /readyz HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            self.address
        );
        let mut answer = String::new();
        stream.write_all(request.as_bytes()).is_ok()
            && stream.read_to_string(&mut answer).is_ok()
            && answer.starts_with("HTTP/1.1 200")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The server on what is in the directory, and where it listens.
fn launch(dir: &Path, commits: Commits) -> anyhow::Result<(Child, String)> {
    let mut process = commits
        .command()?
        .args(["serve", "--listen", "127.0.0.1:0", "--config"])
        .arg(dir.join("config.yaml"))
        .arg("--data-dir")
        .arg(dir.join("data"))
        .env("HOME", dir)
        .env("RUST_LOG", "error")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let stdout = process.stdout.take().context("no output")?;
    for line in BufReader::new(stdout).lines() {
        if let Some((_, at)) = line?.split_once("listens on http://") {
            return Ok((process, at.trim().to_owned()));
        }
    }
    bail!("the server did not start")
}

fn configuration(api: &str, storage: &str) -> String {
    format!(
        "remote:\n{storage}  trigger_service:\n    platforms:\n      slack: {{enabled: true, bot_token: {TOKEN}, \
         signing_secret: {SECRET}, api_url: \"{api}\"}}\n  auth:\n    allowed_users: [\"slack:U0BENCH\"]\n"
    )
}

/// Answers every call at once and keeps nothing: the platform must not be what is measured.
fn quick_slack() -> anyhow::Result<(String, std::thread::JoinHandle<()>)> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let url = format!("http://{}/api", listener.local_addr()?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let thread = std::thread::spawn(move || {
        let answer = r#"{"ok":true,"team_id":"T1","team":"bench","user":"bot","user_id":"U0BOT","bot_id":"B0","ts":"1.000001","channel":"C1"}"#;
        let router = axum::Router::new().fallback(move || async move {
            ([(http::header::CONTENT_TYPE, "application/json")], answer)
        });
        // Ends with the process.
        let _ = runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            axum::serve(listener, router).await
        });
    });
    Ok((url, thread))
}
