//! The machine that runs attempts: processes that outlive the service, or do not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use nightshift_core::id::{Fence, TaskId};
use nightshift_core::port::Clock;
use nightshift_core::port::executor::{
    ExecError, Executor, Exit, ExitKind, Job, JobEvent, Running, Signal, StopProof,
};
use nightshift_core::task::Usage;
use nightshift_core::time::Timestamp;

use crate::turns::{Pass, Turns};

#[derive(Debug, Clone)]
pub(crate) struct Process {
    pub(crate) prompt: String,
    pub(crate) alive: bool,
    told: bool,
    steps: u32,
    stepped_at: Option<Timestamp>,
}

#[derive(Default)]
pub(crate) struct Processes {
    pub(crate) all: BTreeMap<(TaskId, Fence), Process>,
    /// What must never have happened.
    pub(crate) wrong: Vec<String>,
    /// The service is dead: who loses its handle goes on.
    pub(crate) orphaned: bool,
}

/// Outlives every life of the service.
#[derive(Default)]
pub(crate) struct Machine(Mutex<Processes>);

impl Machine {
    pub(crate) fn processes(&self) -> MutexGuard<'_, Processes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Processes {
    fn start(&mut self, job: &Job) {
        let key = (job.task.clone(), job.fence);
        for ((task, fence), process) in &self.all {
            if *task == job.task && process.alive {
                let words = format!(
                    "{task} runs under fence {} while it still runs under {}",
                    job.fence.0, fence.0
                );
                self.wrong.push(words);
            }
        }
        if self.all.contains_key(&key) {
            let words = format!("{} was started twice under fence {}", key.0, key.1.0);
            self.wrong.push(words);
        }
        let process = Process {
            prompt: job.prompt.clone(),
            alive: true,
            told: false,
            steps: 0,
            stepped_at: None,
        };
        self.all.insert(key, process);
    }
}

/// The executor of one life.
pub(crate) struct Local {
    pub(crate) machine: Arc<Machine>,
    pub(crate) turns: Arc<Turns>,
    pub(crate) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Executor for Local {
    fn name(&self) -> &'static str {
        "local"
    }

    fn isolation(&self) -> Result<String, String> {
        Ok("simulated".to_owned())
    }

    async fn start(&self, job: Job) -> Result<Box<dyn Running>, ExecError> {
        let what = format!("start {} {}", job.task, job.fence.0);
        match self.turns.pass(what).await {
            Pass::Go(_) => {}
            Pass::Trouble(_) => {
                return Err(ExecError {
                    message: "simulated: no process could be made".to_owned(),
                    source: None,
                });
            }
            Pass::Torn | Pass::Unanswered => self.turns.die().await,
        }
        self.machine.processes().start(&job);
        Ok(Box::new(Handle {
            key: (job.task, job.fence),
            machine: self.machine.clone(),
            turns: self.turns.clone(),
            clock: self.clock.clone(),
            said: Said::Nothing,
        }))
    }

    async fn sweep_strays(&self) -> usize {
        let mut processes = self.machine.processes();
        let strays = processes.all.values_mut().filter(|process| process.alive);
        strays.map(|process| process.alive = false).count()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Nothing,
    Started,
    Exited,
}

struct Handle {
    key: (TaskId, Fence),
    machine: Arc<Machine>,
    turns: Arc<Turns>,
    clock: Arc<dyn Clock>,
    said: Said,
}

impl Handle {
    fn with<T>(&self, act: impl FnOnce(&mut Process) -> T) -> T {
        let mut processes = self.machine.processes();
        let process = processes.all.get_mut(&self.key);
        act(process.expect("a process that was started"))
    }

    /// Now and then a step; at some time the end.
    fn goes_on(&mut self, chance: u64) -> JobEvent {
        let now = self.clock.now();
        let step = self.with(|process| {
            let rested = process
                .stepped_at
                .is_none_or(|at| now.since(at) >= std::time::Duration::from_secs(2));
            let more = rested && process.steps < 5 && !process.told && !chance.is_multiple_of(3);
            if more {
                process.steps += 1;
                process.stepped_at = Some(now);
            }
            more.then_some(process.steps)
        });
        match step {
            Some(step) => JobEvent::Step(format!("step {step}")),
            None => JobEvent::Exited(self.end(chance)),
        }
    }

    fn end(&mut self, chance: u64) -> Exit {
        self.said = Said::Exited;
        let told = self.with(|process| {
            process.alive = false;
            process.told
        });
        let kind = match (told, chance % 10) {
            // It had ended before it heard.
            (true, 0) => ExitKind::Code(0),
            (true, _) => ExitKind::Stopped,
            (false, 1) => ExitKind::Code(3),
            (false, 2) => ExitKind::Signal(9),
            (false, _) => ExitKind::Code(0),
        };
        let stopped = (kind == ExitKind::Stopped).then_some(StopProof {
            took: std::time::Duration::from_secs(1),
            processes: 1,
            left: 0,
        });
        Exit {
            kind,
            answer: "done".to_owned(),
            usage: Usage::default(),
            files: Vec::new(),
            files_dir: None,
            left_out: Vec::new(),
            stopped,
        }
    }
}

#[async_trait]
impl Running for Handle {
    async fn next(&mut self) -> Option<JobEvent> {
        if self.said == Said::Exited {
            return None;
        }
        let what = format!("event of {} {}", self.key.0, self.key.1.0);
        let chance = match self.turns.pass(what).await {
            Pass::Go(chance) | Pass::Trouble(chance) => chance,
            Pass::Torn | Pass::Unanswered => self.turns.die().await,
        };
        if self.said == Said::Nothing {
            self.said = Said::Started;
            return Some(JobEvent::Started {
                isolation: "simulated".to_owned(),
            });
        }
        Some(self.goes_on(chance))
    }

    fn signal(&self, _: Signal) {
        self.with(|process| process.told = true);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut processes = self.machine.processes();
        if processes.orphaned {
            return;
        }
        if let Some(process) = processes.all.get_mut(&self.key) {
            process.alive = false;
        }
    }
}
