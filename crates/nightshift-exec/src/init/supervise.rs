//! The first stage: starts the agent, carries out orders, reaps everything, and says how it ended
//! only when nothing of the attempt runs any more.

use std::io::{self, BufRead, BufReader, PipeReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, setsid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::{Call, EXEC, End, Ended, INIT_ARG, Order, Spec, Status};
use crate::process;

/// How long processes that do not die of KILL are waited for: they hang in the kernel.
const KILL_PATIENCE: Duration = Duration::from_secs(5);
const KILL_PAUSE: Duration = Duration::from_millis(2);

pub(super) fn run(spec: &Spec, call: &Call) -> ExitCode {
    match supervise(spec, call) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Read outside as the reason when no other line follows.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn supervise(spec: &Spec, call: &Call) -> io::Result<()> {
    let line = UnixStream::from(io::stderr().as_fd().try_clone_to_owned()?);
    if !spec.own_pids {
        // Already leading a session is as good.
        let _ = setsid();
        prctl::set_child_subreaper(true)?;
    }
    // Before the agent exists, so that no TERM finds us without a handler.
    let signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    say(&line, &Status::Ready)?;
    let (agent, failure) = spawn(spec, call)?;
    let watch = Arc::new(Watch {
        agent,
        own_pids: spec.own_pids,
        state: Mutex::new(State::default()),
    });
    watch.obey(line.try_clone()?, signals);
    let failed = reason(failure)?;
    match &failed {
        None => say(&line, &Status::Started)?,
        Some(reason) => say(&line, &Status::SpawnFailed(reason.clone()))?,
    }
    let end = reap_agent(agent)?;
    let (asked, counted) = watch.close();
    let left = watch.end_all();
    if failed.is_none() {
        let ended = Ended {
            end,
            asked,
            processes: counted,
            left,
        };
        say(&line, &Status::Ended(ended))?;
    }
    Ok(())
}

fn say(mut line: &UnixStream, status: &Status) -> io::Result<()> {
    let mut text = serde_json::to_vec(status)?;
    text.push(b'\n');
    line.write_all(&text)
}

/// Starts the second stage; the pipe closes empty when it has become the agent.
fn spawn(spec: &Spec, call: &Call) -> io::Result<(Pid, PipeReader)> {
    let (failure, told) = io::pipe()?;
    let spec = Spec {
        parent: Some(std::process::id()),
        ..spec.clone()
    };
    // Our own file may lie where the agent's user cannot go; this link always leads to it.
    let child = Command::new("/proc/self/exe")
        .args([INIT_ARG, EXEC, &serde_json::to_string(&spec)?])
        .arg(&call.program)
        .arg(&call.name)
        .args(&call.args)
        .stderr(Stdio::from(told))
        .process_group(0)
        .spawn()?;
    Ok((Pid::from_raw(child.id().cast_signed()), failure))
}

fn reason(mut failure: PipeReader) -> io::Result<Option<String>> {
    let mut text = String::new();
    failure.read_to_string(&mut text)?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn reap_agent(agent: Pid) -> io::Result<End> {
    loop {
        match waitpid(None::<Pid>, None) {
            Ok(WaitStatus::Exited(pid, code)) if pid == agent => return Ok(End::Exited(code)),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == agent => {
                return Ok(End::Signalled(signal as i32));
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The agent and who wants it to end.
struct Watch {
    agent: Pid,
    own_pids: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The agent was reaped: its number may belong to somebody else.
    over: bool,
    /// Processes at the first order.
    counted: Option<usize>,
}

impl Watch {
    fn obey(self: &Arc<Self>, line: UnixStream, mut signals: Signals) {
        let orders = Arc::clone(self);
        thread::spawn(move || {
            for order in BufReader::new(line).lines() {
                let Ok(order) = order else { break };
                if let Some(order) = Order::parse(&order) {
                    orders.carry_out(order);
                }
            }
            // The service is gone, and so is everything that it started.
            orders.carry_out(Order::Kill);
        });
        let signalled = Arc::clone(self);
        thread::spawn(move || {
            for _ in signals.forever() {
                signalled.carry_out(Order::Term);
            }
        });
    }

    fn carry_out(&self, order: Order) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.over {
            return;
        }
        state.counted.get_or_insert_with(|| self.alive().len());
        match order {
            // An agent that ended in this moment is no failure.
            Order::Term => drop(killpg(self.agent, Signal::SIGTERM)),
            Order::Kill => self.kill_all(),
        }
    }

    /// The agent is reaped: no order reaches it any more. Says whether one had, and the count.
    fn close(&self) -> (bool, usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.over = true;
        let asked = state.counted.is_some();
        (asked, state.counted.unwrap_or_else(|| self.alive().len()))
    }

    fn alive(&self) -> Vec<process::Entry> {
        let own = std::process::id().cast_signed();
        if self.own_pids {
            process::all()
                .into_iter()
                .filter(|entry| entry.pid != own && entry.runs())
                .collect()
        } else {
            process::descendants(own)
        }
    }

    fn kill_all(&self) {
        if self.own_pids {
            // Everything in the namespace but ourselves; none left is no failure.
            let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
            return;
        }
        for entry in self.alive() {
            let _ = kill(Pid::from_raw(entry.pid), Signal::SIGKILL);
        }
    }

    /// Ends and reaps until we have no children: orphans become ours, so then nothing is left.
    fn end_all(&self) -> usize {
        let begun = Instant::now();
        while begun.elapsed() < KILL_PATIENCE {
            self.kill_all();
            match waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG)) {
                Err(Errno::ECHILD) => return 0,
                Ok(WaitStatus::StillAlive) => thread::sleep(KILL_PAUSE),
                Ok(_) | Err(_) => {}
            }
        }
        self.alive().len()
    }
}
