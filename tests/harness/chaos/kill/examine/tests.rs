//! The examiner on records that no server of ours can write.

use serde_json::{Value, json};

use super::attempts::{self, Programs};
use crate::chaos::kill::Killed;

const ID: &str = "task_1";

fn event(kind: &str, fence: u64, outcome: &str) -> Value {
    json!({"type": kind, "data": {"fence": fence, "outcome": outcome, "request_id": "r"}})
}

fn lines(fences: &[u64]) -> Vec<String> {
    fences.iter().map(|fence| format!("{ID} {fence}")).collect()
}

/// What is found in these events, where the programs with these fences began and ended.
fn found(events: &[Value], runs: &[u64], ends: &[u64]) -> Vec<String> {
    let programs = Programs {
        runs: lines(runs),
        ends: lines(ends),
        overlaps: Vec::new(),
    };
    let mut total = Killed::default();
    programs.ran_alone(&mut total);
    attempts::ran(ID, events, &programs, &mut total);
    assert_eq!(total.double_runs as usize, total.first.len());
    total.first
}

#[test]
fn a_loss_and_another_attempt_are_as_they_should_be() {
    let events = [
        event("approval.granted", 0, ""),
        event("attempt.leased", 1, ""),
        event("attempt.lost", 1, "lost"),
        event("attempt.leased", 2, ""),
        event("attempt.finished", 2, "completed"),
    ];
    assert_eq!(found(&events, &[1, 2], &[2]), [] as [String; 0]);
}

#[test]
fn a_lease_beside_an_open_one_is_found() {
    let events = [
        event("approval.granted", 0, ""),
        event("attempt.leased", 1, ""),
        event("attempt.leased", 2, ""),
    ];
    let found = found(&events, &[], &[]);
    assert_eq!(found, ["task_1: Some(2) was leased while 1 was open"]);
}

#[test]
fn a_lease_without_an_approval_is_found() {
    let events = [event("attempt.leased", 1, "")];
    assert_eq!(
        found(&events, &[], &[]),
        ["task_1: Some(1) was leased and not approved"]
    );
    // The approval of an earlier plan is none.
    let events = [
        event("approval.granted", 0, ""),
        event("task.planning", 0, ""),
        event("attempt.leased", 1, ""),
    ];
    assert_eq!(
        found(&events, &[], &[]),
        ["task_1: Some(1) was leased and not approved"]
    );
}

#[test]
fn a_second_run_under_one_approval_is_found() {
    let events = [
        event("approval.granted", 0, ""),
        event("attempt.leased", 1, ""),
        event("attempt.finished", 1, "completed"),
        event("attempt.leased", 2, ""),
    ];
    let found = found(&events, &[1], &[1]);
    assert_eq!(found, ["task_1: Some(2) was leased after 1 was done"]);
}

#[test]
fn the_end_that_another_attempt_told_of_is_found() {
    let events = [
        event("approval.granted", 0, ""),
        event("attempt.leased", 1, ""),
        event("attempt.lost", 1, "lost"),
        event("attempt.leased", 2, ""),
        event("attempt.finished", 2, "completed"),
    ];
    let found = found(&events, &[1, 2], &[1]);
    assert_eq!(found, ["task_1: Some(2) was completed by another attempt"]);
}

#[test]
fn a_start_without_a_lease_and_a_second_start_are_found() {
    let events = [
        event("approval.granted", 0, ""),
        event("attempt.leased", 1, ""),
    ];
    assert_eq!(
        found(&events, &[1, 1, 7], &[]),
        [
            "an attempt began twice: task_1 1",
            "task_1: Some(7) was started without a lease"
        ]
    );
}
