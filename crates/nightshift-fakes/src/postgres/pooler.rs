//! A real PgBouncer in transaction mode, with as few server processes as make its clients share
//! them.

use std::os::unix::fs::chown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{OwnServer, cluster};

const WITHIN: Duration = Duration::from_secs(20);
const MISSING: &str = "PgBouncer is not installed: `cargo xtask test` installs it";

/// Debian keeps it where only root looks.
const PLACES: [&str; 2] = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"];

/// Ends with its owner.
pub struct Pooler {
    dir: TempDir,
    child: Child,
}

impl Pooler {
    /// In front of a database of this server. Panics with the next step where there is none.
    pub fn before(server: &OwnServer, database: &str) -> Self {
        let program = PLACES.iter().map(Path::new).find(|path| path.is_file());
        let program = program.unwrap_or_else(|| panic!("{MISSING}"));
        let dir = tempfile::Builder::new()
            .prefix("nightshift-pool-")
            .tempdir()
            .expect("a directory");
        let here = dir.path().display();
        let there = server.socket_dir().display();
        let owner = cluster::OWNER;
        let ini = format!(
            "[databases]\n{database} = host={there} port=5432 dbname={database} user={owner}\n\
             [pgbouncer]\nunix_socket_dir = {here}\nlisten_port = 6432\nlisten_addr =\n\
             auth_type = any\npool_mode = transaction\nmax_client_conn = 200\n\
             default_pool_size = 6\nserver_login_retry = 1\n\
             ignore_startup_parameters = extra_float_digits\nlogfile = {here}/log\n"
        );
        let file = dir.path().join("pgbouncer.ini");
        std::fs::write(&file, ini).expect("a configuration");
        let mut command = match cluster::owner() {
            None => Command::new(program),
            // It refuses to be root's.
            Some((user, group)) => {
                chown(dir.path(), Some(user), Some(group)).expect("root may give");
                let mut command = Command::new("setpriv");
                command
                    .arg(format!("--reuid={user}"))
                    .arg(format!("--regid={group}"))
                    .args(["--clear-groups", "--pdeathsig", "KILL"])
                    .arg(program);
                command
            }
        };
        let child = command
            .arg("-q")
            .arg(&file)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pgbouncer starts");
        let pooler = Self { dir, child };
        let began = Instant::now();
        while UnixStream::connect(pooler.socket()).is_err() {
            let log = std::fs::read_to_string(pooler.dir.path().join("log"));
            assert!(began.elapsed() < WITHIN, "it does not start: {log:?}");
            std::thread::sleep(Duration::from_millis(30));
        }
        pooler
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join(".s.PGSQL.6432")
    }

    /// For clients that know that there is a pooler.
    pub fn url(&self, database: &str) -> String {
        let folder = self.dir.path().display().to_string().replace('/', "%2F");
        let owner = cluster::OWNER;
        format!("postgres://{owner}@{folder}:6432/{database}?statement-cache-capacity=0")
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
