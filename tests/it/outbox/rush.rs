//! Many conversations against platforms that enforce their limits and fail at random.

use std::time::Duration;

use harness::outbox::{Faults, Report, Rush, rush};
use nightshift_core::chat::budget::{Act, Budget, Scope};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const EVERY_ACT: &[Act] = &[Act::Whisper, Act::Post, Act::File, Act::Edit];

const fn limit(
    name: &'static str,
    acts: &'static [Act],
    scope: Scope,
    every_ms: u64,
    burst: u32,
) -> Budget {
    Budget {
        name,
        acts,
        scope,
        channels: "",
        every: Duration::from_millis(every_ms),
        burst,
    }
}

/// Each method apart: a channel's posts, a workspace's edits and looks.
const BY_METHOD: &[Budget] = &[
    limit("channel", &[Act::Post], Scope::Channel, 1000, 3),
    limit("posts", &[Act::Post], Scope::Workspace, 200, 20),
    limit("edits", &[Act::Edit], Scope::Workspace, 1250, 2),
    limit("whispers", &[Act::Whisper], Scope::Workspace, 625, 4),
    limit("looks", &[Act::Find], Scope::Workspace, 1250, 2),
    limit("card", &[Act::Edit], Scope::Conversation, 1200, 1),
];

/// Everything together, and each room of its own: 30 a second, 1 a second, and 20 a minute in
/// rooms that begin with `C1`.
const TOGETHER: &[Budget] = &[
    limit("all", EVERY_ACT, Scope::Platform, 34, 30),
    limit("chat", EVERY_ACT, Scope::Channel, 1000, 1),
    Budget {
        channels: "C1",
        ..limit("group", EVERY_ACT, Scope::Channel, 3000, 20)
    },
];

/// One number for all, and a slow pair with a large burst.
const PAIRS: &[Budget] = &[
    limit("number", EVERY_ACT, Scope::Workspace, 13, 80),
    limit("pair", EVERY_ACT, Scope::Channel, 6000, 45),
];

async fn run(plan: &Rush) -> Report {
    let report = rush(plan).await;
    assert_eq!(report.wrongs(), [] as [String; 0], "{plan:?}");
    report
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

fn any_rush() -> impl Strategy<Value = Rush> {
    let limits = prop_oneof![Just(BY_METHOD), Just(TOGETHER), Just(PAIRS)];
    let faults = (
        0..60_u32,
        1..40_u32,
        0..60_u32,
        0..60_u32,
        0..60_u32,
        any::<bool>(),
    );
    let size = (1..6_usize, 1..20_usize, 1..6_usize, 0..5_usize);
    let time = (0..5_u64, 0..3_usize, any::<u64>(), 0..6_usize);
    (limits, faults, size, time).prop_map(|(limits, faults, size, time)| {
        let (too_fast, retry_after_s, server_error, lost_answer, lost_call, blind) = faults;
        let (channels, conversations, messages, whisper_every) = size;
        let (every, crashes, seed, cards) = time;
        Rush {
            seed,
            channels,
            conversations,
            messages,
            every: Duration::from_millis(every * 700),
            whisper_every: whisper_every * 3,
            cards: cards.min(conversations),
            faults: Faults {
                too_fast,
                retry_after_s,
                server_error,
                lost_answer,
                lost_call,
                blind,
            },
            crashes,
            budgets: limits,
            limits,
        }
    })
}

#[test]
fn whatever_fails_nothing_is_lost_out_of_order_or_too_fast() {
    let config = Config {
        cases: 24,
        failure_persistence: None,
        // A smaller example takes as long as the first one to run.
        max_shrink_iters: 64,
        ..Config::default()
    };
    let runtime = runtime();
    let every = TestRunner::new(config).run(&any_rush(), |plan| {
        runtime.block_on(run(&plan));
        Ok(())
    });
    every.expect("every plan");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_rate_limits_nearly_all_of_what_is_permitted_is_used() {
    let report = run(&Rush {
        seed: 7,
        channels: 60,
        conversations: 300,
        messages: 4,
        every: Duration::ZERO,
        whisper_every: 0,
        cards: 0,
        faults: Faults {
            too_fast: 20,
            retry_after_s: 10,
            server_error: 10,
            lost_answer: 10,
            lost_call: 0,
            blind: false,
        },
        crashes: 0,
        budgets: BY_METHOD,
        limits: BY_METHOD,
    })
    .await;
    assert!(report.use_of_rate >= 0.95, "{report:?}");
    assert!(report.use_of_rate <= 1.0, "{report:?}");
    assert!(report.ambiguous > 0 && report.duplicates == 0, "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_channel_does_not_slow_the_others() {
    const CHANNEL: &[Budget] = &[limit("channel", &[Act::Post], Scope::Channel, 1000, 1)];
    let report = run(&Rush {
        seed: 1,
        channels: 10,
        conversations: 40,
        messages: 10,
        every: Duration::ZERO,
        whisper_every: 0,
        cards: 0,
        faults: Faults::default(),
        crashes: 0,
        budgets: CHANNEL,
        limits: CHANNEL,
    })
    .await;
    // Forty messages in each of ten channels, one a second in each.
    assert_eq!(report.took, Duration::from_secs(39), "{report:?}");
}
