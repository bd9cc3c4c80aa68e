use async_trait::async_trait;
use futures_util::future::{join, join_all};
use nightshift_core::id::{Fence, TaskId};
use nightshift_core::port::store::{LeaseTerms, Leased, Swept};
use nightshift_core::task::{TaskEvent, TaskResult, Usage};
use tokio::sync::Semaphore;

use super::*;

/// Remembers its commits; one attempt cannot be written.
struct Book {
    commits: Mutex<Vec<usize>>,
    bad: Option<Fence>,
    /// Commits that may be made.
    open: Semaphore,
}

impl Book {
    fn new(open: usize, bad: Option<Fence>) -> Self {
        Self {
            commits: Mutex::default(),
            bad,
            open: Semaphore::new(open),
        }
    }
}

type Stored<T> = Result<T, StoreError>;

#[async_trait]
impl Attempts for Book {
    async fn lease(
        &self,
        _: &str,
        _: &str,
        _: LeaseTerms,
        _: usize,
        _: Timestamp,
    ) -> Stored<Vec<Leased>> {
        unreachable!()
    }

    async fn start_all(&self, _: &[Start], _: Timestamp) -> Stored<Vec<LeaseWord>> {
        unreachable!()
    }

    async fn attempt_progress(
        &self,
        _: &TaskId,
        _: Fence,
        _: Option<&str>,
        _: Usage,
        _: Option<&str>,
        _: Timestamp,
    ) -> Stored<LeaseWord> {
        unreachable!()
    }

    async fn renew(
        &self,
        _: &str,
        _: &[(TaskId, Fence)],
        _: Timestamp,
        _: Timestamp,
    ) -> Stored<Vec<LeaseWord>> {
        unreachable!()
    }

    async fn finish_all(&self, ends: &[Finish], _: Timestamp) -> Stored<Vec<FinishOutcome>> {
        self.open.acquire().await.unwrap().forget();
        if ends.iter().any(|end| Some(end.fence) == self.bad) {
            return Err(dropped());
        }
        self.commits.lock().unwrap().push(ends.len());
        Ok(ends.iter().map(|_| FinishOutcome::Fenced).collect())
    }

    async fn sweep(&self, _: Timestamp) -> Stored<Swept> {
        unreachable!()
    }

    async fn recover(&self, _: &str, _: Timestamp, _: Timestamp) -> Stored<Swept> {
        unreachable!()
    }
}

fn end(n: i64) -> Finish {
    let fence = Fence(n);
    Finish {
        task: TaskId::from_entropy([n as u8; 16]),
        fence,
        event: TaskEvent::Completed { fence },
        detail: None,
        result: TaskResult::default(),
        usage: Usage::default(),
        parts: Vec::new(),
        log_bytes: 0,
    }
}

fn now() -> Timestamp {
    Timestamp::from_millis(0)
}

async fn write(ends: &Together<Finish>, book: &Book, n: i64) -> bool {
    ends.write(book, &end(n), now).await.is_ok()
}

#[tokio::test]
async fn what_ends_during_a_commit_is_written_in_the_next() {
    let (ends, book) = (Together::default(), Book::new(0, None));
    let all = join_all((1..=5).map(|n| write(&ends, &book, n)));
    // All of them wait before the first commit may be made.
    let (written, ()) = join(all, async { book.open.add_permits(9) }).await;
    assert_eq!(written, [true; 5]);
    assert_eq!(*book.commits.lock().unwrap(), [1, 4]);
}

#[tokio::test]
async fn one_that_cannot_be_written_does_not_keep_the_others_from_it() {
    let (ends, book) = (Together::default(), Book::new(0, Some(Fence(3))));
    let all = join_all((1..=4).map(|n| write(&ends, &book, n)));
    let (written, ()) = join(all, async { book.open.add_permits(9) }).await;
    assert_eq!(written, [true, true, false, true]);
    assert_eq!(*book.commits.lock().unwrap(), [1, 1, 1]);
}

#[tokio::test]
async fn who_writes_for_others_and_is_given_up_leaves_the_turn() {
    let (ends, book) = (Together::default(), Book::new(0, None));
    let mut first = Box::pin(write(&ends, &book, 1));
    assert!(futures_util::poll!(&mut first).is_pending());
    let mut second = Box::pin(write(&ends, &book, 2));
    assert!(futures_util::poll!(&mut second).is_pending());
    drop(first);
    book.open.add_permits(1);
    assert!(second.await);
}
