//! `--seed S --cycles N --cuts N --points N --tasks N --paced`, each optional.

use std::str::FromStr;

use harness::chaos::{Dice, Pace};

pub(crate) struct Options {
    pub(crate) seed: u64,
    pub(crate) cycles: Option<u64>,
    pub(crate) cuts: Option<u64>,
    pub(crate) points: Option<usize>,
    pub(crate) tasks: Option<u64>,
    pub(crate) pace: Pace,
}

impl FromStr for Options {
    type Err = String;

    fn from_str(words: &str) -> Result<Self, String> {
        let mut options = Self {
            seed: Dice::fresh_seed(),
            cycles: None,
            cuts: None,
            points: None,
            tasks: None,
            pace: Pace::Any,
        };
        let mut words = words.split_whitespace();
        while let Some(name) = words.next() {
            if name == "--paced" {
                options.pace = Pace::Real;
                continue;
            }
            let number = words.next().and_then(|number| number.parse().ok());
            let number: u64 = number.ok_or_else(|| format!("{name} wants a number"))?;
            match name {
                "--seed" => options.seed = number,
                "--cycles" => options.cycles = Some(number),
                "--cuts" => options.cuts = Some(number),
                "--tasks" => options.tasks = Some(number),
                "--points" => options.points = Some(number as usize),
                _ => return Err(format!("there is no {name}")),
            }
        }
        Ok(options)
    }
}
