//! The benchmarks, on an optimised build: every figure is a ratio within one run.

use crate::run::step;

pub(crate) fn run(cells: &[String]) -> anyhow::Result<()> {
    step(
        "build",
        &[
            "cargo",
            "build",
            "--workspace",
            "--release",
            "--locked",
            "--bin",
            "nightshift",
            "--bin",
            "nightshift-bench",
            "--bin",
            "nightshift-sabotaged",
        ],
        &[],
    )?;
    let mut words = vec!["target/release/nightshift-bench"];
    words.extend(cells.iter().map(String::as_str));
    step("bench", &words, &[])
}
