//! Frozen and back again: nothing runs twice at once, and a second start was told of.

use std::time::Duration;

use harness::chaos::Pace;
use harness::chaos::kill::Killed;
use harness::chaos::zombies::{self, Frozen};
use nix::sys::signal::Signal;

/// Twice the lease that the frozen server holds.
const LONG: Duration = Duration::from_secs(4);

async fn frozen(who: Frozen) -> usize {
    let mut total = Killed::default();
    let starts = zombies::freeze(who, LONG, Pace::Any, &mut total).await;
    assert!(total.is_good(), "{total}");
    starts
}

#[tokio::test]
async fn a_server_that_was_frozen_for_two_leases_runs_nothing_twice_at_once() {
    frozen(Frozen::Server).await;
}

#[tokio::test]
async fn an_agent_that_was_silent_keeps_its_attempt() {
    assert_eq!(frozen(Frozen::Agent).await, 1);
}

#[tokio::test]
async fn a_frozen_server_is_not_replaced_on_its_own_data() {
    let (office, server, id) = zombies::working("", Pace::Any).await;
    server.signal(Signal::SIGSTOP);
    let second = office.site.refused().await;
    server.signal(Signal::SIGCONT);
    assert_eq!(second.code, 1, "{second:?}");
    assert!(second.stderr.contains("another server uses"), "{second:?}");
    office.site.signal("go");
    server.reaches(&id, &["completed"]).await;
    assert_eq!(office.starts(&id), 1);
}

#[tokio::test]
async fn an_attempt_that_outlived_its_lease_ends_for_nobody() {
    let mut total = Killed::default();
    zombies::outlive(zombies::UNDEAD, Pace::Any, &mut total).await;
    assert!(total.is_good() && total.lost_attempts == 1, "{total}");
}
