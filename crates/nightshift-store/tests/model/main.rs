//! Any sequence of commands, given to the store and to a model of what it should do: after each
//! command the answers are equal, so are the tasks, and no invariant is broken.
//!
//! `NIGHTSHIFT_MODEL_CASES` runs more sequences. A sequence that failed is kept in
//! `model.proptest-regressions` and runs first from then on.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod broken;
mod command;
mod model;
mod outbox;
mod subject;
mod tear;

use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use command::Command;
use model::Model;
use subject::Subject;

/// Sequences in CI: some seconds.
const CASES: u32 = 96;

struct Expected;

impl ReferenceStateMachine for Expected {
    type State = Model;
    type Transition = Command;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::new()).boxed()
    }

    fn transitions(_: &Model) -> BoxedStrategy<Command> {
        command::any_command()
    }

    fn apply(state: Model, command: &Command) -> Model {
        state.after(command)
    }
}

struct OnSqlite;

impl StateMachineTest for OnSqlite {
    type SystemUnderTest = Subject;
    type Reference = Expected;

    fn init_test(_: &Model) -> Subject {
        Subject::open(None)
    }

    fn apply(mut subject: Subject, model: &Model, command: Command) -> Subject {
        let answer = subject.act(model, &command);
        assert_eq!(answer, model.answer, "the answer to {command:?}");
        subject
    }

    fn check_invariants(subject: &Subject, model: &Model) {
        subject.agrees_with(model);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "who starts the tests chooses how long they run"
)]
fn config() -> Config {
    let cases = std::env::var("NIGHTSHIFT_MODEL_CASES").ok();
    Config {
        cases: cases.map_or(CASES, |cases| cases.parse().expect("a number of cases")),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/model/model.proptest-regressions"
        )))),
        max_shrink_iters: 2_000,
        ..Config::default()
    }
}

prop_state_machine! {
    #![proptest_config(config())]

    #[test]
    fn the_store_does_what_the_model_does(sequential 1..60 => OnSqlite);
}
