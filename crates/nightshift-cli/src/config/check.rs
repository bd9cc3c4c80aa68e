//! Checks a tree against the table of keys, all of it at once, and brings every value into the
//! one form that the typed tree reads. What is wrong is told and left out.

mod scalar;

use std::collections::BTreeSet;

use serde_yaml::{Mapping, Value};

use super::document::key_text;
use super::key::{Key, KeyPath, Kind, is_plain};
use super::keys;
use super::problem::Findings;
use super::suggest::nearest;
use scalar::{accept, describe, from_text};

pub(crate) use scalar::flag;

pub(crate) struct Check<'a> {
    pub(crate) found: &'a mut Findings,
    /// Keys whose value came as text: from a variable, or with variables in it.
    pub(crate) filled: &'a BTreeSet<KeyPath>,
    /// Every secret met on the way, also where something is wrong with it.
    pub(crate) secrets: Vec<String>,
}

impl Check<'_> {
    pub(crate) fn tree(&mut self, tree: Value) -> Value {
        self.value(Kind::Section(keys::ROOT), tree, &KeyPath::default())
    }

    fn value(&mut self, kind: Kind, value: Value, path: &KeyPath) -> Value {
        match (kind, value) {
            (_, Value::Null) => Value::Null,
            (Kind::Section(keys), Value::Mapping(mapping)) => self.section(keys, mapping, path),
            (Kind::Map(below), Value::Mapping(mapping)) => self.names(*below, mapping, path),
            (Kind::SecretNames(below), Value::Mapping(mapping)) => {
                self.secrets.extend(mapping.keys().filter_map(key_text));
                self.names(*below, mapping, path)
            }
            (Kind::List(below) | Kind::OneOrMore(below), Value::Sequence(list)) => {
                self.list(*below, list, path)
            }
            (Kind::OneOrMore(below), value) => match self.value(*below, value, path) {
                Value::Null => Value::Null,
                one => Value::Sequence(vec![one]),
            },
            (Kind::Short(_, keys), Value::Mapping(mapping)) => self.entry(keys, mapping, path),
            (Kind::Short(short, keys), value) => match self.value(*short, value, path) {
                Value::Null => Value::Null,
                short => Value::Mapping(Mapping::from_iter([(keys[0].name.into(), short)])),
            },
            (kind, value) => self.scalar(kind, value, path),
        }
    }

    fn section(&mut self, keys: &'static [Key], mapping: Mapping, path: &KeyPath) -> Value {
        let mut done = Mapping::new();
        for (key, value) in mapping {
            let name = key_text(&key).unwrap_or_default();
            let below = path.name(&name);
            match keys.iter().find(|key| key.name == name) {
                None => self.found.key(&below, unknown_key(&name, keys)),
                Some(key) => match self.value(key.kind, value, &below) {
                    Value::Null => {}
                    value => {
                        done.insert(name.into(), value);
                    }
                },
            }
        }
        Value::Mapping(done)
    }

    /// A list's entry in its long form: without its first key it is nothing.
    fn entry(&mut self, keys: &'static [Key], mapping: Mapping, path: &KeyPath) -> Value {
        let done = self.section(keys, mapping, path);
        if done.get(keys[0].name).is_some() {
            return done;
        }
        self.found
            .value(path, format!("expected the key `{}` in it", keys[0].name));
        Value::Null
    }

    fn names(&mut self, below: Kind, mapping: Mapping, path: &KeyPath) -> Value {
        let mut done = Mapping::new();
        for (key, value) in mapping {
            let Some(name) = key_text(&key).filter(|name| is_name(name)) else {
                self.found.value(path, "expected names as keys");
                continue;
            };
            // A name alone, `claude-code:`, is an empty section.
            let value = match (below, value) {
                (Kind::Section(_), Value::Null) => Value::Mapping(Mapping::new()),
                (_, value) => value,
            };
            match self.value(below, value, &path.name(&name)) {
                Value::Null => {}
                value => {
                    done.insert(name.into(), value);
                }
            }
        }
        Value::Mapping(done)
    }

    fn list(&mut self, below: Kind, list: Vec<Value>, path: &KeyPath) -> Value {
        let items = list.into_iter().enumerate();
        let items = items.map(|(at, item)| self.value(below, item, &path.index(at)));
        Value::Sequence(items.filter(|item| !item.is_null()).collect())
    }

    fn scalar(&mut self, kind: Kind, value: Value, path: &KeyPath) -> Value {
        if let (Kind::Secret, Value::String(text)) = (kind, &value) {
            self.secrets.push(text.clone());
        }
        let value = match value {
            Value::String(text) if self.filled.contains(path) => from_text(kind, text),
            value => value,
        };
        let what = describe(&value);
        let near = match (kind, &value) {
            (Kind::OneOf(words), Value::String(text)) => nearest(text, words.iter().copied()),
            _ => None,
        };
        if let Some(value) = accept(kind, value) {
            return value;
        }
        let meant = near.map(|near| format!("; did you mean `{near}`?"));
        let expected = kind.expected();
        let meant = meant.unwrap_or_default();
        let message = format!("expected {expected}, found {what}{meant}");
        self.found.value(path, message);
        Value::Null
    }
}

/// Names are repeated in messages and logs: no line breaks in them.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(char::is_control)
}

/// The sentence about a key that is not in the table.
pub(crate) fn unknown_key(name: &str, keys: &'static [Key]) -> String {
    if let Some(near) = nearest(name, keys.iter().map(|key| key.name)) {
        return format!("unknown key; did you mean `{near}`?");
    }
    let inside = keys.iter().find_map(|key| match key.kind {
        Kind::Section(below) if below.iter().any(|below| below.name == name) => Some(key.name),
        _ => None,
    });
    if let Some(inside) = inside.filter(|_| is_plain(name)) {
        return format!("unknown key; `{name}` belongs below `{inside}`");
    }
    if keys.is_empty() {
        return "unknown key; nothing belongs here".to_owned();
    }
    let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
    format!("unknown key; expected one of {}", names.join(", "))
}
