//! What is hard-coded here against Slack's own reference, where a copy of it is at hand.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::slack::method::{METHODS, Tier};
use crate::slack::signature;

/// The folder of platform contracts, if the environment names one.
#[expect(
    clippy::disallowed_methods,
    reason = "the copy is optional and has no fixed place"
)]
fn contracts() -> Option<PathBuf> {
    let folder = std::env::var("NIGHTSHIFT_CONTRACTS").ok()?;
    Some(Path::new(&folder).join("slack"))
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn methods_are_as_in_slacks_reference() {
    let Some(folder) = contracts() else { return };
    for method in METHODS {
        let name = method.name;
        let spec = read(&folder.join(format!("specs/methods/{name}.json")));
        let known: BTreeSet<&str> = spec["args"]["properties"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        for argument in method.required.iter().chain(method.optional) {
            assert!(known.contains(argument), "{name}: {argument}");
        }
        for required in spec["args"]["required"].as_array().unwrap() {
            let required = required.as_str().unwrap();
            let ours = required == "token" || method.required.contains(&required);
            assert!(ours, "{name}: {required}");
        }
        let json = spec["json_input_supported"] == true;
        assert_eq!(method.takes_json, json, "{name}");
        let tier = match spec["rate_limits"].as_str().unwrap() {
            "t3" => Some(Tier::PerMinute(50)),
            "t4" => Some(Tier::PerMinute(100)),
            _ => None,
        };
        assert!(tier.is_none_or(|tier| tier == method.tier), "{name}");
    }
}

#[test]
fn signatures_are_those_of_the_vectors() {
    let Some(folder) = contracts() else { return };
    let file = read(&folder.join("vectors/signature_vectors.json"));
    for vector in file["vectors"].as_array().unwrap() {
        let text = |key: &str| vector[key].as_str().unwrap_or_default();
        let made = signature(
            text("signing_secret"),
            text("timestamp"),
            text("body").as_bytes(),
        );
        if vector["valid"] == true {
            assert_eq!(made, text("signature"), "{}", text("origin"));
        }
    }
}
