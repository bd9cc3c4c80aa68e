//! The agent of the demo: no model, no network; does what a newcomer wants to see.
//!
//! It honours `sleep N`, `lines N` and `write NAME` anywhere in its prompt and answers with what it
//! did. It is a hidden mode of this binary and runs in the sandbox like every other agent.

use std::io::{Read, Write};
use std::path::{Component, Path};
use std::process::ExitCode;
use std::time::Duration;

/// Enters this mode.
pub(crate) const ARG: &str = "__demo-agent";

/// Longest sleep and most lines: a typing slip must not fill a disk.
const MOST: u64 = 100_000;

pub(crate) fn main() -> ExitCode {
    let mut prompt = Vec::new();
    if std::io::stdin().read_to_end(&mut prompt).is_err() {
        return ExitCode::FAILURE;
    }
    let prompt = String::from_utf8_lossy(&prompt);
    match act(&prompt) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "demo agent: {error}");
            ExitCode::FAILURE
        }
    }
}

fn act(prompt: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    writeln!(
        out,
        "I read a request of {} characters.",
        prompt.chars().count()
    )?;
    for pair in prompt.split_whitespace().collect::<Vec<_>>().windows(2) {
        let value = pair[1]
            .trim_matches(|c: char| ",;:!?\"'`()".contains(c))
            .trim_end_matches('.');
        match (pair[0].to_lowercase().as_str(), value.parse::<u64>()) {
            ("sleep", Ok(seconds)) => sleep(seconds.min(MOST), &mut out)?,
            ("lines", Ok(count)) => {
                for line in 1..=count.min(MOST) {
                    writeln!(out, "line {line} of {count}")?;
                }
            }
            ("write", _) if is_file_name(value) => write(value, prompt, &mut out)?,
            _ => {}
        }
    }
    writeln!(out, "Done.")
}

fn sleep(seconds: u64, out: &mut impl Write) -> std::io::Result<()> {
    for second in 1..=seconds {
        std::thread::sleep(Duration::from_secs(1));
        if second % 5 == 0 || second == seconds {
            writeln!(out, "slept {second} of {seconds} s")?;
            out.flush()?;
        }
    }
    Ok(())
}

fn is_file_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    name.contains('.')
        && matches!(
            (parts.next(), parts.next()),
            (Some(Component::Normal(_)), None)
        )
}

fn write(name: &str, prompt: &str, out: &mut impl Write) -> std::io::Result<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "an agent is told its output directory by a variable"
    )]
    let Ok(dir) = std::env::var("NIGHTSHIFT_OUTPUT_DIR") else {
        return writeln!(out, "There is no output directory.");
    };
    std::fs::write(
        Path::new(&dir).join(name),
        format!("Written for this request:\n\n{prompt}\n"),
    )?;
    writeln!(out, "wrote {name}")
}
