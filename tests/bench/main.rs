//! Benchmarks of the built server, each figure beside its yardstick in the same run.
//!
//! `cargo xtask bench` builds everything optimised and runs this; a name as argument runs one part.
//! Closed loop: every connection sends its next request when the last is answered. Rounds are
//! interleaved (bare, not stored, intake, whole, bare, …), medians are printed; treat differences
//! under 15 % as equal.

mod bare;
mod commits;
mod composed;
mod intake;
mod load;
mod process;
mod server;
mod slack;
mod start;
mod unstored;

fn main() -> anyhow::Result<()> {
    let part = std::env::args().nth(1);
    match part.as_deref() {
        Some(bare::ROLE) => return bare::serve(),
        Some(unstored::ROLE) => return unstored::serve(),
        _ => {}
    }
    let wanted = |name: &str| part.as_deref().is_none_or(|part| part == name);
    // One thread: the cores belong to what is measured.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    if wanted("start") {
        start::report()?;
    }
    if wanted("intake") {
        runtime.block_on(intake::report())?;
    }
    if wanted("commits") {
        // As the server has it.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        runtime.block_on(commits::report())?;
    }
    Ok(())
}
