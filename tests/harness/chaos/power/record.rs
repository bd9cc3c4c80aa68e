//! The server's system calls, over several lives on the same data.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use nightshift_fakes::slack::FakeSlack;
use nix::sys::signal::Signal;

use super::{PATIENCE, Plan, load};
use crate::chaos::Dice;
use crate::process::{Office, Server, eventually, slack_setup};

/// What the replay must know of: changes of files, syncs, and the talk at the door.
const CALLS: &str = "openat,pwrite64,pwritev,write,writev,sendto,sendmsg,recvfrom,fdatasync,fsync,\
    ftruncate,fallocate,unlink,rename,renameat2";

/// A stop folds the log into the database; the last life is cut off.
const LIVES: u64 = 3;

pub(super) struct Recording {
    pub(super) data_dir: PathBuf,
    /// One file a life.
    pub(super) lives: Vec<PathBuf>,
    /// What the clients were told.
    pub(super) acknowledged: HashSet<u64>,
    /// The files go with it.
    _office: Office,
}

pub(super) async fn record(plan: &Plan, dice: &mut Dice) -> Recording {
    let mut setup = slack_setup();
    setup.pace.enforced = false;
    let mut office = Office::around(FakeSlack::start(setup).await.expect("a free port"));
    if let Some(fault) = plan.fault {
        office.site.sabotage(fault);
    }
    let (mut lives, mut acknowledged) = (Vec::new(), HashSet::new());
    for life in 0..LIVES {
        let trace = office.site.path(&format!("trace-{life}"));
        office.site.under = strace(&trace);
        let server = office.start().await;
        let pid = server.pid();
        let numbers = life * plan.requests..(life + 1) * plan.requests;
        acknowledged.extend(load::load(&office, &server.url, numbers, dice).await);
        end(server, life).await;
        eventually("strace wrote everything", async || {
            ends_with_life(&trace, pid.as_raw()).then_some(())
        })
        .await;
        lives.push(trace);
    }
    Recording {
        data_dir: office.site.data_dir(),
        lives,
        acknowledged,
        _office: office,
    }
}

async fn end(server: Server, life: u64) {
    if life.is_multiple_of(2) {
        server.kill_9();
        return;
    }
    server.signal(Signal::SIGTERM);
    server.ended(PATIENCE).await;
}

/// The server stays our own child; the calls that are not watched cost nothing.
fn strace(trace: &Path) -> Vec<String> {
    let words = [
        "strace",
        "-D",
        "-f",
        "--seccomp-bpf",
        "-y",
        "-xx",
        "-s",
        "1048576",
        "-e",
    ];
    let mut words: Vec<String> = words.map(str::to_owned).into();
    words.extend([
        format!("trace={CALLS}"),
        "-o".to_owned(),
        trace.display().to_string(),
    ]);
    words
}

fn ends_with_life(trace: &Path, pid: i32) -> bool {
    let Ok(text) = tail(trace) else { return false };
    text.lines().any(|line| {
        let end = line.split_once(" +++ ");
        end.is_some_and(|(thread, _)| thread.trim() == pid.to_string())
    })
}

/// The last few lines.
fn tail(path: &Path) -> std::io::Result<String> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = std::fs::File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(4096)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
