//! One simulation: a seeded scheduler decides who goes on, what fails and when the service dies;
//! at the end everything is healed, and what is left is held against what was promised.

pub(crate) mod heal;

use std::sync::Arc;
use std::time::Duration;

use harness::ManualClock;
use nightshift_core::port::Intake;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::chance::Chance;
use crate::life::{Life, Outside};
use crate::people::{self, Act};
use crate::platform::name;
use crate::store::Break;
use crate::turns::Pass;
use crate::verdict;

/// Decisions of the scheduler before all is healed.
const STEPS: usize = 700;
/// Asleep for longer than this, a machine has lost its leases.
const LEASE: Duration = Duration::from_secs(60);
/// What one seed came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) seed: u64,
    /// Of everything that happened, in its order.
    pub(crate) hash: String,
    pub(crate) wrong: Vec<String>,
    pub(crate) trace: Vec<String>,
    pub(crate) crashes: usize,
    pub(crate) tasks: usize,
    pub(crate) runs: usize,
}

pub(crate) struct Simulation {
    pub(crate) chance: Chance,
    pub(crate) outside: Outside,
    pub(crate) acts: Vec<Act>,
    pub(crate) trace: Vec<String>,
    pub(crate) crashes: usize,
    pub(crate) wrong: Vec<String>,
    sweeps_first: bool,
    dir: TempDir,
    lives: u64,
}

/// Runs a seed, by itself in a thread of its own.
pub(crate) fn simulate(seed: u64, broken: Option<Break>) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    // Time stands still while somebody is at work beside the runtime: it moves when we say so.
    let (ended, work) = std::sync::mpsc::channel::<()>();
    runtime.spawn_blocking(move || {
        let _ = work.recv();
    });
    let report = runtime.block_on(run(seed, broken));
    drop(ended);
    report
}

async fn run(seed: u64, broken: Option<Break>) -> Report {
    let memory = std::path::Path::new("/dev/shm");
    let dir = if memory.is_dir() {
        TempDir::new_in(memory)
    } else {
        TempDir::new()
    };
    let mut simulation = Simulation {
        chance: Chance::of(seed),
        outside: Outside {
            remote: Arc::default(),
            machine: Arc::default(),
            clock: Arc::new(ManualClock::default()),
            endings: Arc::default(),
            broken,
        },
        acts: Vec::new(),
        trace: Vec::new(),
        crashes: 0,
        wrong: Vec::new(),
        sweeps_first: false,
        dir: dir.expect("a directory"),
        lives: seed << 16,
    };
    simulation.outside.remote.seen().finds = simulation.chance.below(3) > 0;
    let mut life = simulation.begin().await;
    for _ in 0..STEPS {
        life = simulation.step(life).await;
    }
    let life = simulation.heal(life).await;
    let found = verdict::of(&simulation, &life).await;
    simulation.wrong.extend(found.wrong);
    life.end().await;
    simulation.report(seed, found.tasks)
}

impl Simulation {
    fn note(&mut self, what: impl Into<String>) {
        let at = self.outside.clock.millis() % 1_000_000_000;
        self.trace.push(format!("{at} {}", what.into()));
    }

    fn report(self, seed: u64, tasks: usize) -> Report {
        let mut hash = Sha256::new();
        for line in &self.trace {
            hash.update(line.as_bytes());
            hash.update(b"\n");
        }
        Report {
            seed,
            hash: hex::encode(hash.finalize()),
            wrong: self.wrong,
            trace: self.trace,
            crashes: self.crashes,
            tasks,
            runs: self.outside.machine.processes().all.len(),
        }
    }

    async fn begin(&mut self) -> Life {
        self.lives += 1;
        let life = Life::begin(&self.outside, self.dir.path(), self.lives).await;
        self.note("the service starts");
        life
    }

    /// One decision.
    async fn step(&mut self, mut life: Life) -> Life {
        life.turns.quiet().await;
        self.reap(&mut life);
        if life.turns.has_died() {
            return self.crash(life, "in a call").await;
        }
        let parked = life.turns.parked();
        match self.chance.below(1000) {
            0..560 if !parked.is_empty() => {
                let (number, what) = parked[self.chance.below(parked.len())].clone();
                // Work takes its time.
                if what.starts_with("event") && self.chance.below(10) > 0 {
                    return life;
                }
                let pass = self.fate(&what);
                self.note(format!("{what}: {}", word(pass)));
                life.turns.release(number, pass);
            }
            0..800 => self.tick_some(&mut life),
            800..860 => self.somebody_acts(),
            860..940 => self.deliver_some(&mut life),
            940..995 => self.time_passes().await,
            995..998 => self.something_arrives_late(),
            _ => return self.crash(life, "between calls").await,
        }
        life
    }

    fn fate(&mut self, what: &str) -> Pass {
        let chance = self.chance.next();
        let luck = self.chance.below(1000);
        let word = what.split(' ').next().unwrap_or_default();
        match word {
            "store" => match luck {
                0..4 => Pass::Torn,
                4..8 => Pass::Unanswered,
                // A report that failed is repeated by a timer of its own.
                8..14 if what != "store attempt_progress" => Pass::Trouble(chance),
                _ => Pass::Go(chance),
            },
            "post" | "edit" | "whisper" | "find" => match luck {
                0..5 => Pass::Torn,
                5..160 => Pass::Trouble(chance),
                _ => Pass::Go(chance),
            },
            "start" | "plan" if luck < 30 => Pass::Trouble(chance),
            _ => Pass::Go(chance),
        }
    }

    fn tick_some(&mut self, life: &mut Life) {
        let mut index = self.chance.below(life.loops.len());
        if std::mem::take(&mut self.sweeps_first) {
            let sweep = life.loops.iter().position(|one| one.name() == "sweep");
            index = sweep.unwrap_or(index);
        }
        if !life.ticking.contains(&index) {
            self.note(format!("tick {}", life.loops[index].name()));
            life.tick(index);
        }
    }

    fn somebody_acts(&mut self) {
        let number = self.acts.len();
        let act = {
            let mut seen = self.outside.remote.seen();
            people::act(&mut self.chance, &mut seen, number)
        };
        self.note(format!(
            "act {number}: {} {:?}",
            act.who, act.inbound.gesture
        ));
        self.acts.push(act);
    }

    fn deliver_some(&mut self, life: &mut Life) {
        // Now and then what was acknowledged comes again.
        let again = self.chance.in_thousand(120);
        let waits = |act: &Act| !act.under_way && (again || !act.acknowledged);
        let waiting: Vec<usize> = (0..self.acts.len())
            .filter(|index| waits(&self.acts[*index]))
            .collect();
        if let Some(index) = self.chance.pick(&waiting).copied() {
            self.deliver(life, index);
        }
    }

    fn deliver(&mut self, life: &mut Life, index: usize) {
        let act = &mut self.acts[index];
        let delivery = act.delivery(index);
        act.under_way = true;
        act.sends += 1;
        act.acknowledged |= self.outside.broken == Some(Break::AcknowledgedEarly);
        self.note(format!("deliver {index}"));
        let app = life.app.clone();
        life.deliveries.spawn(async move {
            let accepted = app.deliver(&name(), delivery).await;
            (index, accepted.is_ok())
        });
    }

    async fn time_passes(&mut self) {
        let runs = {
            let processes = self.outside.machine.processes();
            processes.all.values().any(|process| process.alive)
        };
        // What runs while the machine sleeps is what can come back as a ghost.
        let most = if runs { 135 } else { 100 };
        let wait = match self.chance.below(most) {
            0..65 => Duration::from_millis(100 + self.chance.below(2_000) as u64),
            65..90 => Duration::from_secs(1 + self.chance.below(8) as u64),
            99 => Duration::from_secs(7_200),
            // Asleep with its lid closed.
            _ => Duration::from_secs(50 + self.chance.below(90) as u64),
        };
        // Of all that is due when the machine wakes, the sweep may be the first.
        self.sweeps_first = runs && wait >= LEASE && self.chance.below(4) > 0;
        self.pass(wait).await;
    }

    async fn pass(&mut self, wait: Duration) {
        self.outside.clock.advance(wait);
        self.note(format!("{wait:?} pass"));
        tokio::time::advance(wait).await;
    }

    fn something_arrives_late(&mut self) {
        let arrived = {
            let mut seen = self.outside.remote.seen();
            if seen.on_the_way.is_empty() {
                return;
            }
            let at = self.chance.below(seen.on_the_way.len());
            let (to, card, marker) = seen.on_the_way.remove(at);
            seen.arrive(to, &card, &marker, true);
            marker
        };
        self.note(format!("post {arrived} arrives late"));
    }

    /// What ended since the last look.
    fn reap(&mut self, life: &mut Life) {
        let mut notes = Vec::new();
        while let Some(ended) = life.ticks.try_join_next() {
            let (index, ticked) = ended.expect("a tick does not panic");
            life.ticking.remove(&index);
            let name = life.loops[index].name();
            notes.push(format!("ticked {name}: {ticked:?}"));
        }
        while let Some(ended) = life.deliveries.try_join_next() {
            let (index, accepted) = ended.expect("an intake does not panic");
            // The answer may be lost on its way to the platform.
            let heard = accepted && !self.chance.in_thousand(120);
            let act = &mut self.acts[index];
            act.under_way = false;
            act.acknowledged |= heard;
            notes.push(format!("delivered {index}: {accepted}, heard {heard}"));
        }
        for note in notes {
            self.note(note);
        }
    }

    async fn crash(&mut self, life: Life, where_: &str) -> Life {
        self.crashes += 1;
        let orphaned = self.chance.below(2) == 0;
        self.note(format!("the service dies {where_}, orphans: {orphaned}"));
        self.outside.machine.processes().orphaned = orphaned;
        life.end().await;
        self.outside.machine.processes().orphaned = false;
        for act in &mut self.acts {
            act.under_way = false;
        }
        self.some_posts_are_lost();
        let down = Duration::from_millis(500 + self.chance.below(90_000) as u64);
        self.pass(down).await;
        self.begin().await
    }

    /// Of what was on its way when its sender died, some never arrives.
    fn some_posts_are_lost(&mut self) {
        let mut seen = self.outside.remote.seen();
        seen.on_the_way.sort_by(|a, b| a.2.cmp(&b.2));
        let chance = &mut self.chance;
        seen.on_the_way.retain(|_| chance.below(3) == 0);
    }
}

fn word(pass: Pass) -> String {
    match pass {
        Pass::Go(_) => "goes".to_owned(),
        Pass::Trouble(chance) => format!("trouble {}", chance % 6),
        Pass::Torn => "dies before the commit".to_owned(),
        Pass::Unanswered => "dies before the answer".to_owned(),
    }
}
