use super::diagram::{HELD, events, events_under, markdown, rows, states};
use super::*;
use crate::id::UserId;
use crate::notice::TaskNotice;

/// Every state × every event that moves it. What is not listed moves nothing.
#[test]
fn the_table_of_moves() {
    let mut table = String::new();
    for row in rows() {
        table.push_str(&format!(
            "{:10} {:19} {}\n",
            row.from.name(),
            row.on.name(),
            row.made.to.name()
        ));
    }
    insta::assert_snapshot!(table, @"
    planning   planned             staged
    planning   planned_and_granted queued
    planning   plan_failed         failed
    planning   expired             expired
    planning   cancel_asked        cancelled
    staged     revised             planning
    staged     granted             queued
    staged     rejected            cancelled
    staged     expired             expired
    staged     cancel_asked        cancelled
    queued     expired             expired
    queued     leased              running
    queued     lease_refused       failed
    queued     cancel_asked        cancelled
    running    lease_returned      queued
    running    completed           completed
    running    failed              failed
    running    retryable           queued
    running    lost                queued
    running    lost_last           failed
    running    cancel_asked        cancelling
    running    frozen              paused
    paused     completed           completed
    paused     failed              failed
    paused     lost                queued
    paused     lost_last           failed
    paused     cancel_asked        cancelling
    paused     thawed              running
    cancelling lease_returned      cancelled
    cancelling completed           completed
    cancelling failed              failed
    cancelling retryable           cancelled
    cancelling lost                cancelled
    cancelling lost_last           cancelled
    cancelling stop_confirmed      cancelled
    failed     retried             planning
    expired    retried             planning
    ");
}

#[test]
fn an_old_fence_moves_nothing() {
    for state in states() {
        for event in events_under(Fence(2)) {
            let fenced = !matches!(
                event,
                TaskEvent::Revised
                    | TaskEvent::Granted { .. }
                    | TaskEvent::Rejected { .. }
                    | TaskEvent::Expired
                    | TaskEvent::Leased { .. }
                    | TaskEvent::LeaseRefused { .. }
                    | TaskEvent::CancelAsked { .. }
                    | TaskEvent::Retried
            );
            if fenced {
                assert_eq!(
                    state.on(HELD, &event),
                    Err(NoMove::Fenced),
                    "{} {}",
                    state.name(),
                    event.name()
                );
            }
        }
    }
}

#[test]
fn an_old_request_decides_nothing() {
    let staged = TaskState::Staged {
        request: RequestId::new("new"),
    };
    let granted = TaskEvent::Granted {
        request: RequestId::new("old"),
    };
    assert_eq!(staged.on(HELD, &granted), Err(NoMove::Stale));
    let rejected = TaskEvent::Rejected {
        request: RequestId::new("old"),
        by: UserId::new("user_ana"),
    };
    assert_eq!(staged.on(HELD, &rejected), Err(NoMove::Stale));
}

#[test]
fn a_plan_that_is_let_through_has_its_grant_written_with_it() {
    let fence = HELD;
    let through = TaskEvent::PlannedAndGranted { fence };
    let moved = TaskState::Planning.on(fence, &through).unwrap();
    assert_eq!(moved.to, TaskState::Queued);
    assert_eq!(moved.request, Some(RequestStep::LetThrough));
    assert_eq!(moved.events(), ["approval.granted", "task.queued"]);
}

/// The words of rows and events: clients and older databases hold them.
#[test]
fn what_a_move_writes_has_its_fixed_words() {
    let ends = [
        (RequestEnd::Granted, "granted", Some("approval.granted")),
        (RequestEnd::Denied, "denied", Some("approval.denied")),
        (RequestEnd::Expired, "expired", Some("approval.expired")),
        (RequestEnd::Superseded, "superseded", None),
    ];
    for (end, name, event) in ends {
        let step = RequestStep::Decided(end);
        assert_eq!(
            (end.name(), step.state(), step.event()),
            (name, name, event)
        );
    }
    let asked = RequestStep::Asked;
    assert_eq!(
        (asked.state(), asked.event()),
        ("open", Some("approval.requested"))
    );
    let through = RequestStep::LetThrough;
    assert_eq!(
        (through.state(), through.event()),
        ("granted", Some("approval.granted"))
    );
    let outcomes = [
        (AttemptStep::Leased, None),
        (AttemptStep::Completed, Some("completed")),
        (AttemptStep::Failed(Failure::Timeout), Some("timeout")),
        (AttemptStep::Retryable, Some("retryable")),
        (AttemptStep::Lost, Some("lost")),
        (AttemptStep::Returned, Some("returned")),
        (AttemptStep::Stopped, Some("stopped")),
    ];
    for (step, outcome) in outcomes {
        assert_eq!(step.outcome(), outcome);
    }
}

#[test]
fn a_state_tells_why_it_is_what_it_is() {
    let failed = TaskState::Failed {
        reason: Failure::DiskQuota,
    };
    assert_eq!(failed.reason().as_deref(), Some("disk_quota"));
    let by = Stopped::CancelledBy(UserId::new("user_ana"));
    let cancelling = TaskState::Cancelling {
        fence: HELD,
        by: by.clone(),
    };
    for state in [cancelling, TaskState::Cancelled { by }] {
        assert_eq!(state.reason().as_deref(), Some("cancelled_by user_ana"));
    }
    assert_eq!(TaskState::Completed.reason(), None);
}

#[test]
fn only_a_retry_leaves_a_terminal_state_and_only_failed_or_expired() {
    for state in states().into_iter().filter(TaskState::is_terminal) {
        for event in events() {
            let moved = state.on(HELD, &event).is_ok();
            let may = event == TaskEvent::Retried
                && matches!(state, TaskState::Failed { .. } | TaskState::Expired);
            assert_eq!(moved, may, "{} {}", state.name(), event.name());
        }
    }
}

#[test]
fn reasons_are_read_as_written() {
    for failure in Failure::ALL {
        assert_eq!(Failure::from_name(failure.name()), Some(failure));
    }
    let ana = UserId::new("user_ana");
    for by in [Stopped::RejectedBy(ana.clone()), Stopped::CancelledBy(ana)] {
        assert_eq!(Stopped::parse(&by.to_string()), Some(by));
    }
    assert_eq!(Stopped::parse("forgotten_by user_ana"), None);
}

/// What a person sees changes with every move, and an end has its last word.
#[test]
fn every_move_is_told() {
    for row in rows() {
        let (from, on, made) = (row.from.name(), row.on.name(), row.made);
        assert!(made.notices.contains(&TaskNotice::Card) || on == "revised");
        let unspoken = made.to.name() == "cancelled" && on == "cancel_asked";
        assert_eq!(
            made.notices.contains(&TaskNotice::Final),
            made.to.is_terminal() && !unspoken,
            "{from} {on}"
        );
    }
}

/// Whoever decides is in the audit, and what runs by itself is not.
#[test]
fn what_people_decide_is_audited() {
    let audited: Vec<String> = rows()
        .iter()
        .filter_map(|row| Some(format!("{} {}", row.on.name(), row.made.audit?)))
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    assert_eq!(
        audited,
        [
            "cancel_asked cancel",
            "granted approve",
            "planned_and_granted auto_approve",
            "rejected reject",
            "retried retry",
            "revised revise",
        ]
    );
}

/// An attempt begins with a lease and ends with the move that leaves its state.
#[test]
fn an_attempt_is_over_exactly_when_nothing_runs_any_more() {
    let runs = |state: &TaskState| matches!(state.name(), "running" | "paused" | "cancelling");
    for row in rows() {
        let step = row.made.attempt;
        let (before, after) = (runs(&row.from), runs(&row.made.to));
        let wanted = match (before, after) {
            (false, true) => step == Some(AttemptStep::Leased),
            (true, false) => step.is_some_and(|step| step.outcome().is_some()),
            (true, true) | (false, false) => step.is_none(),
        };
        assert!(wanted, "{} {}: {step:?}", row.from.name(), row.on.name());
    }
}

/// A request is open exactly while the task is staged.
#[test]
fn a_request_is_open_exactly_while_people_are_asked() {
    let asked = |state: &TaskState| matches!(state, TaskState::Staged { .. });
    for row in rows() {
        let step = row.made.request;
        let wanted = match (asked(&row.from), asked(&row.made.to)) {
            (false, true) => step == Some(RequestStep::Asked),
            (true, false) => matches!(step, Some(RequestStep::Decided(_))),
            (true, true) => false,
            (false, false) => matches!(step, None | Some(RequestStep::LetThrough)),
        };
        assert!(wanted, "{} {}: {step:?}", row.from.name(), row.on.name());
    }
}

#[test]
fn events_are_written_in_the_order_of_their_causes() {
    let lost = TaskState::Running { fence: HELD };
    let lost = lost.on(
        HELD,
        &TaskEvent::Lost {
            fence: HELD,
            last: true,
        },
    );
    let events = lost.map(|made| made.events());
    assert_eq!(
        events,
        Ok(vec!["attempt.lost".into(), "task.failed".into()])
    );
}

#[test]
fn the_list_of_states_and_events_is_complete() {
    let names: Vec<&str> = states().iter().map(TaskState::name).collect();
    assert_eq!(names, TaskState::NAMES);
    let names: std::collections::BTreeSet<_> = events().iter().map(TaskEvent::name).collect();
    assert_eq!(names.len(), events().len());
    for name in names {
        assert!(markdown().contains(name), "{name} moves nothing anywhere");
    }
}
