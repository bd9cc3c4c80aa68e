use nightshift_core::approval::{RequestState, RequestView};
use nightshift_core::chat::Conversation;
use nightshift_core::id::{Platform, RequestId};
use nightshift_core::task::{Failure, TaskState, Wishes};
use serde_json::json;

use super::*;

fn task() -> Task {
    Task {
        id: "task_7k2m9q4x".parse().unwrap(),
        kind: TaskKind::Agent,
        state: TaskState::Planning,
        fence: Fence(0),
        lost_count: 0,
        detail: None,
        description: "count the lines".into(),
        wishes: Wishes::default(),
        owner: UserId::new("user_alice"),
        origin: None,
        plan_no: 1,
        plan: None,
        approval: None,
        attempt: None,
        usage: Usage::default(),
        result: None,
        created_at: Timestamp::from_millis(1_700_000_000_000),
        queued_at: None,
        started_at: None,
        completed_at: None,
    }
}

#[test]
fn a_new_task_has_every_key_and_says_null_for_what_is_not_there_yet() {
    let shown = serde_json::to_value(TaskView::from(&task())).unwrap();
    assert_eq!(
        shown,
        json!({
            "task_id": "task_7k2m9q4x", "kind": "agent", "status": "planning", "reason": null,
            "detail": null, "description": "count the lines", "user": "user_alice",
            "origin": null, "plan": null, "plan_no": 1, "approval": null, "attempt": null,
            "session": null, "queue_position": null,
            "usage": {"tokens": 0, "usd": 0.0, "seconds": 0.0}, "result": null,
            "created_at": "2023-11-14T22:13:20.000Z", "queued_at": null, "started_at": null,
            "completed_at": null,
        })
    );
}

#[test]
fn a_task_that_ran_shows_its_conversation_its_votes_its_attempt_and_its_reason() {
    let at = Timestamp::from_millis(1_700_000_000_000);
    let ran = Task {
        state: TaskState::Failed {
            reason: Failure::SpawnFailed,
        },
        detail: Some("install the agent".into()),
        origin: Some(Conversation {
            platform: Platform::new("chat"),
            workspace: "T1".into(),
            channel: "C1".into(),
            thread: None,
        }),
        approval: Some(RequestView {
            request_id: RequestId::new("req_1"),
            state: RequestState::Granted,
            need: 1,
            votes: vec![],
            expires_at: at,
            plan_hash: None,
        }),
        attempt: Some(AttemptView {
            number: 1,
            fence: Fence(2),
            executor: "local".into(),
            runner: None,
            replica: None,
            isolation: Some("bwrap".into()),
            leased_at: at,
            started_at: Some(at),
            finished_at: None,
            session: Some("s-1".into()),
            step: None,
            log_dropped_at: None,
        }),
        ..task()
    };
    let shown = serde_json::to_value(TaskView::from(&ran)).unwrap();
    assert_eq!(shown["reason"], "spawn_failed");
    assert_eq!(shown["origin"]["channel"], "C1");
    assert_eq!(shown["origin"]["thread"], json!(null));
    assert_eq!(
        shown["approval"],
        json!({"request_id": "req_1", "state": "granted", "need": 1, "votes": [],
               "expires_at": "2023-11-14T22:13:20.000Z"})
    );
    assert_eq!(shown["attempt"]["isolation"], "bwrap");
    assert_eq!(shown["attempt"]["fence"], 2);
    assert_eq!(shown["session"], "s-1");
}

#[test]
fn what_is_shown_can_be_read_back() {
    let view = TaskView::from(&task());
    let text = serde_json::to_string(&view).unwrap();
    assert_eq!(serde_json::from_str::<TaskView>(&text).unwrap(), view);
}
