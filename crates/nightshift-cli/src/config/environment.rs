//! Keys from the environment: `NIGHTSHIFT__REMOTE__…` over the file, the guide's own variables
//! under it.

use std::collections::BTreeMap;

use serde_yaml::Value;

use super::document::{get, set};
use super::expand::Environment;
use super::key::{KeyPath, Kind, Segment};
use super::keys;
use super::problem::Findings;

const PREFIX: &str = "NIGHTSHIFT__";

/// Which variable set which key.
pub(crate) type FromVariables = BTreeMap<KeyPath, String>;

/// The guide's variables and the keys they fill where the file leaves them out.
pub(crate) const GUIDE: [(&str, &str); 19] = [
    (
        "SLACK_BOT_TOKEN",
        "remote.trigger_service.platforms.slack.bot_token",
    ),
    (
        "SLACK_SIGNING_SECRET",
        "remote.trigger_service.platforms.slack.signing_secret",
    ),
    (
        "SLACK_APP_TOKEN",
        "remote.trigger_service.platforms.slack.app_token",
    ),
    (
        "WHATSAPP_SECRET",
        "remote.trigger_service.platforms.whatsapp.app_secret",
    ),
    (
        "TELEGRAM_BOT_TOKEN",
        "remote.trigger_service.platforms.telegram.bot_token",
    ),
    (
        "DISCORD_PUBLIC_KEY",
        "remote.trigger_service.platforms.discord.public_key",
    ),
    (
        "NIGHTSHIFT_WEBHOOK_URL",
        "remote.trigger_service.webhook_url",
    ),
    ("GCP_PROJECT", "remote.execution.gcp.project"),
    ("GCP_REGION", "remote.execution.gcp.region"),
    (
        "GCP_SERVICE_ACCOUNT",
        "remote.execution.gcp.service_account",
    ),
    ("GCP_NIGHTSHIFT_IMAGE", "remote.execution.gcp.image"),
    ("GCP_STORAGE_BUCKET", "remote.execution.gcp.storage_bucket"),
    ("AWS_LAMBDA_FUNCTION", "remote.execution.aws.function_name"),
    ("AWS_REGION", "remote.execution.aws.region"),
    ("AWS_S3_BUCKET", "remote.execution.aws.storage_bucket"),
    ("AZURE_FUNCTION_APP", "remote.execution.azure.function_app"),
    ("AZURE_REGION", "remote.execution.azure.region"),
    (
        "AZURE_STORAGE_ACCOUNT",
        "remote.execution.azure.storage_account",
    ),
    ("RESULTS_BUCKET", "remote.storage.results_bucket"),
];

/// Agents whose names cannot be written in a variable's name as they are.
const PRESETS: [&str; 6] = [
    "claude-code",
    "codex",
    "gemini",
    "opencode",
    "cursor",
    "custom",
];

/// Puts `NIGHTSHIFT__…` over the tree.
pub(crate) fn override_keys(
    tree: &mut Value,
    environment: &Environment,
    found: &mut Findings,
) -> FromVariables {
    let mut from = FromVariables::new();
    for (variable, text) in environment {
        let Some(rest) = variable.strip_prefix(PREFIX) else {
            continue;
        };
        let names = resolve(rest, tree);
        let path = KeyPath(names.iter().cloned().map(Segment::Name).collect());
        from.insert(path.clone(), shown(&path));
        let Some(kind) = path.kind() else {
            found.key(&path, unknown(&path));
            continue;
        };
        let Some(value) = read(kind, text) else {
            found.value(&path, format!("expected {}", kind.expected()));
            continue;
        };
        if !set(tree, &names, value) {
            found.value(&path, "something else than a mapping stands in its way");
        }
    }
    from
}

fn unknown(path: &KeyPath) -> String {
    let parent = KeyPath(path.0[..path.0.len() - 1].to_vec());
    match (path.0.last(), parent.kind()) {
        (Some(Segment::Name(name)), Some(Kind::Section(keys))) => {
            super::check::unknown_key(name, keys)
        }
        _ => "unknown key".to_owned(),
    }
}

/// The variable's name, rebuilt from the path so that a secret in it is masked.
fn shown(path: &KeyPath) -> String {
    let dotted = path.to_string();
    let name = dotted.to_uppercase().replace('.', "__").replace('-', "_");
    format!("{PREFIX}{name}")
}

/// `EXECUTION__AGENTS__CLAUDE_CODE` by the names that the tree knows.
fn resolve(rest: &str, tree: &Value) -> Vec<String> {
    let mut kind = Some(Kind::Section(keys::ROOT));
    let mut at = Some(tree);
    let mut names = Vec::new();
    for word in rest.split("__") {
        let name = match kind {
            Some(Kind::SecretNames(_)) => word.to_owned(),
            Some(Kind::Map(_)) => own_name(word, at),
            _ => word.to_lowercase(),
        };
        kind = kind.and_then(|kind| kind.below(&Segment::Name(name.clone())));
        at = at.and_then(|value| value.get(name.as_str()));
        names.push(name);
    }
    names
}

/// A name of the writer's choice: one in the file, a preset, or the word as it is.
fn own_name(word: &str, at: Option<&Value>) -> String {
    let same = |name: &str| name.replace('-', "_").eq_ignore_ascii_case(word);
    let written = at.and_then(Value::as_mapping).into_iter().flatten();
    let written = written.filter_map(|(key, _)| key.as_str());
    let mut known = written.chain(PRESETS);
    match known.find(|name| same(name)) {
        Some(name) => name.to_owned(),
        // A name in capitals is one that only a variable's custom made so.
        None if !word.chars().any(char::is_lowercase) => word.to_lowercase(),
        None => word.to_owned(),
    }
}

/// Scalars stay text until the key's kind is known; lists and mappings are read as YAML.
fn read(kind: Kind, text: &str) -> Option<Value> {
    if text.is_empty() {
        return Some(Value::Null);
    }
    let yaml = || super::document::parse(text).ok();
    match kind {
        Kind::Map(_) | Kind::SecretNames(_) | Kind::Section(_) => yaml().filter(Value::is_mapping),
        Kind::List(_) | Kind::OneOrMore(_) => match yaml() {
            Some(Value::Sequence(items)) => Some(Value::Sequence(items)),
            _ => Some(Value::Sequence(
                text.split(',')
                    .map(|item| Value::String(item.trim().to_owned()))
                    .collect(),
            )),
        },
        _ => Some(Value::String(text.to_owned())),
    }
}

/// Fills the keys that the file leaves out with the guide's variables.
pub(crate) fn fill_keys(tree: &mut Value, environment: &Environment, from: &mut FromVariables) {
    for (variable, dotted) in GUIDE {
        let names: Vec<&str> = dotted.split('.').collect();
        let Some(text) = environment.get(variable).filter(|text| !text.is_empty()) else {
            continue;
        };
        if get(tree, &names).is_some() {
            continue;
        }
        let owned: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        if set(tree, &owned, Value::String(text.clone())) {
            from.insert(KeyPath::of(dotted), variable.to_owned());
        }
    }
}
