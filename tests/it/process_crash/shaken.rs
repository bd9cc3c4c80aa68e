//! Killed at random moments and at points: the short form of `cargo xtask chaos kill` and
//! `cargo xtask chaos fail-points`.

use harness::chaos::{Dice, Pace, fail_points, kill};

#[tokio::test]
async fn killed_at_random_moments_nothing_acknowledged_is_missing() {
    let plan = kill::Plan {
        seed: Dice::fresh_seed(),
        cycles: 8,
        cycles_per_round: 8,
        fault: None,
    };
    println!(
        "again with cargo xtask chaos kill --cycles 8 --seed {}",
        plan.seed
    );
    let killed = kill::run(&plan).await;
    assert!(killed.is_good() && killed.acknowledged > 0, "{killed}");
}

#[tokio::test]
async fn dead_at_a_point_of_its_path_the_next_life_goes_on() {
    let seed = Dice::fresh_seed();
    let plan = fail_points::Plan {
        seed,
        points: Some(6),
        paths: vec![
            fail_points::Path::Run,
            fail_points::Path::ALL[(seed % 12) as usize],
        ],
        pace: Pace::Any,
    };
    println!(
        "again with cargo xtask chaos fail-points --points 6 --seed {}",
        plan.seed
    );
    let survived = fail_points::run(&plan).await;
    assert!(survived.after.is_good(), "{survived:#?}");
    assert!(
        survived.missed.len() < survived.points.len(),
        "{survived:#?}"
    );
}
