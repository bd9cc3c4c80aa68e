//! The server with one fault in it: what the tests of durability must find, and the moments at
//! which it may be killed. Nothing of this is in the shipped binary.

mod executor;
mod fault;
mod idle;
mod platform;
mod rows;
mod store;
mod watch;

use std::process::ExitCode;
use std::sync::Arc;

use fault::Fault;
use nightshift_app::Ports;
use nightshift_cli::Hooks;
use nightshift_store::{Conditions, Synchronous};

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "the test's word to its server")]
    let words = std::env::var("SABOTAGE").unwrap_or_default();
    // The same program also runs inside the sandbox, where it is told nothing and harms nothing.
    let faults = words.split(',').filter(|word| !word.is_empty());
    let faults: Result<Vec<Fault>, String> = faults.map(str::parse).collect();
    match faults {
        Ok(faults) => nightshift_cli::main(hooks(faults)),
        Err(problem) => {
            eprintln!("SABOTAGE={words}: {problem}");
            ExitCode::from(2)
        }
    }
}

fn hooks(faults: Vec<Fault>) -> Hooks {
    let synchronous = if faults.contains(&Fault::SynchronousNormal) {
        Synchronous::Normal
    } else {
        Synchronous::Full
    };
    let store = Conditions {
        synchronous,
        watch: faults.iter().find_map(watch::watch),
    };
    Hooks {
        store,
        ports: Some(Arc::new(move |ports| around(ports, &faults))),
    }
}

fn around(ports: Ports, faults: &[Fault]) -> Ports {
    rows::falsify(faults);
    let ports = store::around(ports, faults);
    let ports = idle::around(ports, faults);
    let ports = executor::around(ports, faults);
    platform::around(ports, faults)
}
