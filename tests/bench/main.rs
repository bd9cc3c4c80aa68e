//! Benchmarks of the built server, each figure beside its yardstick in the same run.
//!
//! `cargo xtask bench` builds everything optimised and runs this; a name as argument runs one part;
//! `queue 10000` leaves out the stores with more tasks than that; `postgres vacuum 300000` makes so
//! many tasks while dead rows are kept.
//! Closed loop: every connection sends its next request when the last is answered. Rounds are
//! interleaved (bare, not stored, intake, whole, bare, …), medians are printed; treat differences
//! under 15 % as equal.

mod approval;
mod bare;
mod commits;
mod composed;
mod depot;
mod goals;
mod intake;
mod load;
mod outbox;
mod postgres;
mod process;
mod queue;
mod recover;
mod server;
mod slack;
mod start;
mod unstored;

// The yardsticks run with the server's allocator.
use nightshift_cli as _;

fn main() -> anyhow::Result<()> {
    let part = std::env::args().nth(1);
    match part.as_deref() {
        Some(bare::ROLE) => return bare::serve(),
        Some(unstored::ROLE) => return unstored::serve(),
        Some(postgres::peer::ROLE) => {
            return server_runtime()?.block_on(postgres::peer::run(std::env::args().skip(2)));
        }
        _ => {}
    }
    let wanted = |name: &str| part.as_deref().is_none_or(|part| part == name);
    let mut goals = Vec::new();
    if wanted("start") {
        start::report()?;
    }
    if wanted("intake") {
        // One thread: the cores belong to what is measured.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        goals.extend(runtime.block_on(intake::report())?);
    }
    let runtime = server_runtime()?;
    if wanted("commits") {
        goals.extend(runtime.block_on(commits::report())?);
    }
    if wanted("queue") {
        let most = std::env::args().nth(2).map(|most| most.parse());
        goals.extend(runtime.block_on(queue::report(most.transpose()?))?);
    }
    if wanted("approval") {
        goals.push(runtime.block_on(approval::report())?);
    }
    if wanted("outbox") {
        goals.extend(runtime.block_on(outbox::report())?);
    }
    if wanted("recover") {
        goals.extend(runtime.block_on(recover::report())?);
    }
    if wanted("postgres") {
        let cell = std::env::args().nth(2);
        let tasks = std::env::args().nth(3).map(|tasks| tasks.parse());
        let report = postgres::report(cell.as_deref(), tasks.transpose()?);
        goals.extend(runtime.block_on(report)?);
    }
    goals::print(&goals);
    Ok(())
}

/// As the server has it.
fn server_runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
}
