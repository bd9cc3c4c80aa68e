//! `cargo xtask chaos …`: the long forms of what CI runs shortly. Each prints its seed.

mod fuzz;
mod mutants;

use anyhow::bail;

pub(crate) fn run(words: &[String]) -> anyhow::Result<()> {
    let (which, rest) = words
        .split_first()
        .map_or(("", words), |(which, rest)| (which.as_str(), rest));
    match which {
        "fuzz" => fuzz::run(rest),
        "mutants" => mutants::run(rest),
        _ => bail!(
            "usage: cargo xtask chaos fuzz [--target NAME] [--seconds N] [--seed N] [--stable] \
             | mutants [file …]"
        ),
    }
}
