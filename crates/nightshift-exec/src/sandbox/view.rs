//! What an agent sees of the machine's files: system directories, its own program, and what the
//! plan names; never the user's home, the data directory or the configuration.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nightshift_core::agent::Network;

/// Where programs and their libraries lie; those that exist are shown whole.
const ROOTS: [&str; 8] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/opt",
    "/nix/store",
];

/// Programs need these to find libraries, names and certificates; none holds a secret.
const ETC: [&str; 22] = [
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "crypto-policies",
    "debian_version",
    "host.conf",
    "inputrc",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.alias",
    "localtime",
    "magic",
    "mime.types",
    "nsswitch.conf",
    "os-release",
    "pki/tls/certs",
    "protocols",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
    "timezone",
];

/// Only where there is a network.
const ETC_NETWORK: [&str; 3] = ["hosts", "gai.conf", "resolv.conf"];

const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Places of the machine that no agent sees, whatever else is shown.
#[derive(Debug, Clone)]
pub(crate) struct Private {
    pub(crate) home: PathBuf,
    /// Data directory, configuration, results.
    pub(crate) hidden: Vec<PathBuf>,
}

impl Private {
    /// Whether showing `dir` whole would show something private.
    pub(crate) fn would_show(&self, dir: &Path) -> bool {
        self.home.starts_with(dir) || self.is_near_hidden(dir)
    }

    /// Whether `dir` holds something hidden or lies in it.
    pub(crate) fn is_near_hidden(&self, dir: &Path) -> bool {
        self.hidden
            .iter()
            .any(|hidden| hidden.starts_with(dir) || dir.starts_with(hidden))
    }
}

/// A program that was found, and what else must be readable for it to run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    /// Nothing where the system's own directories are enough.
    pub(crate) needs: Option<PathBuf>,
}

/// The first executable file of that name on the service's `PATH`, or the path itself.
pub(crate) fn on_path(name: &str, environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| path.exists());
    }
    search_path(environment)
        .map(|dir| dir.join(name))
        .find(|path| is_executable(path))
}

/// The program by its real path: a link to it need not be visible inside.
pub(crate) fn program(
    name: &str,
    environment: &BTreeMap<String, String>,
    private: &Private,
) -> Option<Program> {
    let path = fs::canonicalize(on_path(name, environment)?).ok()?;
    let needs = if is_under(&path, &system_roots()) {
        None
    } else {
        Some(package(&path, private))
    };
    Some(Program { path, needs })
}

/// The directory a program needs: its Node installation or its own directory, or only the file
/// where that directory holds more than programs.
fn package(program: &Path, private: &Private) -> PathBuf {
    let node = program
        .ancestors()
        .filter(|dir| dir.file_name().is_some_and(|name| name == "node_modules"))
        .last();
    // `<prefix>/lib/node_modules/…`: the interpreter is in `<prefix>/bin`.
    let prefix = node.and_then(Path::parent).and_then(|lib| {
        if lib.file_name().is_some_and(|name| name == "lib") {
            lib.parent()
        } else {
            Some(lib)
        }
    });
    [prefix, node, program.parent()]
        .into_iter()
        .flatten()
        .find(|dir| is_special_enough(dir, private))
        .unwrap_or(program)
        .to_owned()
}

/// `/srv`, `/home/alice` and the like hold more than one program.
fn is_special_enough(dir: &Path, private: &Private) -> bool {
    let depth = dir.components().count() - 1;
    let is_home = dir.parent() == Some(Path::new("/home"));
    depth >= 2 && !is_home && !dir.starts_with("/etc") && !private.would_show(dir)
}

/// System directories of this machine.
pub(crate) fn system_roots() -> Vec<PathBuf> {
    ROOTS
        .iter()
        .map(PathBuf::from)
        .filter(|root| root.exists())
        .collect()
}

/// Everything that is readable inside, at the path it has outside.
pub(crate) fn readable(program: &Program, network: Network, private: &Private) -> Vec<PathBuf> {
    let etc = ETC
        .iter()
        .chain(match network {
            Network::Open => ETC_NETWORK.as_slice(),
            Network::None => &[],
        })
        .map(|name| Path::new("/etc").join(name));
    system_roots()
        .into_iter()
        // `/opt` may hold the service's own data.
        .filter(|root| root == Path::new("/usr") || !private.would_show(root))
        .chain(etc.filter(|path| path.exists()))
        .chain(program.needs.clone())
        .collect()
}

/// The service's `PATH` without the directories that cannot be seen inside.
pub(crate) fn path_inside(
    environment: &BTreeMap<String, String>,
    readable: &[PathBuf],
    program: &Program,
) -> String {
    let mut dirs: Vec<PathBuf> = search_path(environment)
        .filter(|dir| is_under(dir, readable))
        .collect();
    let beside = program.path.parent().map(Path::to_owned);
    let bin = program.needs.as_ref().map(|prefix| prefix.join("bin"));
    for dir in [bin, beside].into_iter().flatten() {
        if program.needs.is_some() && dir.is_dir() && !dirs.contains(&dir) {
            dirs.push(dir);
        }
    }
    let dirs: Vec<_> = dirs.iter().map(|dir| dir.to_string_lossy()).collect();
    dirs.join(":")
}

pub(crate) fn search_path(environment: &BTreeMap<String, String>) -> impl Iterator<Item = PathBuf> {
    environment
        .get("PATH")
        .map_or(DEFAULT_PATH, String::as_str)
        .split(':')
        .filter(|dir| dir.starts_with('/'))
        .map(PathBuf::from)
}

fn is_under(path: &Path, dirs: &[PathBuf]) -> bool {
    dirs.iter().any(|dir| path.starts_with(dir))
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests;
