//! Broken servers, and the verdict that each must bring about: whoever watches must be able to
//! see. `cargo xtask chaos teeth` tries all of them.

use super::fail_points::{self, Path, Point};
use super::kill::Killed;
use super::power;
use super::zombies::{self, UNDEAD};
use super::{Pace, found_by, kill};

/// What a server with a fault goes through.
#[derive(Debug, Clone, Copy)]
pub enum Shaken {
    /// So many kills.
    Kill(u64),
    /// Dead at this point of this path.
    FailPoint(Path, &'static str),
    /// An attempt that outlives its lease.
    Zombie,
    PowerCut,
}

/// What is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Good,
    Loss,
    DoubleRun,
    /// A double task, approval or vote.
    Double,
    Misfit,
}

impl Verdict {
    pub fn is_of(self, found: &Killed) -> bool {
        match self {
            Self::Good => found.is_good(),
            Self::Loss => found.losses > 0,
            Self::DoubleRun => found.double_runs > 0,
            Self::Double => found.doubles > 0,
            Self::Misfit => found.misfits > 0,
        }
    }
}

/// A fault, where it shows, and as what.
#[derive(Debug, Clone, Copy)]
pub struct Tooth {
    pub fault: &'static str,
    pub shaken: Shaken,
    pub verdict: Verdict,
}

const fn killed(cycles: u64, fault: &'static str, verdict: Verdict) -> Tooth {
    Tooth {
        fault,
        shaken: Shaken::Kill(cycles),
        verdict,
    }
}

const fn dead(path: Path, word: &'static str, fault: &'static str, verdict: Verdict) -> Tooth {
    Tooth {
        fault,
        shaken: Shaken::FailPoint(path, word),
        verdict,
    }
}

const fn zombie(fault: &'static str, verdict: Verdict) -> Tooth {
    Tooth {
        fault,
        shaken: Shaken::Zombie,
        verdict,
    }
}

const fn cut(fault: &'static str, verdict: Verdict) -> Tooth {
    Tooth {
        fault,
        shaken: Shaken::PowerCut,
        verdict,
    }
}

/// Kills until what happens only now and then has happened.
const MANY: u64 = 25;

pub const TEETH: &[Tooth] = &[
    cut("synchronous-normal", Verdict::Loss),
    cut("early-ack", Verdict::Loss),
    killed(MANY, "early-ack", Verdict::Loss),
    killed(MANY, "early-vote", Verdict::Loss),
    killed(3, "no-dedup", Verdict::Double),
    killed(3, "grant-twice", Verdict::Double),
    killed(3, "vote-twice", Verdict::Double),
    // The executor itself refuses a second start: it is the attempt that suffers.
    killed(MANY, "start-twice", Verdict::Misfit),
    killed(MANY, "start-unleased", Verdict::DoubleRun),
    killed(3, "run-again", Verdict::DoubleRun),
    killed(MANY, "no-doubt", Verdict::Misfit),
    dead(
        Path::Run,
        "die-before-commit:accept:1",
        "early-ack",
        Verdict::Loss,
    ),
    dead(
        Path::Run,
        "die-before-commit:create_task:1",
        "settle-first",
        Verdict::Loss,
    ),
    dead(
        Path::CancelStaged,
        "die-before-commit:cancel:1",
        "settle-first",
        Verdict::Loss,
    ),
    dead(
        Path::Run,
        "die-after-commit:sent:1",
        "sent-early",
        Verdict::Loss,
    ),
    dead(
        Path::Run,
        "die-after-commit:accept:1",
        "no-dedup",
        Verdict::Double,
    ),
    dead(
        Path::Run,
        "die-after-commit:cast_vote:1",
        "grant-twice",
        Verdict::Double,
    ),
    dead(
        Path::Retry,
        "die-after-commit:retry:1",
        "vote-twice",
        Verdict::Double,
    ),
    dead(
        Path::Run,
        "die-after-commit:attempt_started:1",
        "start-unleased",
        Verdict::DoubleRun,
    ),
    dead(
        Path::Run,
        "die-after-commit:finish:1",
        "run-again",
        Verdict::DoubleRun,
    ),
    dead(Path::Run, "die-after-send:1", "no-doubt", Verdict::Misfit),
    zombie("deaf,kept-for-ever,any-fence", Verdict::DoubleRun),
    // The same zombie, and the fence that is checked.
    zombie(UNDEAD, Verdict::Good),
];

/// What is found of a server with this fault.
pub async fn bite(tooth: &Tooth, seed: u64) -> Killed {
    let mut found = Killed::default();
    match tooth.shaken {
        Shaken::Kill(cycles) => {
            let plan = kill::Plan {
                seed,
                cycles,
                cycles_per_round: cycles,
                fault: Some(tooth.fault),
            };
            found = kill::run(&plan).await;
        }
        Shaken::FailPoint(path, word) => {
            let point = Point {
                path,
                word: word.to_owned(),
            };
            fail_points::die_at(&point, tooth.fault, Pace::Any, &mut found).await;
        }
        Shaken::Zombie => {
            found_by(&mut found, "a zombie", async |found| {
                zombies::outlive(tooth.fault, Pace::Any, found).await;
            })
            .await;
        }
        Shaken::PowerCut => {
            let plan = power::Plan {
                seed,
                cuts: 500,
                cuts_per_trace: 500,
                requests: 100,
                fault: Some(tooth.fault),
            };
            found.losses = power::run(&plan).await.lossy;
        }
    }
    found
}
