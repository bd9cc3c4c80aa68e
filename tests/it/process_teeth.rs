//! A broken server is found out: each verdict of the chaos tests comes about once. The short form
//! of `cargo xtask chaos teeth`, which knows more ways to be broken.

use harness::chaos::fail_points::Path;
use harness::chaos::teeth::{Shaken, Tooth, Verdict, bite};
use harness::chaos::{Dice, zombies};

async fn reports(verdict: Verdict, fault: &'static str, shaken: Shaken) {
    let seed = Dice::fresh_seed();
    let tooth = Tooth {
        fault,
        shaken,
        verdict,
    };
    println!("{tooth:?} with seed {seed}");
    let found = bite(&tooth, seed).await;
    println!("{found}");
    assert!(verdict.is_of(&found), "{found}");
}

/// Kills until there was work.
const FEW: Shaken = Shaken::Kill(3);

#[tokio::test]
async fn a_start_beside_the_leased_one_is_reported() {
    let point = Shaken::FailPoint(Path::Run, "die-after-commit:attempt_started:1");
    reports(Verdict::DoubleRun, "start-unleased", point).await;
}

#[tokio::test]
async fn a_second_run_under_one_approval_is_reported() {
    reports(Verdict::DoubleRun, "run-again", FEW).await;
}

#[tokio::test]
async fn an_approval_that_counted_twice_is_reported() {
    reports(Verdict::Double, "grant-twice", FEW).await;
}

#[tokio::test]
async fn a_vote_that_counted_twice_is_reported() {
    reports(Verdict::Double, "vote-twice", FEW).await;
}

#[tokio::test]
async fn a_delivery_that_became_two_tasks_is_reported() {
    reports(Verdict::Double, "no-dedup", FEW).await;
}

#[tokio::test]
async fn what_a_death_after_a_commit_doubled_is_reported() {
    let point = Shaken::FailPoint(Path::Run, "die-after-commit:accept:1");
    reports(Verdict::Double, "no-dedup", point).await;
}

#[tokio::test]
async fn a_message_that_a_death_doubled_is_reported() {
    let point = Shaken::FailPoint(Path::Run, "die-after-send:1");
    reports(Verdict::Misfit, "no-doubt", point).await;
}

#[tokio::test]
async fn a_zombie_whose_end_counts_is_reported() {
    const FAULT: &str = "deaf,kept-for-ever,any-fence";
    assert!(FAULT.starts_with(zombies::UNDEAD));
    reports(Verdict::DoubleRun, FAULT, Shaken::Zombie).await;
}
