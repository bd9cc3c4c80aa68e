//! Goes through a recording, and cuts the power again and again.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::check;
use super::cut::{self, Left};
use super::disk::Disk;
use super::image::Image;
use super::record::Recording;
use super::trace::{DATABASE, Event, Synced, Tracer};
use crate::chaos::Dice;

/// So many cuts are looked at with a bare connection, before one is opened as the server does.
const OPENED_ONE_IN: u64 = 50;

/// What many power cuts did.
#[derive(Debug, Default)]
pub struct Replayed {
    pub traces: u64,
    /// Requests that were acknowledged before the last cut of their trace.
    pub acknowledged: u64,
    pub cuts: u64,
    /// Cuts that took something acknowledged.
    pub lossy: u64,
    /// The most that one cut took.
    pub worst: u64,
    /// Cuts after which the database could not be read, or contradicted itself.
    pub damaged: u64,
    /// Cuts that the server's own code opened.
    pub opened: u64,
    /// Times that the log was folded into the database.
    pub checkpoints: u64,
    /// The first finding, for whoever repairs it.
    pub first: Option<String>,
}

impl Replayed {
    pub(super) fn add(&mut self, other: Self) {
        self.traces += other.traces;
        self.acknowledged += other.acknowledged;
        self.cuts += other.cuts;
        self.lossy += other.lossy;
        self.worst = self.worst.max(other.worst);
        self.damaged += other.damaged;
        self.opened += other.opened;
        self.checkpoints += other.checkpoints;
        self.first = self.first.take().or(other.first);
    }

    fn found(&mut self, what: impl FnOnce() -> String) {
        self.first.get_or_insert_with(what);
    }
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} power cuts in {} traces with {} acknowledgements and {} checkpoints: \
             {} lost something (at most {}), {} left damage; {} were opened by the server's code",
            self.cuts,
            self.traces,
            self.acknowledged,
            self.checkpoints,
            self.lossy,
            self.worst,
            self.damaged,
            self.opened
        )?;
        match &self.first {
            Some(first) => write!(f, "\nfirst: {first}"),
            None => Ok(()),
        }
    }
}

pub(super) async fn replay(recording: &Recording, cuts: u64, dice: &mut Dice) -> Replayed {
    let mut replay = Replay {
        disk: Disk::default(),
        image: Image::new(),
        acknowledged: HashSet::new(),
        done: Replayed::default(),
    };
    let odds = Odds::new(recording, cuts);
    for trace in &recording.lives {
        let mut tracer = Tracer::new(&recording.data_dir);
        for line in lines(trace) {
            for event in tracer.read(&line) {
                let times = odds.cuts_after(&event, dice);
                replay.happens(event);
                for _ in 0..times {
                    replay.cut(dice).await;
                }
            }
        }
        replay.disk.life_ends();
    }
    let unseen: Vec<_> = recording
        .acknowledged
        .difference(&replay.acknowledged)
        .collect();
    assert!(
        unseen.is_empty(),
        "acknowledged, and not in the trace: {unseen:?}"
    );
    replay.done.traces = 1;
    replay.done.acknowledged = replay.acknowledged.len() as u64;
    replay.done
}

fn lines(path: &Path) -> impl Iterator<Item = String> {
    let file = File::open(path).expect("the trace");
    BufReader::with_capacity(1 << 20, file)
        .lines()
        .map(|line| line.expect("text"))
}

/// How often the power is cut: half of the cuts right after an acknowledgement, where a loss is
/// nearest; the others anywhere.
struct Odds {
    wanted: u64,
    events: u64,
    acknowledgements: u64,
}

impl Odds {
    fn new(recording: &Recording, wanted: u64) -> Self {
        let counted = recording.lives.iter().flat_map(|trace| lines(trace));
        let counted = counted.filter(|line| line.contains("nightshift.sqlite") || is_change(line));
        Self {
            wanted: wanted / 2,
            events: (counted.count() as u64).max(1),
            acknowledgements: (recording.acknowledged.len() as u64).max(1),
        }
    }

    fn cuts_after(&self, event: &Event, dice: &mut Dice) -> u64 {
        let share = match event {
            Event::Acknowledged(_) => self.acknowledgements,
            _ => self.events,
        };
        self.wanted / share + u64::from(dice.below(share) < self.wanted % share)
    }
}

fn is_change(line: &str) -> bool {
    ["pwrite64(", "fsync(", "fdatasync("]
        .iter()
        .any(|call| line.contains(call))
}

struct Replay {
    disk: Disk,
    image: Image,
    acknowledged: HashSet<u64>,
    done: Replayed,
}

impl Replay {
    fn happens(&mut self, event: Event) {
        match &event {
            Event::Acknowledged(number) => {
                self.acknowledged.insert(*number);
            }
            Event::SyncBegins {
                of: Synced::File(name),
                ..
            } if name == DATABASE => {
                self.done.checkpoints += 1;
            }
            _ => {}
        }
        self.disk.happens(event, &mut self.image);
    }

    async fn cut(&mut self, dice: &mut Dice) {
        let left = Left::any(dice);
        let names = cut::leave(left, &self.disk, &mut self.image, dice);
        let opens =
            dice.once_in(OPENED_ONE_IN) || names.keys().any(|name| name.ends_with("-journal"));
        let found = if opens {
            self.done.opened += 1;
            let dir = self.image.copy(&names);
            match check::opened(&dir).await {
                Ok(()) => check::present(&dir).await,
                Err(damage) => Err(damage),
            }
        } else {
            check::present(&self.image.show(&names)).await
        };
        self.image.restore();
        self.done.cuts += 1;
        let nth = self.done.cuts;
        match found {
            Err(damage) => {
                self.done.damaged += 1;
                self.done
                    .found(|| format!("cut {nth}, {left:?} left: {damage}"));
            }
            Ok(present) => {
                let missing: Vec<_> = self.acknowledged.difference(&present).copied().collect();
                if !missing.is_empty() {
                    self.done.lossy += 1;
                    self.done.worst = self.done.worst.max(missing.len() as u64);
                    self.done
                        .found(|| format!("cut {nth}, {left:?} left: {missing:?} missing"));
                }
            }
        }
    }
}
