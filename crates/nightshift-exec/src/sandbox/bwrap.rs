//! The command line of bubblewrap: an empty file system into which only the view is bound.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::geteuid;

use crate::init::{INIT_ARG, PROBE};

/// Where our own binary stands inside.
pub(crate) const INIT_INSIDE: &str = "/.nightshift-init";

/// Directories in memory that everybody may write to, and that are private inside.
const SCRATCH: [&str; 2] = ["/var/tmp", "/dev/shm"];

/// What is bound where. Paths are the same inside and outside.
#[derive(Debug, Default)]
pub(crate) struct Mounts<'a> {
    pub(crate) read: &'a [PathBuf],
    pub(crate) write: &'a [PathBuf],
    /// Source outside, place inside.
    pub(crate) placed: &'a [(PathBuf, PathBuf)],
    /// Becomes `/`: an empty directory of the machine's own disk, so that `df` tells the truth.
    pub(crate) root: Option<&'a Path>,
    /// Becomes `/tmp`.
    pub(crate) tmp: Option<&'a Path>,
    pub(crate) network: bool,
}

/// Everything up to the program that runs inside.
pub(crate) fn arguments(init: &Path, mounts: &Mounts<'_>) -> Vec<OsString> {
    let mut args = Args::default();
    args.push([
        "--unshare-pid",
        "--unshare-ipc",
        "--unshare-uts",
        "--unshare-cgroup-try",
        "--die-with-parent",
        "--new-session",
        "--as-pid-1",
    ]);
    if !mounts.network {
        args.push(["--unshare-net"]);
    }
    if geteuid().is_root() {
        // No user namespace: the mounts are made by root and our init gives up root for good
        // before the agent starts. These are what it needs for that, and to end the agent.
        for capability in ["CAP_SETUID", "CAP_SETGID", "CAP_KILL"] {
            args.push(["--cap-add", capability]);
        }
    } else {
        args.push(["--unshare-user"]);
    }
    if let Some(root) = mounts.root {
        args.bind("--bind", root, Path::new("/"));
    }
    args.push(["--proc", "/proc", "--dev", "/dev"]);
    for scratch in SCRATCH {
        args.parents(Path::new(scratch));
        args.push(["--perms", "1777", "--tmpfs", scratch]);
    }
    if let Some(tmp) = mounts.tmp {
        args.bind("--bind", tmp, Path::new("/tmp"));
    }
    for path in mounts.read {
        args.show(path);
    }
    for (outside, inside) in mounts.placed {
        args.bind("--ro-bind", outside, inside);
    }
    for path in mounts.write {
        args.bind("--bind", path, path);
    }
    args.bind("--ro-bind", init, Path::new(INIT_INSIDE));
    args.push(["--remount-ro", "/", "--chdir", "/"]);
    args.push(["--", INIT_INSIDE, INIT_ARG]);
    args.list
}

#[derive(Default)]
struct Args {
    list: Vec<OsString>,
    made: Vec<PathBuf>,
}

impl Args {
    fn push<const N: usize>(&mut self, args: [&str; N]) {
        self.list.extend(args.into_iter().map(OsString::from));
    }

    /// Links such as `/bin` stay links.
    fn show(&mut self, path: &Path) {
        match std::fs::read_link(path) {
            Ok(target) if path.parent() == Some(Path::new("/")) => {
                self.list.push("--symlink".into());
                self.list.extend([target.into_os_string(), path.into()]);
            }
            _ => self.bind("--ro-bind", path, path),
        }
    }

    fn bind(&mut self, how: &str, outside: &Path, inside: &Path) {
        self.parents(inside);
        self.list.push(how.into());
        self.list.extend([outside, inside].map(OsString::from));
    }

    /// Left to bubblewrap, parents could be entered only by root.
    fn parents(&mut self, inside: &Path) {
        let above: Vec<_> = inside.ancestors().skip(1).collect();
        for dir in above.into_iter().rev().filter(|dir| dir.parent().is_some()) {
            if !self.made.iter().any(|made| made == dir) {
                self.made.push(dir.to_owned());
                self.push(["--perms", "0755", "--dir"]);
                self.list.push(dir.into());
            }
        }
    }
}

/// Makes a real sandbox and starts our own program in it.
pub(crate) fn probe(program: &Path, init: &Path) -> Result<(), String> {
    let read = super::view::system_roots();
    let mounts = Mounts {
        read: &read,
        ..Mounts::default()
    };
    let output = Command::new(program)
        .args(arguments(init, &mounts))
        .arg(OsStr::new(PROBE))
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("bubblewrap does not start: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().next().unwrap_or("no reason given");
    Err(format!("bubblewrap cannot make a sandbox: {first}"))
}
