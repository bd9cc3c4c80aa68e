//! From text to a tree of plain values: syntax only.

use serde_yaml::{Mapping, Value};

use super::problem::{Place, Problem};

/// A configuration has a few hundred lines; more is another file.
const LONGEST: usize = 1 << 20;

/// Parses the text. An empty document is an empty mapping.
pub(crate) fn parse(text: &str) -> Result<Value, Problem> {
    if text.len() > LONGEST {
        return Err(Problem::of_file(Place::Nowhere, "expected at most 1 MiB"));
    }
    let mut tree: Value = serde_yaml::from_str(text).map_err(|error| describe(&error, text))?;
    tree.apply_merge().map_err(|_| {
        Problem::of_file(
            Place::Nowhere,
            "`<<` takes a mapping, or a list of mappings",
        )
    })?;
    match tree {
        Value::Null => Ok(Value::Mapping(Mapping::new())),
        tree => Ok(tree),
    }
}

/// The parser's own sentences name the rule and not the text, but for one: a key that stands
/// twice is quoted there, and a key may be a secret.
fn describe(error: &serde_yaml::Error, text: &str) -> Problem {
    let at = error.location();
    let place = at
        .as_ref()
        .map_or(Place::Nowhere, |at| Place::Line(at.line(), at.column()));
    let own = error.to_string();
    let message = if own.contains("duplicate entry") {
        "a key stands twice in this mapping".to_owned()
    } else if own.contains("repetition limit") {
        "the aliases in this file expand to too much".to_owned()
    } else if own.contains("recursion limit") {
        "this file is nested too deeply".to_owned()
    } else if own.contains("more than one document") {
        "expected one document (there is a `---` in it)".to_owned()
    } else if own.contains("unknown anchor") {
        "this alias names no anchor".to_owned()
    } else {
        let line = at.and_then(|at| text.lines().nth(at.line() - 1));
        match line {
            Some(line) if line.contains("${") && line.contains(['[', ',']) => {
                "expected YAML; inside { } or [ ] a variable needs quotes: \"${NAME}\"".to_owned()
            }
            _ => {
                "expected YAML; look at the indentation, the quotes and the colons here".to_owned()
            }
        }
    };
    Problem::of_file(place, message)
}

/// The text of a key as it was written; numbers and flags may be keys.
pub(crate) fn key_text(key: &Value) -> Option<String> {
    match key {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// The value at a way of names, if there is one.
pub(crate) fn get<'a>(tree: &'a Value, names: &[&str]) -> Option<&'a Value> {
    let found = names.iter().try_fold(tree, |value, name| value.get(*name));
    found.filter(|value| !value.is_null())
}

/// Sets a value, making the mappings on the way. False when something else stands in the way.
pub(crate) fn set(tree: &mut Value, names: &[String], value: Value) -> bool {
    let Some((first, rest)) = names.split_first() else {
        *tree = value;
        return true;
    };
    if tree.is_null() {
        *tree = Value::Mapping(Mapping::new());
    }
    let Value::Mapping(mapping) = tree else {
        return false;
    };
    let key = Value::String(first.clone());
    let slot = mapping.entry(key).or_insert(Value::Null);
    set(slot, rest, value)
}
