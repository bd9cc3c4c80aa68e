//! PostgreSQL's own client, as the way to talk to a server.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Where Debian puts the programs of each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The newest PostgreSQL of this machine.
pub(super) fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .max();
    let debian = newest.map(|version| PathBuf::from(format!("{DEBIAN}/{version}/bin")));
    debian.or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|dir| dir.join("initdb").is_file())
    })
}

/// What the statements print, without headings; or what the server says against them.
pub fn run(url: &str, statements: &str) -> Result<String, String> {
    let program = programs().map_or(PathBuf::from("psql"), |dir| dir.join("psql"));
    let ran = Command::new(program)
        .args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            url,
            "-c",
        ])
        .arg(statements)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("psql cannot be started: {error}"))?;
    if ran.status.success() {
        Ok(String::from_utf8_lossy(&ran.stdout).trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&ran.stderr).trim().to_owned())
    }
}
