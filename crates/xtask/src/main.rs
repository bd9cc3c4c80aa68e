//! The project's own tools: `cargo xtask ci|test|tidy|diagram|bench|chaos`.

mod bench;
mod chaos;
mod ci;
mod diagram;
mod run;
mod test;
mod tidy;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match words.first().map(String::as_str) {
        Some("ci") => ci::run(),
        Some("test") => test::run(&words[1..]),
        Some("tidy") => tidy::run(),
        Some("diagram") => diagram::write(),
        Some("bench") => bench::run(&words[1..]),
        Some("chaos") => chaos::run(&words[1..]),
        _ => Err(anyhow::anyhow!(
            "usage: cargo xtask ci | test [filter] | tidy | diagram | bench [cell …] | chaos …"
        )),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
