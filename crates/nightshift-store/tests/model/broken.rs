//! A store with one rule broken, by what is asked of it and by what it is heard to say: the model
//! must notice.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use proptest_state_machine::ReferenceStateMachine;

use crate::Expected;
use crate::command::{Command, Fence, Place};
use crate::model::Model;
use crate::subject::Subject;

/// The rule that is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    /// An old fence is as good as the present one.
    AnyFence,
    /// An earlier life of the server renews leases as well as the present one.
    AnyHolder,
    /// A vote on another plan counts for the present one.
    AnyPlan,
    /// Each vote is somebody else's.
    VotesOfAnybody,
    /// Plans are let through that somebody must approve.
    NoApproval,
    /// A repeated delivery is not recognised.
    NoDeduplication,
    /// What was sent is not written down.
    SentForgotten,
    /// That a message may have arrived is not remembered.
    NoDoubt,
    /// A start forgets what the life before held.
    NoRecovery,
    /// Nothing is expired or lost by time.
    NoSweep,
    /// What was not committed is there all the same.
    Uncommitted,
}

impl Break {
    const ALL: [Self; 11] = [
        Self::AnyFence,
        Self::AnyHolder,
        Self::AnyPlan,
        Self::VotesOfAnybody,
        Self::NoApproval,
        Self::NoDeduplication,
        Self::SentForgotten,
        Self::NoDoubt,
        Self::NoRecovery,
        Self::NoSweep,
        Self::Uncommitted,
    ];
}

/// Within as many sequences as CI runs.
const WITHIN: u32 = crate::CASES;

#[test]
fn every_broken_rule_is_noticed() {
    let unnoticed: Vec<Break> = std::thread::scope(|scope| {
        let tries = Break::ALL.map(|broken| scope.spawn(move || (broken, is_noticed(broken))));
        let tries = tries.into_iter().map(|tried| tried.join().unwrap());
        tries
            .filter(|tried| !tried.1)
            .map(|tried| tried.0)
            .collect()
    });
    assert_eq!(unnoticed, [], "rules nobody watches");
}

fn is_noticed(broken: Break) -> bool {
    let config = Config::default();
    let chance = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, chance);
    let sequences = Expected::sequential_strategy(1..60);
    for number in 1..=WITHIN {
        let (model, mut commands, _) = sequences.new_tree(&mut runner).unwrap().current();
        if number.is_multiple_of(2) {
            commands.splice(..0, until_something_runs());
        }
        if let Some(noticed) = first_difference(broken, model, commands) {
            println!("{broken:?} is noticed in sequence {number}: {noticed}");
            return true;
        }
    }
    false
}

/// Seldom by chance; every second sequence begins so.
fn until_something_runs() -> [Command; 4] {
    let (place, cause) = (Place::Own, None);
    let plan = Command::RecordPlan {
        task: 0,
        fence: Fence::Current,
        need: None,
        text: 0,
    };
    [
        Command::Create { place, cause },
        Command::LeasePlanning,
        plan,
        Command::Lease,
    ]
}

fn first_difference(broken: Break, mut model: Model, commands: Vec<Command>) -> Option<String> {
    let mut subject = Subject::open(Some(broken));
    for command in commands {
        model = model.after(&command);
        let answer = subject.act(&model, &command);
        if answer != model.answer {
            let expected = &model.answer;
            return Some(format!("{command:?}: {answer:?} instead of {expected:?}"));
        }
        let agreed = catch_unwind(AssertUnwindSafe(|| subject.agrees_with(&model)));
        if agreed.is_err() {
            return Some(format!("{command:?} left another state"));
        }
    }
    None
}
