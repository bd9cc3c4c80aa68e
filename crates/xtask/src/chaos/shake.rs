//! The real server, shaken: killed, cut off from power, dead at chosen points, frozen. Optimised,
//! as it is shipped.

use crate::run::step;

const PROGRAMS: [&str; 3] = ["nightshift", "nightshift-sabotaged", "nightshift-chaos"];

/// `words` begin with what is done.
pub(crate) fn run(words: &[String]) -> anyhow::Result<()> {
    let mut build = vec!["cargo", "build", "--workspace", "--release", "--locked"];
    build.extend(PROGRAMS.iter().flat_map(|program| ["--bin", program]));
    step("build", &build, &[])?;
    let mut shake = vec!["target/release/nightshift-chaos"];
    shake.extend(words.iter().map(String::as_str));
    step("chaos", &shake, &[])
}
