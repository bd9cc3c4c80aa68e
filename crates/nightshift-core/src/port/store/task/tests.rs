use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;

use super::*;
use crate::task::TaskState;

#[test]
fn buttons_are_read_by_their_names() {
    for name in ["approve", "revise", "details", "cancel", "feedback"] {
        assert_eq!(CardVerb::from_name(name).unwrap().name(), name);
    }
    assert_eq!(CardVerb::from_name("reject"), None);
}

#[test]
fn the_next_lease_is_of_the_one_that_has_waited_longest_and_leaves_the_others() {
    let queue = Queue(Mutex::new(vec![queued("first"), queued("second")]));
    assert_eq!(next(&queue).as_deref(), Some("first"));
    assert_eq!(next(&queue).as_deref(), Some("second"));
    assert_eq!(next(&queue), None);
}

/// What the next task asks for.
fn next(queue: &Queue) -> Option<String> {
    let now = Timestamp::from_millis(0);
    let terms = LeaseTerms {
        until: now,
        start_by: now,
    };
    let leasing = pin!(queue.lease_next("local", "life-1", terms, now));
    match leasing.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(leased) => leased.unwrap().map(|leased| leased.task.description),
        Poll::Pending => panic!("a queue in memory waits for nothing"),
    }
}

fn queued(description: &str) -> Task {
    Task {
        id: TaskId::from_entropy([0; 16]),
        kind: TaskKind::Agent,
        state: TaskState::Queued,
        fence: Fence(0),
        lost_count: 0,
        detail: None,
        description: description.to_owned(),
        wishes: Wishes::default(),
        owner: UserId::new("ana"),
        origin: None,
        plan_no: 1,
        plan: None,
        approval: None,
        attempt: None,
        usage: Usage::default(),
        result: None,
        created_at: Timestamp::from_millis(0),
        queued_at: None,
        started_at: None,
        completed_at: None,
    }
}

/// Tasks that wait, oldest first; nothing else can be done with them.
struct Queue(Mutex<Vec<Task>>);

#[async_trait]
impl Attempts for Queue {
    async fn lease(
        &self,
        _: &str,
        _: &str,
        _: LeaseTerms,
        limit: usize,
        _: Timestamp,
    ) -> Result<Vec<Leased>, StoreError> {
        let mut waiting = self.0.lock().unwrap();
        let many = limit.min(waiting.len());
        let leased = waiting.drain(..many).map(|task| Leased {
            task,
            fence: Fence(1),
        });
        Ok(leased.collect())
    }

    async fn start_all(&self, _: &[Start], _: Timestamp) -> Result<Vec<LeaseWord>, StoreError> {
        unreachable!("only leases are asked for")
    }

    async fn attempt_progress(
        &self,
        _: &TaskId,
        _: Fence,
        _: Option<&str>,
        _: Usage,
        _: Option<&str>,
        _: Timestamp,
    ) -> Result<LeaseWord, StoreError> {
        unreachable!("only leases are asked for")
    }

    async fn renew(
        &self,
        _: &str,
        _: &[(TaskId, Fence)],
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Vec<LeaseWord>, StoreError> {
        unreachable!("only leases are asked for")
    }

    async fn finish_all(
        &self,
        _: &[Finish],
        _: Timestamp,
    ) -> Result<Vec<FinishOutcome>, StoreError> {
        unreachable!("only leases are asked for")
    }

    async fn sweep(&self, _: Timestamp) -> Result<Swept, StoreError> {
        unreachable!("only leases are asked for")
    }

    async fn recover(&self, _: &str, _: Timestamp, _: Timestamp) -> Result<Swept, StoreError> {
        unreachable!("only leases are asked for")
    }
}
