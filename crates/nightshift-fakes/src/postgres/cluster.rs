//! The cluster that all test processes of a user share.
//!
//! A file lock keeps starts and ends apart; a shared lock on another file says "in use", and the
//! operating system gives it up for whoever dies. A keeper in a process group of its own is the
//! server's parent: it ends both when nobody has used them for a while, and the server dies with
//! the keeper.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::psql;

/// Who owns the server, without a password.
pub(super) const OWNER: &str = "nightshift";

/// A test process that does not know where else to go.
pub(super) const MISSING: &str = "PostgreSQL is not installed: `cargo xtask test` installs it, or name a \
    server in DATABASE_URL";

const START_WITHIN: Duration = Duration::from_secs(60);

/// In memory where there is such a place: what a disk loses is another test's, and databases come
/// and go with each test.
const MEMORY: &str = "/dev/shm";

/// Bytes that the databases of tests have room in.
const ENOUGH: u64 = 4 << 30;

/// `$1` the folder, `$2` the programs, `$3` who the server runs as (empty: whoever runs this),
/// `$4` where its data goes.
const KEEPER: &str = include_str!("keeper.sh");

#[derive(Debug)]
pub(super) struct Cluster {
    place: Place,
    /// While it is open, the cluster is in use.
    _in_use: Option<File>,
}

#[derive(Debug)]
enum Place {
    /// The folder of the socket.
    Ours(PathBuf),
    /// Somebody's URL.
    Named(String),
}

impl Cluster {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one variable by which a developer names a server"
    )]
    pub(super) fn of_all_tests() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| {
            if let Ok(url) = std::env::var("DATABASE_URL") {
                return Self {
                    place: Place::Named(url),
                    _in_use: None,
                };
            }
            Self::ours().unwrap_or_else(|error| panic!("no PostgreSQL for the tests: {error}"))
        })
    }

    fn ours() -> Result<Self, String> {
        let programs = psql::programs().ok_or(MISSING)?;
        let user = nix::unistd::getuid();
        // Short: the path of a socket has little room.
        let base = std::env::temp_dir().join(format!("nightshift-postgres-{user}"));
        let starting = lock_file(&base.with_extension("lock")).map_err(|e| e.to_string())?;
        starting.lock().map_err(|e| e.to_string())?;
        if !answers(&base) {
            start(&base, &programs)?;
        }
        let in_use = lock_file(&base.join("in-use")).map_err(|e| e.to_string())?;
        in_use.lock_shared().map_err(|e| e.to_string())?;
        Ok(Self {
            place: Place::Ours(base),
            _in_use: Some(in_use),
        })
    }

    pub(super) fn url(&self, database: &str) -> String {
        match &self.place {
            Place::Ours(_) => self.url_as(OWNER, database),
            Place::Named(url) => {
                let mut url = url::Url::parse(url).expect("DATABASE_URL is a URL");
                url.set_path(database);
                url.into()
            }
        }
    }

    pub(super) fn url_as(&self, role: &str, database: &str) -> String {
        match &self.place {
            Place::Ours(base) => {
                let folder = base.display().to_string().replace('/', "%2F");
                format!("postgres://{role}@{folder}/{database}")
            }
            Place::Named(_) => {
                let mut url =
                    url::Url::parse(&self.url(database)).expect("invariant: it was one before");
                url.set_username(role).expect("DATABASE_URL names a host");
                url.into()
            }
        }
    }

    fn admin(&self, statements: &str) -> Result<String, String> {
        psql::run(&self.url("postgres"), statements)
    }

    pub(super) fn make(&self, name: &str, template: &str) {
        self.admin(&format!("CREATE DATABASE {name} TEMPLATE {template}"))
            .unwrap_or_else(|error| panic!("no database for the test: {error}"));
    }

    pub(super) fn drop_database(&self, name: &str) {
        // A run that dies leaves it to the end of the cluster.
        if let Err(error) = self.admin(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")) {
            eprintln!("the database {name} was left behind: {error}");
        }
    }

    /// Makes the template unless it is there and whole.
    pub(super) fn template(&self, name: &str, make: impl FnOnce(&str)) {
        let folder = match &self.place {
            Place::Ours(base) => base.clone(),
            Place::Named(_) => std::env::temp_dir(),
        };
        let making = lock_file(&folder.join(format!("{name}.lock")));
        let making = making.expect("the temporary folder can be written");
        making.lock().expect("the lock can be had");
        let there = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
        if self.admin(&there).as_deref() == Ok("1") {
            return;
        }
        // Renamed when it is whole: a run that dies meanwhile leaves no half of it.
        let part = format!("{name}_part");
        self.drop_database(&part);
        self.make(&part, "template0");
        make(&self.url(&part));
        self.admin(&format!("ALTER DATABASE {part} RENAME TO {name}"))
            .unwrap_or_else(|error| panic!("the template {name} is still in use: {error}"));
    }
}

fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

fn answers(base: &Path) -> bool {
    UnixStream::connect(base.join(".s.PGSQL.5432")).is_ok()
}

fn start(base: &Path, programs: &Path) -> Result<(), String> {
    // What is left of one that was killed.
    if base.exists() {
        std::fs::remove_dir_all(base).map_err(|e| e.to_string())?;
    }
    std::fs::create_dir(base).map_err(|e| e.to_string())?;
    std::fs::set_permissions(base, PermissionsExt::from_mode(0o777)).map_err(|e| e.to_string())?;
    let log = File::create(base.join("log")).map_err(|e| e.to_string())?;
    Command::new("sh")
        .args(["-c", KEEPER, "keeper"])
        .args([base, programs])
        .arg(run_as())
        .arg(data_of(base))
        .process_group(0)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(|e| e.to_string())?)
        .stderr(log)
        .spawn()
        .map_err(|e| e.to_string())?;
    let began = Instant::now();
    while psql::run(&ready_url(base), "SELECT 1").is_err() {
        if began.elapsed() > START_WITHIN {
            let said = std::fs::read_to_string(base.join("log")).unwrap_or_default();
            return Err(format!("it does not start:\n{said}"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn data_of(base: &Path) -> PathBuf {
    let room = nix::sys::statvfs::statvfs(MEMORY).map_or(0, |memory| {
        memory.blocks_available() * memory.fragment_size()
    });
    match base.file_name() {
        Some(name) if room >= ENOUGH => Path::new(MEMORY).join(name),
        _ => base.join("data"),
    }
}

fn ready_url(base: &Path) -> String {
    let folder = base.display().to_string().replace('/', "%2F");
    format!("postgres://{OWNER}@{folder}/postgres")
}

/// Who else owns a server where we are root.
pub(super) fn owner() -> Option<(u32, u32)> {
    let name = run_as();
    if name.is_empty() {
        return None;
    }
    let user = nix::unistd::User::from_name(name).ok()??;
    Some((user.uid.as_raw(), user.gid.as_raw()))
}

/// The server refuses to run as root.
fn run_as() -> &'static str {
    if !nix::unistd::geteuid().is_root() {
        return "";
    }
    match nix::unistd::User::from_name("postgres") {
        Ok(Some(_)) => "postgres",
        _ => "nobody",
    }
}
