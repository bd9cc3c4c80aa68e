use super::*;

const LEASE: Duration = Duration::from_secs(60);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

/// A clock that goes with the test's.
fn ticking() -> impl Fn() -> Timestamp + Send + Sync + Copy {
    let begun = Instant::now();
    move || at(0).after(begun.elapsed())
}

async fn cut_off_after(hold: &Hold, now: impl Fn() -> Timestamp + Send) -> Duration {
    let begun = Instant::now();
    hold.cut_off(now).await;
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn who_cannot_renew_stops_ten_seconds_before_the_lease_ends() {
    let renewals = Arc::new(Renewals::default());
    let hold = Hold::new(renewals.clone(), at(0), LEASE);
    renewals.refused();
    assert_eq!(cut_off_after(&hold, ticking()).await.as_secs(), 50);
}

#[tokio::test(start_paused = true)]
async fn a_short_lease_has_a_short_margin() {
    let renewals = Arc::new(Renewals::default());
    let hold = Hold::new(renewals.clone(), at(0), Duration::from_secs(6));
    renewals.refused();
    assert_eq!(cut_off_after(&hold, ticking()).await.as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_hangs_is_none() {
    let renewals = Arc::new(Renewals::default());
    let hold = Hold::new(renewals.clone(), at(0), LEASE);
    renewals.asking();
    assert_eq!(cut_off_after(&hold, ticking()).await.as_secs(), 50);
}

#[tokio::test(start_paused = true)]
async fn a_second_try_does_not_hide_that_the_first_was_refused() {
    let renewals = Arc::new(Renewals::default());
    let hold = Hold::new(renewals.clone(), at(-50), LEASE);
    renewals.refused();
    renewals.asking();
    assert!(cut_off_after(&hold, ticking()).await < LOOK);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_counts_from_before_it_was_asked_for() {
    let renewals = Arc::new(Renewals::default());
    let hold = Hold::new(renewals.clone(), at(0), LEASE);
    hold.renewed(at(20), LEASE);
    // One that was asked for earlier and answered later takes nothing back.
    hold.renewed(at(10), LEASE);
    renewals.refused();
    assert_eq!(cut_off_after(&hold, ticking()).await.as_secs(), 70);
}

#[tokio::test(start_paused = true)]
async fn who_was_asleep_asks_before_it_gives_up() {
    let renewals = Arc::new(Renewals::default());
    let hold = Hold::new(renewals.clone(), at(0), LEASE);
    // It wakes an hour later, and its renewal is taken after two seconds.
    let clock = ticking();
    let late = move || clock().after(Duration::from_secs(3600));
    let woken = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        hold.renewed(late(), LEASE);
        renewals.accepted();
    };
    let cut = tokio::time::timeout(Duration::from_secs(30), hold.cut_off(late));
    let ((), cut) = tokio::join!(woken, cut);
    assert!(cut.is_err(), "it was healthy");

    let hold = Hold::new(Arc::default(), at(0), LEASE);
    assert_eq!(
        cut_off_after(&hold, late).await.as_secs(),
        10,
        "nobody answers"
    );
}
