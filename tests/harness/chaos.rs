//! What may happen to a server from outside: power cuts, `kill -9`, frozen processes. CI runs each
//! in a short form (`tests/it/process_crash`); `cargo xtask chaos` runs them for long.

mod dice;
pub mod fail_points;
pub mod kill;
pub mod linear;
pub mod power;
pub mod replicas;
pub mod teeth;
pub mod zombies;

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use nightshift_fakes::slack::FakeSlack;

pub use dice::Dice;
use kill::Killed;

use crate::process::{Office, slack_setup};

/// How fast the platform may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As fast as we can: tests of something else take seconds and not hours.
    Any,
    /// As the platform permits.
    Real,
}

impl Pace {
    /// What the sabotaged server is told: that, and its faults.
    fn with(self, faults: &str) -> String {
        let unpaced = match self {
            Self::Any => "unpaced",
            Self::Real => "",
        };
        let words = [unpaced, faults].into_iter().filter(|it| !it.is_empty());
        words.collect::<Vec<_>>().join(",")
    }

    /// An office whose agent is this script, and whose server has no fault yet.
    async fn office(self, agent: &str) -> Office {
        let mut setup = slack_setup();
        setup.pace.enforced = self == Self::Real;
        let mut office = Office::around(FakeSlack::start(setup).await.expect("a free port"));
        office.site.agent("probe", agent);
        office.site.config["remote"]["timers"]["retry_backoff"] = "100ms".into();
        office.site.sabotage(&self.with(""));
        office
    }
}

/// Adds what was found to `total`. Who waits in vain, or finds nonsense, has found something, too.
async fn found_by(total: &mut Killed, what: &str, look: impl AsyncFnOnce(&mut Killed)) {
    let mut found = Killed::default();
    let looked = AssertUnwindSafe(look(&mut found)).catch_unwind().await;
    if let Err(panic) = looked {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or(panic.downcast_ref::<&str>().copied());
        found.misfits += 1;
        found.found(words.unwrap_or("it broke down").to_owned());
    }
    if !found.is_good() {
        found.first.insert(0, format!("{what}:"));
    }
    total.add(found);
}
