//! One installation: home, data, configuration, agents. It outlives its servers.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};

use nightshift_fakes::slack::FakeSlack;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::server::Server;

/// What agents become when the service is root.
const NOBODY: u32 = 65534;

/// Names the fault of a sabotaged server.
const SABOTAGE: &str = "SABOTAGE";

/// A directory of a test's own, with all that a server needs.
pub struct Installation {
    dir: TempDir,
    /// The configuration; a change counts from the next start on.
    pub config: Value,
    /// The variables of the server and of the command line; nothing else is passed on.
    pub environment: BTreeMap<String, String>,
    /// Set: the data directory is a disk of its own, this small (`4m`), gone with the server.
    pub disk: Option<&'static str>,
    /// The program and arguments that the server is run under; none for most.
    pub under: Vec<String>,
    program: &'static str,
    lives: AtomicU32,
}

/// What a finished command said.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn both(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl Installation {
    /// No platform; an agent `probe` that repeats its prompt, a project `demo`, two keys.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("nightshift-it-")
            .tempdir()
            .expect("a directory");
        let site = Self {
            config: Value::Null,
            environment: BTreeMap::new(),
            disk: None,
            under: Vec::new(),
            program: "nightshift",
            lives: AtomicU32::new(0),
            dir,
        };
        for name in ["home", "bin", "project", "tmp"] {
            make_open(&site.path(name));
        }
        if nix::unistd::geteuid().is_root() {
            chown(site.project(), Some(NOBODY), Some(NOBODY)).expect("root may give");
        }
        site.with_defaults()
    }

    /// The same, with a Slack.
    pub fn on_slack(slack: &FakeSlack) -> Self {
        let mut site = Self::new();
        let setup = slack.setup();
        site.environment.extend([
            ("SLACK_BOT_TOKEN".to_owned(), setup.bot_token.clone()),
            (
                "SLACK_SIGNING_SECRET".to_owned(),
                setup.signing_secret.clone(),
            ),
        ]);
        site.config["remote"]["trigger_service"]["platforms"]["slack"] = json!({
            "enabled": true,
            "bot_token": "${SLACK_BOT_TOKEN}",
            "signing_secret": "${SLACK_SIGNING_SECRET}",
            "api_url": slack.api_url(),
        });
        site
    }

    fn with_defaults(mut self) -> Self {
        self.environment.extend([
            ("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("HOME".to_owned(), self.path("home").display().to_string()),
            // What a killed process leaves behind goes with the installation.
            ("TMPDIR".to_owned(), self.path("tmp").display().to_string()),
        ]);
        self.config = json!({"remote": {
            "trigger_service": {"listen": "127.0.0.1:0", "platforms": {}},
            "execution": {
                "local": {"agent": "probe", "working_dir": self.path("work"), "stop_grace": "1s"},
                "agents": {},
                "projects": {"demo": {"path": self.project()}},
                "commands": {},
            },
            "planner": {"kind": "estimate"},
            "auth": {
                "api_keys": {Self::ADMIN_KEY: "user_dora", Self::KEY: "user_api"},
                "users": {"user_dora": {"role": "admin", "identities": ["slack:U0DORA"]}},
                "allowed_users": ["slack:U0ANA", {"id": "slack:U0CARL", "role": "approver"}],
            },
            "timers": {"lease": "5s", "heartbeat": "1s", "shutdown": "10s"},
        }});
        self.agent("probe", "cat");
        self
    }

    /// Keys of an admin and of a submitter.
    pub const ADMIN_KEY: &str = "sk_test_admin_key_of_dora";
    pub const KEY: &str = "sk_test_submitter_key";

    /// An agent that is a shell script; the prompt comes by stdin.
    pub fn agent(&mut self, name: &str, script: &str) {
        let program = self.path("bin").join(name);
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a script");
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("a script");
        let section = &mut self.config["remote"]["execution"]["agents"][name];
        section["command"] = json!([program]);
    }

    /// From the next start on the server has this fault (see `tests/chaos/sabotaged`).
    pub fn sabotage(&mut self, fault: &str) {
        self.program = "nightshift-sabotaged";
        self.environment
            .insert(SABOTAGE.to_owned(), fault.to_owned());
    }

    /// From the next start on it is the shipped binary again.
    pub fn repair(&mut self) {
        self.program = "nightshift";
        self.environment.remove(SABOTAGE);
    }

    /// From the next start on the server's system calls go wrong as `strace --inject` says. The
    /// tracer is a grandchild: the server stays our own child, whose end we see.
    pub fn disturb(&mut self, fault: &str) {
        let inject = format!("--inject={fault}");
        let words = ["strace", "-D", "-f", "--quiet=all", "-o", "/dev/null"];
        let words = words.into_iter().chain([&*inject, "--"]);
        self.under = words.map(str::to_owned).collect();
    }

    /// From the next start on they work as always.
    pub fn soothe(&mut self) {
        self.under.clear();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn data_dir(&self) -> PathBuf {
        self.path("data")
    }

    /// The directory of the project `demo`; agents of its tasks work in it.
    pub fn project(&self) -> PathBuf {
        self.path("project")
    }

    /// A line for every start of an agent, if its script writes them to `runs` in the project.
    pub fn runs(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.project().join("runs")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Makes a file that an agent's script waits for.
    pub fn signal(&self, name: &str) {
        std::fs::write(self.project().join(name), "").expect("the project");
    }

    pub fn config_file(&self) -> PathBuf {
        self.path("config.yaml")
    }

    pub fn write_config(&self) {
        // JSON is YAML.
        let text = serde_json::to_string_pretty(&self.config).expect("plain data");
        std::fs::write(self.config_file(), text).expect("the configuration");
    }

    /// Where the output of the next life goes.
    pub(super) fn next_life(&self) -> (PathBuf, PathBuf) {
        let life = self.lives.fetch_add(1, Ordering::SeqCst);
        let name = |stream: &str| self.path(&format!("{stream}-{life}.log"));
        (name("stdout"), name("stderr"))
    }

    /// What all servers said so far, on the terminal and in their log files.
    pub fn said(&self) -> String {
        let mut said = String::new();
        let mut add = |dir: &Path| {
            for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
                if entry.path().extension().is_some_and(|end| end == "log") {
                    let bytes = std::fs::read(entry.path()).unwrap_or_default();
                    said.push_str(&String::from_utf8_lossy(&bytes));
                }
            }
        };
        add(self.dir.path());
        add(&self.data_dir().join("logs"));
        said
    }

    /// A server that is ready.
    pub async fn start(&self) -> Server {
        Server::start(self).await
    }

    /// `serve`, expected to end by itself.
    pub async fn refused(&self) -> Ran {
        self.write_config();
        self.ran(&["serve"], "").await
    }

    /// A verb, to its end; it finds the server by the data directory.
    pub async fn nightshift(&self, words: &[&str]) -> Ran {
        self.ran(words, "").await
    }

    /// The same with something to read.
    pub async fn nightshift_reading(&self, words: &[&str], input: &str) -> Ran {
        self.ran(words, input).await
    }

    async fn ran(&self, words: &[&str], input: &str) -> Ran {
        let mut command = tokio::process::Command::from(self.command());
        let mut child = command
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        let mut stdin = child.stdin.take().expect("piped");
        // A verb that does not read may end before it was fed.
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stdin, input.as_bytes()).await;
        drop(stdin);
        let ended = tokio::time::timeout(super::PATIENCE, child.wait_with_output()).await;
        let output = ended
            .unwrap_or_else(|_| panic!("it hangs: {words:?}"))
            .expect("an outcome");
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The binary with this installation's environment; the verb is still missing.
    pub fn command(&self) -> std::process::Command {
        let mut command = match (self.disk, self.under.split_first()) {
            (None, None) => std::process::Command::new(program(self.program)),
            (None, Some((tracer, words))) => {
                let mut command = std::process::Command::new(tracer);
                command.args(words).arg(program(self.program));
                command
            }
            (Some(size), _) => self.on_a_small_disk(size),
        };
        command
            .env_clear()
            .envs(&self.environment)
            .env("NIGHTSHIFT_DATA_DIR", self.data_dir())
            .env("NIGHTSHIFT_CONFIG", self.config_file())
            .current_dir(self.dir.path());
        command
    }
}

impl Installation {
    /// The data directory on a disk of its own that is `size` small (as `mount` reads it), seen
    /// only by this process: a namespace, so that no test needs to be root.
    fn on_a_small_disk(&self, size: &str) -> std::process::Command {
        let mut command = std::process::Command::new("unshare");
        let script =
            format!("mount -t tmpfs -o mode=0700,size={size} tmpfs \"$1\" && shift && exec \"$@\"");
        command
            .args([
                "--user",
                "--map-root-user",
                "--mount",
                "sh",
                "-c",
                &script,
                "sh",
            ])
            .arg(self.data_dir())
            .arg(program(self.program));
        std::fs::create_dir_all(self.data_dir()).expect("a directory");
        command
    }
}

impl Default for Installation {
    fn default() -> Self {
        Self::new()
    }
}

fn make_open(dir: &Path) {
    std::fs::create_dir_all(dir).expect("a directory");
    std::fs::set_permissions(dir, PermissionsExt::from_mode(0o755)).expect("a directory");
}

/// A program of this build. Tests are in a directory beside it, other programs next to it.
fn program(name: &str) -> PathBuf {
    let here = std::env::current_exe().expect("our own path");
    let dirs = here.ancestors().skip(1).take(2);
    let found = dirs.map(|dir| dir.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!(
            "{name} is missing beside {}: run `cargo build --workspace` first, or \
             `cargo xtask test`, which does",
            here.display()
        )
    })
}
