//! `cargo xtask chaos …`: the long forms of what CI runs shortly. Each prints its seed.

mod fuzz;
mod mutants;
mod shake;
mod simulate;

use anyhow::bail;

pub(crate) fn run(words: &[String]) -> anyhow::Result<()> {
    let (which, rest) = words
        .split_first()
        .map_or(("", words), |(which, rest)| (which.as_str(), rest));
    match which {
        "kill" | "power-cut" | "fail-points" | "zombies" | "teeth" | "replicas" => {
            shake::run(words)
        }
        "fuzz" => fuzz::run(rest),
        "mutants" => mutants::run(rest),
        "simulate" => simulate::run(rest),
        "model" => simulate::model(rest),
        _ => bail!(
            "usage: cargo xtask chaos kill [--cycles N] [--seed S] | power-cut [--cuts N] [--seed S] \
             | fail-points [--points N] [--seed S] [--paced] | zombies [--cycles N] [--seed S] [--paced] \
             | teeth [--seed S] | fuzz [--target NAME] [--seconds N] [--seed N] [--stable] \
             | mutants [file …] | simulate [--seeds N] [--from S] | model [--cases N]"
        ),
    }
}
