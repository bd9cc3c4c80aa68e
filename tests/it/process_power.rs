//! The power is cut under a working server: what was acknowledged is there. The short form of
//! `cargo xtask chaos power-cut`.

use harness::chaos::Dice;
use harness::chaos::power::{Plan, Replayed, run};

async fn cut(fault: Option<&'static str>, cuts: u64) -> Replayed {
    let plan = Plan {
        seed: Dice::fresh_seed(),
        cuts,
        cuts_per_trace: cuts,
        requests: 25,
        fault,
    };
    println!("power cuts with seed {}", plan.seed);
    let replayed = run(&plan).await;
    println!("{replayed}");
    assert!(
        replayed.acknowledged > 0 && replayed.checkpoints > 0,
        "{replayed}"
    );
    replayed
}

#[tokio::test]
async fn a_power_cut_takes_nothing_that_was_acknowledged() {
    let replayed = cut(None, 250).await;
    assert_eq!((replayed.lossy, replayed.damaged), (0, 0), "{replayed}");
}

/// The same eyes see what a server loses that does not sync its commits.
#[tokio::test]
async fn commits_that_are_not_synced_are_lost_and_it_is_seen() {
    let replayed = cut(Some("synchronous-normal"), 60).await;
    assert!(replayed.lossy > 0, "{replayed}");
}

/// And what a server loses that answers first and stores then.
#[tokio::test]
async fn an_answer_before_the_commit_is_a_loss_and_it_is_seen() {
    let replayed = cut(Some("early-ack"), 60).await;
    assert!(replayed.lossy > 0, "{replayed}");
}
