//! What happens when the service, or the init, is killed without a word.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use nightshift_core::port::{ExitKind, JobEvent};
use nightshift_exec::Isolation;

use crate::harness::{
    ALL, Machine, eventually, finish_rest, machines, next, processes_with, shell, until_said,
};

/// Set for the process that plays the service: isolation and a word for the agent's processes.
const SERVICE: &str = "NIGHTSHIFT_TEST_SERVICE";

/// A daemon without our marks, and a child of the agent's.
fn agent(word: &str) -> String {
    format!("(env -i setsid sleep {word} &); sleep {word} & echo up; wait")
}

/// Only does something when the test below starts it in a process of its own.
#[tokio::test]
async fn the_service_as_a_process() {
    let Some(told) = std::env::var_os(SERVICE) else {
        return;
    };
    let told = told.into_string().unwrap();
    let (isolation, word) = told.split_once(' ').unwrap();
    let isolation = ALL.into_iter().find(|one| format!("{one:?}") == isolation);
    let machine = Machine::new(isolation.unwrap());
    let mut running = machine.start(shell(&agent(word))).await;
    until_said(running.as_mut(), "up").await;
    println!("\nready {}", machine.instance);
    loop {
        next(running.as_mut()).await;
    }
}

fn service(isolation: Isolation, word: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::the_service_as_a_process", "--nocapture"])
        .env(SERVICE, format!("{isolation:?} {word}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn a_killed_service_leaves_no_agent_running() {
    for (number, machine) in machines(&ALL).into_iter().enumerate() {
        let word = format!(
            "{}",
            9_100_000 + std::process::id() % 10_000 * 10 + number as u32
        );
        let mut service = service(machine.isolation, &word);
        let mut lines = BufReader::new(service.stdout.take().unwrap()).lines();
        let ready = lines.find_map(|line| {
            let line = line.unwrap();
            line.strip_prefix("ready ").map(str::to_owned)
        });
        eventually("both run", || {
            let sleeping = processes_with(&word);
            sleeping
                .iter()
                .filter(|line| line.starts_with("sleep"))
                .count()
                == 2
        })
        .await;
        service.kill().unwrap();
        service.wait().unwrap();
        eventually("nothing is left", || processes_with(&word).is_empty()).await;
        let instance = ready.unwrap();
        let _ = std::fs::remove_dir_all(std::env::temp_dir().join(format!(".{instance}")));
        let _ = std::fs::remove_dir_all(format!("/var/tmp/nightshift-{instance}"));
    }
}

/// The init as the parent of the agent, where both can be seen from here.
fn init_of(word: &str) -> Option<i32> {
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .find(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line);
            line.contains("__sandbox-init\0supervise\0") && line.contains(word)
        })
}

#[tokio::test]
async fn a_killed_init_takes_the_agent_with_it_and_the_attempt_ends() {
    for (number, machine) in machines(&ALL).into_iter().enumerate() {
        let word = format!(
            "{}",
            9_300_000 + std::process::id() % 10_000 * 10 + number as u32
        );
        let script = format!("setsid sleep {word} & sleep {word} & echo up; wait");
        let mut running = machine.start(shell(&script)).await;
        let isolation = next(running.as_mut()).await;
        assert!(matches!(isolation, JobEvent::Started { .. }));
        until_said(running.as_mut(), "up").await;
        let init = nix::unistd::Pid::from_raw(init_of(&word).unwrap());
        nix::sys::signal::kill(init, nix::sys::signal::Signal::SIGKILL).unwrap();
        let exit = finish_rest(running.as_mut()).await;
        assert!(matches!(exit.kind, ExitKind::Broken(_)), "{exit:?}");
        assert!(processes_with(&word).is_empty());
    }
}
