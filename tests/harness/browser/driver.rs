//! One driver process with one browser: ours, and ended with us.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::wire::{self, Unanswered};
use crate::process::{eventually, processes_saying};

const DRIVER: &str = "chromedriver";
const READY: &str = "started successfully on port ";
/// How long a browser may take to close.
const CLOSING: Duration = Duration::from_secs(5);

/// No sandbox: root has none. Nothing is looked up on a network.
const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
];

pub(super) struct Driver {
    child: Child,
    http: reqwest::Client,
    port: u16,
    session: String,
    /// Profile, downloads, log: a home of its own.
    home: TempDir,
}

impl Driver {
    pub(super) async fn start(width: u32, height: u32) -> Self {
        nightshift_http::tls::init();
        let home = tempfile::Builder::new()
            .prefix("nightshift-browser-")
            .tempdir()
            .expect("a directory");
        let log = home.path().join("driver.log");
        let child = Command::new(DRIVER)
            .arg("--port=0")
            .env("HOME", home.path())
            .stdin(Stdio::null())
            .stdout(File::create(&log).expect("a log"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "{DRIVER}: {error}: install chromium and chromium-driver, \
                     or use `cargo xtask test`, which does"
                )
            });
        let mut driver = Self {
            child,
            http: reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("a client"),
            port: 0,
            session: String::new(),
            home,
        };
        driver.port = eventually("the driver listens", async || {
            let said = std::fs::read_to_string(&log).ok()?;
            let (port, _) = said.split_once(READY)?.1.split_once('.')?;
            port.parse().ok()
        })
        .await;
        driver.session = driver.begin(width, height).await;
        driver
    }

    async fn begin(&self, width: u32, height: u32) -> String {
        let profile = self.home.path().join("profile");
        let mut flags: Vec<String> = FLAGS.map(str::to_owned).to_vec();
        flags.push(format!("--user-data-dir={}", profile.display()));
        let options = json!({
            "args": flags,
            "prefs": { "download.default_directory": self.downloads() },
        });
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}});
        let url = format!("http://127.0.0.1:{}/session", self.port);
        let begun = wire::call(&self.http, "POST", &url, wanted).await;
        let begun = begun.unwrap_or_else(|why| panic!("the browser does not start: {why:?}"));
        let session = begun["sessionId"].as_str().expect("a session").to_owned();
        // A window has a least width; a page has not.
        let url = format!("{url}/{session}/goog/cdp/execute");
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        let sized = json!({"cmd": "Emulation.setDeviceMetricsOverride", "params": size});
        let sized = wire::call(&self.http, "POST", &url, sized).await;
        sized.unwrap_or_else(|why| panic!("the window has no size: {why:?}"));
        session
    }

    pub(super) fn downloads(&self) -> PathBuf {
        self.home.path().join("downloads")
    }

    pub(super) async fn call(
        &self,
        method: &str,
        path: &str,
        body: Value,
    ) -> Result<Value, Unanswered> {
        let url = format!(
            "http://127.0.0.1:{}/session/{}/{path}",
            self.port, self.session
        );
        wire::call(&self.http, method, &url, body).await
    }

    /// Without a runtime: this is said while a test unwinds, too.
    fn quit(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(CLOSING))?;
        let (session, port) = (&self.session, self.port);
        write!(
            stream,
            "DELETE /session/{session} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        )?;
        // It answers when the browser is gone.
        stream.read_exact(&mut [0])
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // What does not close is killed below.
        let _ = self.quit();
        let _ = self.child.kill();
        let _ = self.child.wait();
        for left in processes_saying(&self.home.path().to_string_lossy()) {
            let pid = nix::unistd::Pid::from_raw(left.pid);
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
        }
    }
}
