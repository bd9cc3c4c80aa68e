//! The stable form: a target over its corpus and over mutations of it, without nightly tools.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::mutate::{Dice, mutated};
use crate::{Target, corpus};

/// How long to go on.
#[derive(Debug, Clone, Copy)]
pub enum Budget {
    Cases(usize),
    Time(Duration),
}

/// An input that broke a promise.
#[derive(Debug)]
pub struct Broken {
    pub input: Vec<u8>,
    /// The kept file it is, or the seed and the number of the mutation.
    pub from: String,
    pub why: String,
}

/// Inputs that were tried, or the first that broke a promise.
pub fn run(target: &Target, seed: u64, budget: Budget) -> Result<usize, Box<Broken>> {
    let kept = corpus::of(target.name);
    for (name, input) in &kept {
        attempt(target, input, || name.clone())?;
    }
    let inputs: Vec<Vec<u8>> = kept.into_iter().map(|(_, input)| input).collect();
    // Each target has its own sequence: adding one changes no other.
    let mut dice = Dice::new(seed ^ number(target.name));
    let began = Instant::now();
    let mut tried = 0;
    while match budget {
        Budget::Cases(cases) => tried < cases,
        Budget::Time(time) => began.elapsed() < time,
    } {
        let input = mutated(&inputs, target.words, &mut dice);
        attempt(target, &input, || format!("seed {seed}, mutation {tried}"))?;
        tried += 1;
    }
    Ok(inputs.len() + tried)
}

fn attempt(
    target: &Target,
    input: &[u8],
    from: impl FnOnce() -> String,
) -> Result<(), Box<Broken>> {
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.check)(input)));
    outcome.map_err(|panic| {
        Box::new(Broken {
            input: input.to_vec(),
            from: from(),
            why: words_of(&*panic),
        })
    })
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words")
        .to_owned()
}

/// FNV-1a: the same in every version of the compiler.
fn number(name: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325;
    name.bytes().fold(start, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
