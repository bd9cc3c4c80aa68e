//! Who may depend on whom, and which heavy crate belongs to whom.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::run::output;

/// Our crates and the ones of ours that each may name. Arrows point to `core`.
const MAY_USE: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("http", &["core"]),
    ("slack", &["core", "http"]),
    ("web", &["core"]),
    ("fakes", &["core"]),
    ("exec", &["core"]),
    ("planner", &["core", "http", "exec"]),
    ("store", &["core"]),
    ("app", &["core"]),
    ("protocol", &["core"]),
    ("server", &["core", "app", "protocol"]),
    (
        "cli",
        &[
            "core", "http", "slack", "web", "exec", "planner", "store", "app", "protocol", "server",
        ],
    ),
];

/// Crates of others that only these of ours may use.
const RESERVED: &[(&str, &[&str])] = &[
    ("sqlx", &["store"]),
    ("reqwest", &["http", "fakes"]),
    ("axum", &["server", "fakes"]),
    ("clap", &["cli"]),
    ("tracing-subscriber", &["cli"]),
    ("landlock", &["exec"]),
    ("seccompiler", &["exec"]),
    ("slack-morphism", &["slack"]),
];

/// `core` is pure: none of these.
const NOT_IN_CORE: &[&str] = &[
    "tokio", "axum", "sqlx", "reqwest", "clap", "rand", "tracing", "nix",
];

const PREFIX: &str = "nightshift-";

pub(crate) fn check(wrong: &mut Vec<String>) -> anyhow::Result<()> {
    let packages = packages()?;
    for (name, uses) in &packages {
        let Some(short) = name.strip_prefix(PREFIX) else {
            continue;
        };
        if matches!(short, "tests" | "fuzz") {
            continue;
        }
        let Some((_, allowed)) = MAY_USE.iter().find(|(known, _)| *known == short) else {
            wrong.push(format!(
                "{name} is not in the table of crates (xtask/src/tidy/edges.rs)"
            ));
            continue;
        };
        for used in uses {
            if let Some(ours) = used.strip_prefix(PREFIX)
                && !allowed.contains(&ours)
            {
                wrong.push(format!("{name} may not depend on {used}"));
            }
            if let Some((_, owners)) = RESERVED.iter().find(|(heavy, _)| heavy == used)
                && !owners.contains(&short)
            {
                wrong.push(format!(
                    "{name} may not use {used}: only {} may",
                    owners.join(", ")
                ));
            }
            if short == "core" && NOT_IN_CORE.contains(&used.as_str()) {
                wrong.push(format!("nightshift-core must stay pure: no {used}"));
            }
        }
    }
    Ok(())
}

/// Each package with what it names outside its tests.
fn packages() -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let text = output(&[
        "cargo",
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
        "--locked",
    ])?;
    let metadata: Value = serde_json::from_str(&text)?;
    let mut packages = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default().to_owned();
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        let uses = dependencies
            .filter(|dependency| dependency["kind"].is_null())
            .filter_map(|dependency| dependency["name"].as_str().map(str::to_owned));
        packages.insert(name, uses.collect());
    }
    Ok(packages)
}
