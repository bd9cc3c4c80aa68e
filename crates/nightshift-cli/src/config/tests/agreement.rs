//! The table of keys, the types, the example file and the schema say the same.

use std::collections::BTreeSet;

use serde_yaml::Value;

use super::{environment, loads};
use crate::config::key::{Key, Kind};
use crate::config::{Config, keys, load_text, schema};

const EXAMPLE: &str = include_str!("../../../../../config.example.yaml");

/// Every path of the table; `*` stands for a name or a place.
fn table() -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    section(keys::ROOT, "", &mut paths);
    paths
}

fn section(keys: &[Key], above: &str, paths: &mut BTreeSet<String>) {
    for key in keys {
        let path = format!("{above}{}", key.name);
        of_kind(key.kind, &path, paths);
        paths.insert(path);
    }
}

fn of_kind(kind: Kind, path: &str, paths: &mut BTreeSet<String>) {
    match kind {
        Kind::Section(keys) | Kind::Short(_, keys) => section(keys, &format!("{path}."), paths),
        Kind::Map(below) | Kind::SecretNames(below) | Kind::List(below) => {
            of_kind(*below, &format!("{path}.*"), paths);
        }
        _ => {}
    }
}

/// Every path of a tree, in the table's notation.
fn written(tree: &Value) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    walk(tree, Kind::Section(keys::ROOT), "", &mut paths);
    paths
}

fn walk(value: &Value, kind: Kind, path: &str, paths: &mut BTreeSet<String>) {
    match (value, kind) {
        (Value::Mapping(mapping), Kind::Section(keys) | Kind::Short(_, keys)) => {
            for (name, value) in mapping {
                let name = name.as_str().unwrap();
                let key = keys.iter().find(|key| key.name == name);
                let key = key.unwrap_or_else(|| panic!("{path}{name} is not in the table"));
                let path = format!("{path}{name}");
                paths.insert(path.clone());
                walk(value, key.kind, &format!("{path}."), paths);
            }
        }
        (Value::Mapping(mapping), Kind::Map(below) | Kind::SecretNames(below)) => {
            for (_, value) in mapping {
                walk(value, *below, &format!("{path}*."), paths);
            }
        }
        (Value::Sequence(list), Kind::List(below)) => {
            for value in list {
                walk(value, *below, &format!("{path}*."), paths);
            }
        }
        _ => {}
    }
}

/// The example with its commented keys (`#key: …`, no blank after the `#`) switched on.
fn complete_example() -> String {
    let on = |line: &str| match line.split_once('#') {
        Some((blank, rest)) if blank.trim().is_empty() && !rest.starts_with([' ', '#']) => {
            format!("{blank}{rest}\n")
        }
        _ => format!("{line}\n"),
    };
    EXAMPLE.lines().map(on).collect()
}

fn yaml(config: &Config) -> String {
    serde_yaml::to_string(config).unwrap()
}

#[test]
fn the_example_is_the_defaults() {
    let loaded = loads(EXAMPLE, &[]);
    assert_eq!(yaml(&loaded.config), yaml(&loads("", &[]).config));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn every_key_of_the_table_stands_in_the_example_and_is_accepted() {
    let complete = complete_example();
    let tree: Value = serde_yaml::from_str(&complete).unwrap();
    // Conditions are refused in this version, so the example names them in a comment.
    assert!(EXAMPLE.contains("(risk, kind, project, executor)"));
    let missing: Vec<String> = table().difference(&written(&tree)).cloned().collect();
    let conditions = "remote.approvals.rules.*.when.";
    let missing: Vec<String> = missing
        .into_iter()
        .filter(|path| !path.starts_with(conditions))
        .collect();
    assert!(missing.is_empty(), "not in the example: {missing:#?}");
    let mut variables = environment(&[]);
    for name in ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN"] {
        variables.insert(name.into(), "a-value".into());
    }
    if let Err(problems) = load_text(&complete, &variables) {
        panic!("{problems}");
    }
}

#[test]
fn the_types_have_no_key_that_the_table_lacks() {
    // `walk` refuses unknown keys; absent options are written as null.
    let tree: Value = serde_yaml::to_value(Config::default()).unwrap();
    let paths = written(&tree);
    assert!(paths.contains("remote.execution.local.isolation"));
    // Below names and places the types are met by the example above.
    let fixed = table().into_iter().filter(|path| !path.contains('*'));
    let conditions = "remote.approvals.rules";
    let missing: Vec<String> = fixed
        .filter(|path| !paths.contains(path) && !path.starts_with(conditions))
        .collect();
    assert!(missing.is_empty(), "not in the types: {missing:#?}");
}

#[test]
fn the_print_of_the_defaults_loads_and_is_the_defaults() {
    let loaded = loads("", &[]);
    let again = loads(&loaded.redacted_yaml(), &[]);
    assert_eq!(yaml(&again.config), yaml(&loaded.config));
}

#[test]
fn the_schema_knows_every_key_with_its_default() {
    let schema = schema();
    let remote = &schema["properties"]["remote"]["properties"];
    assert_eq!(remote["timers"]["properties"]["lease"]["default"], "1m");
    assert_eq!(remote["enabled"]["default"], true);
    let local = &remote["execution"]["properties"]["local"];
    assert_eq!(local["additionalProperties"], false);
    let isolation = &local["properties"]["isolation"];
    assert_eq!(isolation["default"], "auto");
    assert_eq!(isolation["anyOf"][0]["enum"][1], "bwrap");
    let agent = &remote["execution"]["properties"]["agents"]["additionalProperties"];
    assert_eq!(agent["properties"]["command"]["items"]["type"][0], "string");
}
