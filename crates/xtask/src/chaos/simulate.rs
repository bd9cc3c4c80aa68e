//! `cargo xtask chaos simulate [--seeds N] [--from S]` and `cargo xtask chaos model [--cases N]`:
//! the simulation and the store's model for longer than the test suite runs them.

use anyhow::{Context, bail};

use crate::run::step;

const SIMULATE: &str = "usage: cargo xtask chaos simulate [--seeds N] [--from S]";
const MODEL: &str = "usage: cargo xtask chaos model [--cases N]";

pub(crate) fn run(words: &[String]) -> anyhow::Result<()> {
    let (mut seeds, mut from) = (2_000, 1);
    for pair in words.chunks(2) {
        let value: u64 = pair.get(1).context(SIMULATE)?.parse().context(SIMULATE)?;
        match pair[0].as_str() {
            "--seeds" => seeds = value,
            "--from" => from = value,
            _ => bail!(SIMULATE),
        }
    }
    let environment = [
        ("NIGHTSHIFT_SIM_SEEDS", &*seeds.to_string()),
        ("NIGHTSHIFT_SIM_FROM", &*from.to_string()),
    ];
    test(
        "simulation",
        "what_was_promised_holds_whatever_happens",
        &environment,
    )
}

pub(crate) fn model(words: &[String]) -> anyhow::Result<()> {
    let cases: u32 = match words {
        [] => 5_000,
        [name, cases] if name == "--cases" => cases.parse().context(MODEL)?,
        _ => bail!(MODEL),
    };
    let environment = [("NIGHTSHIFT_MODEL_CASES", &*cases.to_string())];
    test("model", "the_store_does_what_the_model_does", &environment)
}

fn test(binary: &str, name: &str, environment: &[(&str, &str)]) -> anyhow::Result<()> {
    let words = ["cargo", "test", "--workspace", "--test", binary];
    let words = [&words[..], &["--", "--nocapture", "--exact", name]].concat();
    step(binary, &words, environment)
}
