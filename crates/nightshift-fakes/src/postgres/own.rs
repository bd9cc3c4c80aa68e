//! A PostgreSQL of one test alone, which may be stopped, frozen and started again.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::{cluster, psql};

const WITHIN: Duration = Duration::from_secs(60);

/// A server that ends with its owner.
pub struct OwnServer {
    base: TempDir,
    programs: PathBuf,
    server: Option<Child>,
    settings: Vec<String>,
}

impl OwnServer {
    /// Makes it below `folder`, starts it and waits until it answers. Panics with the next step
    /// where there is no PostgreSQL.
    pub fn start_in(folder: &Path, settings: &[&str]) -> Self {
        let programs = psql::programs().unwrap_or_else(|| panic!("{}", cluster::MISSING));
        let base = tempfile::Builder::new()
            .prefix("nightshift-pg-")
            .tempdir_in(folder)
            .expect("a directory");
        std::fs::set_permissions(base.path(), PermissionsExt::from_mode(0o755)).expect("ours");
        let settings = settings.iter().map(ToString::to_string).collect();
        let mut server = Self {
            programs,
            server: None,
            settings,
            base,
        };
        server.initdb();
        server.start();
        server
    }

    /// The same in memory where there is such a place: its commits are as durable as its machine.
    pub fn start_quick() -> Self {
        let memory = Path::new("/dev/shm");
        let temporary = std::env::temp_dir();
        let folder = if memory.is_dir() { memory } else { &temporary };
        Self::start_in(folder, &[])
    }

    fn data(&self) -> PathBuf {
        self.base.path().join("data")
    }

    fn initdb(&self) {
        let data = self.data();
        std::fs::create_dir(&data).expect("a directory");
        if let Some((user, group)) = cluster::owner() {
            chown(&data, Some(user), Some(group)).expect("root may give");
            chown(self.base.path(), Some(user), Some(group)).expect("root may give");
        }
        let made = self
            .program("initdb")
            .arg("-D")
            .arg(&data)
            .args(["-U", cluster::OWNER, "-A", "trust", "-E", "UTF8"])
            .args(["--locale=C.UTF-8", "--no-sync", "--no-instructions"])
            .output()
            .expect("initdb starts");
        assert!(
            made.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&made.stderr)
        );
    }

    /// As another user where we are root: it refuses to be root's.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = match cluster::owner() {
            None => Command::new(program),
            Some((user, group)) => {
                let mut command = Command::new("setpriv");
                command
                    .arg(format!("--reuid={user}"))
                    .arg(format!("--regid={group}"))
                    .args(["--clear-groups", "--pdeathsig", "KILL"])
                    .arg(program);
                command
            }
        };
        command.current_dir("/").stdin(Stdio::null());
        command
    }

    /// Starts it again on what it has; does nothing where it runs.
    pub fn start(&mut self) {
        if self.server.is_some() {
            return;
        }
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.base.path().join("log"))
            .expect("a log");
        let mut command = self.program("postgres");
        command.arg("-D").arg(self.data());
        command.arg("-k").arg(self.base.path());
        let usual = ["listen_addresses=", "port=5432", "max_connections=300"];
        let settings = usual.into_iter().chain(self.settings.iter().map(|s| &**s));
        for setting in settings {
            command.args(["-c", setting]);
        }
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let server = command
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("postgres starts");
        self.server = Some(server);
        let began = Instant::now();
        while let Err(error) = psql::run(&self.url("postgres"), "SELECT 1") {
            assert!(began.elapsed() < WITHIN, "it does not start: {error}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    fn pid(&self) -> Pid {
        let server = self.server.as_ref().expect("it runs");
        Pid::from_raw(i32::try_from(server.id()).expect("a pid"))
    }

    /// As an operator stops it: connections are closed, nothing is lost.
    pub fn stop(&mut self) {
        self.end(Signal::SIGINT);
    }

    /// As a machine that is switched off, but for what the kernel has.
    pub fn crash(&mut self) {
        self.end(Signal::SIGQUIT);
    }

    fn end(&mut self, how: Signal) {
        if self.server.is_none() {
            return;
        }
        kill(self.pid(), how).expect("our child");
        let mut server = self.server.take().expect("it runs");
        server.wait().expect("our child");
    }

    /// All its processes stop where they are: connections stay, and no answer comes.
    pub fn freeze(&self) {
        // The parent first, so that none is added.
        kill(self.pid(), Signal::SIGSTOP).expect("our child");
        self.signal_children(Signal::SIGSTOP);
    }

    pub fn thaw(&self) {
        self.signal_children(Signal::SIGCONT);
        kill(self.pid(), Signal::SIGCONT).expect("our child");
    }

    /// Each has a process group of its own.
    fn signal_children(&self, signal: Signal) {
        let parent = self.pid().to_string();
        let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        for pid in pids {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // The name in parentheses may contain anything; the state and the parent follow it.
            let after = stat.rsplit(')').next().unwrap_or_default();
            if after.split_whitespace().nth(1) == Some(&*parent) {
                // Gone already is as good.
                let _ = kill(Pid::from_raw(pid), signal);
            }
        }
    }

    /// For its owner, who may do everything.
    pub fn url(&self, database: &str) -> String {
        let folder = self.base.path().display().to_string().replace('/', "%2F");
        format!("postgres://{}@{folder}/{database}", cluster::OWNER)
    }

    /// The folder of its socket.
    pub fn socket_dir(&self) -> &Path {
        self.base.path()
    }

    /// A program that comes with the server, such as `pgbench`.
    pub fn client(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// What the statements print.
    pub fn run(&self, database: &str, statements: &str) -> Result<String, String> {
        psql::run(&self.url(database), statements)
    }

    /// An empty database.
    pub fn make(&self, database: &str) -> String {
        self.run("postgres", &format!("CREATE DATABASE {database}"))
            .unwrap_or_else(|error| panic!("no database: {error}"));
        self.url(database)
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        if self.server.is_some() {
            self.thaw();
            self.end(Signal::SIGQUIT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::OwnServer;

    #[test]
    fn it_stops_and_comes_back_with_what_it_had() {
        let mut server = OwnServer::start_quick();
        server.make("mine");
        server.run("mine", "CREATE TABLE kept (n BIGINT)").unwrap();
        server.stop();
        assert!(server.run("mine", "SELECT 1").is_err());
        server.start();
        let kept = server.run("mine", "SELECT count(*) FROM kept").unwrap();
        assert_eq!(kept, "0");
    }
}
