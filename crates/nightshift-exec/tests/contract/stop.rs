//! Ending attempts, and that nothing is left.

use std::time::Duration;

use nightshift_core::port::{Executor, ExitKind, Signal};

use crate::harness::{ALL, eventually, finish_rest, machines, processes_with, shell, until_said};

/// Ignores TERM, and so do a daemon of its own and that daemon's child.
fn stubborn(word: &str) -> String {
    format!(
        "trap '' TERM; (setsid sh -c \"trap '' TERM; sleep {word} & echo up; wait\" &); \
         while :; do sleep 1; done"
    )
}

fn assert_none_with(word: &str) {
    let left = processes_with(word);
    assert!(left.is_empty(), "left: {left:?}");
}

/// A number of seconds that no other test sleeps.
fn word(machine: &crate::harness::Machine, salt: u32) -> String {
    let isolation = machine.isolation as u32;
    format!(
        "{}",
        400_000 + std::process::id() % 10_000 * 100 + isolation * 10 + salt
    )
}

#[tokio::test]
async fn a_stop_ends_what_ignores_it_and_its_daemons_and_proves_it() {
    for machine in machines(&ALL) {
        let word = word(&machine, 1);
        let mut job = shell(&stubborn(&word));
        job.stop_grace = Duration::from_millis(300);
        let mut running = machine.start(job).await;
        until_said(running.as_mut(), "up").await;
        eventually("the daemon's child runs", || {
            !processes_with(&word).is_empty()
        })
        .await;
        running.signal(Signal::Stop);
        running.signal(Signal::Stop);
        let exit = finish_rest(running.as_mut()).await;
        assert_eq!(exit.kind, ExitKind::Stopped);
        let proof = exit.stopped.unwrap();
        assert!(proof.processes >= 3, "{proof:?}");
        assert_eq!(proof.left, 0);
        assert!(proof.took >= Duration::from_millis(300), "{proof:?}");
        assert_none_with(&word);
    }
}

#[tokio::test]
async fn an_agent_hears_term_and_may_finish() {
    for machine in machines(&ALL) {
        let script = "trap 'echo goodbye; exit 0' TERM; echo up; while :; do sleep 0.1; done";
        let mut running = machine.start(shell(script)).await;
        until_said(running.as_mut(), "up").await;
        running.signal(Signal::Stop);
        until_said(running.as_mut(), "goodbye").await;
        let exit = finish_rest(running.as_mut()).await;
        assert_eq!(exit.kind, ExitKind::Stopped);
        assert!(exit.stopped.unwrap().took < Duration::from_secs(8));
    }
}

#[tokio::test]
async fn a_kill_does_not_wait_for_the_grace() {
    for machine in machines(&ALL) {
        let word = word(&machine, 2);
        let mut running = machine.start(shell(&stubborn(&word))).await;
        until_said(running.as_mut(), "up").await;
        running.signal(Signal::Stop);
        running.signal(Signal::Kill);
        let exit = finish_rest(running.as_mut()).await;
        assert_eq!(exit.kind, ExitKind::Stopped);
        assert!(exit.stopped.unwrap().took < Duration::from_secs(5));
        assert_none_with(&word);
    }
}

#[tokio::test]
async fn our_own_timeout_is_told_apart() {
    for machine in machines(&ALL) {
        let mut job = shell("echo up; sleep 60");
        job.timeout = Duration::from_millis(500);
        let told = machine.run(job).await;
        assert_eq!(told.exit.kind, ExitKind::TimedOut);
        assert_eq!(told.exit.stopped.unwrap().left, 0);
        assert_eq!(told.text(), "up\n");
    }
}

#[tokio::test]
async fn daemons_do_not_outlive_an_agent_that_ends_by_itself() {
    for machine in machines(&ALL) {
        let word = word(&machine, 3);
        let script = format!("(env -i setsid sleep {word} &); sleep 0.1; exit 4");
        let told = machine.script(&script).await;
        assert_eq!(told.exit.kind, ExitKind::Code(4));
        assert_none_with(&word);
    }
}

#[tokio::test]
async fn dropping_the_handle_ends_everything() {
    for machine in machines(&ALL) {
        let word = word(&machine, 4);
        let mut running = machine.start(shell(&stubborn(&word))).await;
        until_said(running.as_mut(), "up").await;
        eventually("the daemon's child runs", || {
            !processes_with(&word).is_empty()
        })
        .await;
        drop(running);
        eventually("everything ended", || processes_with(&word).is_empty()).await;
    }
}

#[tokio::test]
async fn a_stray_of_an_earlier_life_is_found_and_ended() {
    for machine in machines(&ALL) {
        let mark = format!("NIGHTSHIFT_INSTANCE={}", machine.instance);
        let word = word(&machine, 5);
        let mut stray = std::process::Command::new("env")
            .args([&mark, "sleep", &word])
            .spawn()
            .unwrap();
        let mut stranger = std::process::Command::new("env")
            .args([&format!("{mark}-2"), "sleep", &word])
            .spawn()
            .unwrap();
        eventually("both run", || {
            processes_with(&format!("sleep {word}"))
                .iter()
                .filter(|line| line.starts_with("sleep"))
                .count()
                == 2
        })
        .await;
        assert_eq!(machine.executor.sweep_strays().await, 1);
        assert!(!stray.wait().unwrap().success());
        assert_eq!(stranger.try_wait().unwrap(), None);
        stranger.kill().unwrap();
        stranger.wait().unwrap();
    }
}
