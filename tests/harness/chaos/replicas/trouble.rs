//! What is done to the servers meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::Report;
use super::load::Load;
use crate::chaos::Dice;
use crate::process::{Fleet, Server};

/// Beyond a term and a lease: by then others have taken over what it led and ran.
const LONG_MS: u64 = 9_000;
/// Until it is started again.
const GONE_MS: u64 = 1_000;

/// Disturbs one server after the other until the work is done; then all of them are there.
pub(super) async fn make(
    fleet: &Fleet,
    mut servers: Vec<Server>,
    (load, calm): (&Load, Duration),
    dice: &mut Dice,
    done: &AtomicBool,
    report: &mut Report,
) -> Vec<Server> {
    let mut told = 0;
    while !done.load(Ordering::SeqCst) {
        pause(dice.below(2 * calm.as_millis() as u64)).await;
        let n = dice.below(servers.len() as u64) as usize;
        match dice.below(10) {
            0..5 => {
                report.kills += 1;
                servers.remove(n).kill_9();
                pause(dice.below(GONE_MS)).await;
                let again = fleet.site(n).start().await;
                load.moved(n, &again.url);
                servers.insert(n, again);
            }
            5..8 => {
                report.freezes += 1;
                servers[n].signal(Signal::SIGSTOP);
                pause(dice.below(LONG_MS)).await;
                servers[n].signal(Signal::SIGCONT);
            }
            _ => {
                report.cuts += 1;
                fleet.database().run(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                     WHERE datname = current_database() AND pid <> pg_backend_pid()",
                );
            }
        }
        let progress = load.progress();
        if progress >= told + 5_000 {
            told = progress;
            println!("{progress} tasks acknowledged, {} kills", report.kills);
        }
    }
    servers
}

async fn pause(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}
