//! Fills in the variables of the whole tree.

use std::collections::BTreeSet;

use serde_yaml::{Mapping, Value};

use super::document::key_text;
use super::expand::{Environment, Expanded, Gap, ReadFile, expand, is_template};
use super::key::{KeyPath, Kind, Segment};
use super::parts::Parts;
use super::problem::Findings;

pub(crate) struct Fill<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) read_file: ReadFile<'a>,
    pub(crate) parts: &'a Parts,
    pub(crate) found: &'a mut Findings,
    /// Keys whose text was filled in: it may become a number or a flag.
    pub(crate) filled: BTreeSet<KeyPath>,
    /// Values that came from files, or from variables where only programs see them.
    pub(crate) secrets: Vec<String>,
}

impl Fill<'_> {
    pub(crate) fn tree(&mut self, value: Value, path: &KeyPath) -> Value {
        match value {
            Value::String(text) if is_template(&text) => self.scalar(&text, path),
            Value::Sequence(list) => Value::Sequence(
                list.into_iter()
                    .enumerate()
                    .map(|(at, item)| self.tree(item, &path.index(at)))
                    .collect(),
            ),
            Value::Mapping(mapping) => Value::Mapping(self.mapping(mapping, path)),
            other => other,
        }
    }

    fn mapping(&mut self, mapping: Mapping, path: &KeyPath) -> Mapping {
        let secret_names = matches!(path.kind(), Some(Kind::SecretNames(_)));
        let mut done = Mapping::new();
        for (key, value) in mapping {
            let name = key_text(&key).unwrap_or_default();
            let below = path.with(Segment::Name(name.clone()));
            let key = if secret_names && is_template(&name) {
                match self.scalar(&name, &below) {
                    Value::Null => continue,
                    key => key,
                }
            } else {
                key
            };
            let value = self.tree(value, &below);
            done.insert(key, value);
        }
        done
    }

    /// What is missing in a part that is not used, or comes out empty, is absent.
    fn scalar(&mut self, text: &str, path: &KeyPath) -> Value {
        match expand(text, self.environment, self.read_file) {
            Ok(done) => {
                self.filled.insert(path.clone());
                self.remember(&done, path);
                if done.text.is_empty() {
                    Value::Null
                } else {
                    Value::String(done.text)
                }
            }
            Err(Gap::Missing(_)) if !self.parts.in_use(path) => Value::Null,
            Err(Gap::Missing(sentence)) => {
                let expected = path.about().map(str::to_owned);
                let expected = expected.or_else(|| Some(path.kind()?.expected()));
                let message = match expected {
                    Some(expected) => format!("{sentence}; expected {expected}"),
                    None => sentence,
                };
                self.found.value(path, message);
                Value::Null
            }
            Err(Gap::Malformed(sentence)) => {
                self.found.value(path, sentence);
                Value::Null
            }
        }
    }

    fn remember(&mut self, done: &Expanded, path: &KeyPath) {
        self.secrets.extend(done.from_files.iter().cloned());
        // A token in an argv or in a program's variables is written as a variable for a reason.
        let for_programs = ["remote.execution.agents", "remote.execution.commands"];
        if for_programs
            .iter()
            .any(|root| path.starts_with(&KeyPath::of(root)))
        {
            self.secrets.extend(done.from_variables.iter().cloned());
        }
    }
}
