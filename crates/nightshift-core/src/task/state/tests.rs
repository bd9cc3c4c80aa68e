use super::*;

const HELD: Fence = Fence(3);

fn states() -> Vec<TaskState> {
    let by = Stopped::CancelledBy(UserId::new("u"));
    vec![
        TaskState::Planning,
        TaskState::Staged {
            request: RequestId::new("r"),
        },
        TaskState::Queued,
        TaskState::Running { fence: HELD },
        TaskState::Paused { fence: HELD },
        TaskState::Cancelling {
            fence: HELD,
            by: by.clone(),
        },
        TaskState::Completed,
        TaskState::Failed {
            reason: Failure::ExitCode,
        },
        TaskState::Cancelled { by },
        TaskState::Expired,
    ]
}

fn events(fence: Fence) -> Vec<(&'static str, TaskEvent)> {
    let request = RequestId::new("r");
    let by = UserId::new("u");
    vec![
        (
            "planned",
            TaskEvent::Planned {
                fence,
                request: request.clone(),
            },
        ),
        (
            "planned_and_granted",
            TaskEvent::PlannedAndGranted { fence },
        ),
        ("plan_failed", TaskEvent::PlanFailed { fence }),
        ("revised", TaskEvent::Revised),
        (
            "granted",
            TaskEvent::Granted {
                request: request.clone(),
            },
        ),
        (
            "rejected",
            TaskEvent::Rejected {
                request,
                by: by.clone(),
            },
        ),
        ("expired", TaskEvent::Expired),
        ("leased", TaskEvent::Leased { fence }),
        (
            "lease_refused",
            TaskEvent::LeaseRefused {
                reason: Failure::SpawnFailed,
            },
        ),
        ("lease_returned", TaskEvent::LeaseReturned { fence }),
        ("completed", TaskEvent::Completed { fence }),
        (
            "failed",
            TaskEvent::Failed {
                fence,
                reason: Failure::ExitCode,
            },
        ),
        ("retryable", TaskEvent::Retryable { fence }),
        ("lost", TaskEvent::Lost { fence, last: false }),
        ("lost_last", TaskEvent::Lost { fence, last: true }),
        ("cancel_asked", TaskEvent::CancelAsked { by }),
        ("stop_confirmed", TaskEvent::StopConfirmed { fence }),
        ("frozen", TaskEvent::Frozen { fence }),
        ("thawed", TaskEvent::Thawed { fence }),
        ("retried", TaskEvent::Retried),
    ]
}

/// Every state × every event that moves it. What is not listed moves nothing.
#[test]
fn the_table_of_moves() {
    let mut table = String::new();
    for state in states() {
        for (name, event) in events(HELD) {
            if let Ok(next) = state.on(HELD, &event) {
                table.push_str(&format!(
                    "{:10} {name:19} {}\n",
                    state.name(),
                    next.to.name()
                ));
            }
        }
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
        for (name, event) in events(Fence(2)) {
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
                    "{} {name}",
                    state.name()
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
}

#[test]
fn only_a_retry_leaves_a_terminal_state_and_only_failed_or_expired() {
    for state in states().into_iter().filter(TaskState::is_terminal) {
        for (name, event) in events(HELD) {
            let moved = state.on(HELD, &event).is_ok();
            let may = event == TaskEvent::Retried
                && matches!(state, TaskState::Failed { .. } | TaskState::Expired);
            assert_eq!(moved, may, "{} {name}", state.name());
        }
    }
}

#[test]
fn reasons_are_read_as_written() {
    for failure in Failure::ALL {
        assert_eq!(Failure::from_name(failure.name()), Some(failure));
    }
    let by = Stopped::RejectedBy(UserId::new("user_ana"));
    assert_eq!(Stopped::parse(&by.to_string()), Some(by));
}
