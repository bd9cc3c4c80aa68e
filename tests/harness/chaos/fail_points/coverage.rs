//! Whether every store method that writes has its fail points: what the store's source names,
//! what the journeys passed, and what none of them can reach.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Methods on no journey, and why.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "ask_question",
        "for platforms without forms; Slack has them",
    ),
    ("claim", "once, before anybody is known"),
    (
        "fail_planning",
        "when the configuration lost what a waiting task names; the simulation tears it",
    ),
    ("files_removed", "a year after the end of a task"),
    (
        "put_page_message",
        "by the built-in page; Slack keeps its own",
    ),
    ("relay", "after three losses of a task"),
    (
        "return_planning",
        "when the service stops in the middle of planning",
    ),
    (
        "set_aside",
        "a stored delivery that cannot be read; nobody's act",
    ),
];

/// The store's source, as it is in this tree.
const SOURCE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../crates/nightshift-store/src"
);

/// Calls that begin a change; its name comes first.
const BEGINNINGS: [&str; 6] = [
    ".change(",
    ".change_by(",
    ".upkeep(",
    ".write(",
    ".write_as(",
    ".at_once(",
];

/// Every change that the store's source names.
pub fn changes() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    read(Path::new(SOURCE), &mut names);
    names
}

fn read(dir: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(dir).expect("the store's source") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read(&path, names);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            names.extend(named_in(&std::fs::read_to_string(path).expect("a source")));
        }
    }
}

fn named_in(source: &str) -> Vec<String> {
    let calls = BEGINNINGS
        .iter()
        .flat_map(|call| source.split(call).skip(1));
    let names = calls.filter_map(|after| {
        let name = after.trim_start().strip_prefix('"')?;
        Some(name.split_once('"')?.0.to_owned())
    });
    names.collect()
}

/// One sentence for each method that no journey passes and no reason excuses, for each reason
/// that is none any more, and for each commit that the source does not name.
pub fn gaps(commits: &BTreeMap<&'static str, BTreeSet<String>>) -> Vec<String> {
    let passed: BTreeSet<&String> = commits.values().flatten().collect();
    let named = changes();
    let excused = |name: &str| ELSEWHERE.iter().any(|(other, _)| *other == name);
    let missing = named
        .iter()
        .filter(|name| !passed.contains(name) && !excused(name));
    let missing = missing.map(|name| format!("no journey passes {name}"));
    let idle = ELSEWHERE.iter().map(|(name, _)| *name);
    let idle = idle.filter(|name| !named.contains(*name) || passed.contains(&(*name).to_owned()));
    let idle = idle.map(|name| format!("{name} needs no excuse"));
    let strange = passed.iter().filter(|name| !named.contains(**name));
    let strange = strange.map(|name| format!("{name} is not found in the source"));
    missing.chain(idle).chain(strange).collect()
}

/// What is not on a journey, with the reason.
pub fn excuses() -> impl Iterator<Item = String> {
    ELSEWHERE.iter().map(|(name, why)| format!("{name}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_wherever_the_line_breaks() {
        let source = r#"self.change("accept", now); self.at_once(
            "accept_all", SCRIPT); self.changes("no"); self.write(name)"#;
        assert_eq!(named_in(source), ["accept", "accept_all"]);
    }

    #[test]
    fn a_method_without_a_journey_is_a_gap() {
        let passed = changes().into_iter().filter(|name| name != "cancel");
        let gaps = gaps(&BTreeMap::from([("all", passed.collect())]));
        assert!(
            gaps.contains(&"no journey passes cancel".to_owned()),
            "{gaps:?}"
        );
    }
}
