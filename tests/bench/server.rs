//! The built server, on a data directory of its own, with a Slack that answers or does not.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

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

pub(crate) struct Server {
    pub(crate) address: String,
    process: std::process::Child,
    _dir: TempDir,
    _slack: Option<std::thread::JoinHandle<()>>,
}

/// The binary beside this one.
pub(crate) fn binary() -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("nightshift");
    if !path.is_file() {
        bail!("{} is missing: run `cargo xtask bench`", path.display());
    }
    Ok(path)
}

impl Server {
    pub(crate) fn start(answering: Answering) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir_in("target")?;
        let (api, slack) = match answering {
            Answering::No => ("http://127.0.0.1:9".to_owned(), None),
            Answering::Yes => {
                let (url, thread) = quick_slack()?;
                (url, Some(thread))
            }
        };
        let config = dir.path().join("config.yaml");
        std::fs::write(&config, configuration(&api))?;
        let mut process = Command::new(binary()?)
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(&config)
            .arg("--data-dir")
            .arg(dir.path().join("data"))
            .env("HOME", dir.path())
            .env("RUST_LOG", "error")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = process.stdout.take().context("no output")?;
        let mut address = None;
        for line in BufReader::new(stdout).lines() {
            if let Some((_, at)) = line?.split_once("listens on http://") {
                address = Some(at.trim().to_owned());
                break;
            }
        }
        let address = address.context("the server did not start")?;
        Ok(Self {
            address,
            process,
            _dir: dir,
            _slack: slack,
        })
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

fn configuration(api: &str) -> String {
    format!(
        "remote:\n  trigger_service:\n    platforms:\n      slack: {{enabled: true, bot_token: {TOKEN}, \
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
