//! What is wrong with a configuration: key, place, and what was expected. Never a secret.

use std::fmt;

use super::key::{KeyPath, Segment};
use super::suggest::nearest;

/// Where a key was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Line and column, from 1.
    Line(usize, usize),
    /// The name of a variable, masked where it may hold a secret.
    Variable(String),
    Nowhere,
}

/// One problem, found. Its place is looked up when all are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: KeyPath,
    pub(crate) on: On,
    pub(crate) message: String,
}

impl Found {
    /// Whether this unknown key is probably a misspelt `path`.
    fn is_slip_of(&self, path: &KeyPath) -> bool {
        let (Some((Segment::Name(own), above)), Some((Segment::Name(meant), around))) =
            (self.path.0.split_last(), path.0.split_last())
        else {
            return false;
        };
        self.on == On::Key && above == around && nearest(own, [meant.as_str()]).is_some()
    }
}

/// Which end of a `key: value` pair a problem is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Key,
    Value,
}

/// The problems found so far.
#[derive(Debug, Default)]
pub(crate) struct Findings(pub(crate) Vec<Found>);

impl Findings {
    pub(crate) fn value(&mut self, path: &KeyPath, message: impl Into<String>) {
        self.push(path, On::Value, message.into());
    }

    pub(crate) fn key(&mut self, path: &KeyPath, message: impl Into<String>) {
        self.push(path, On::Key, message.into());
    }

    /// Adds what later checks found, but for what merely follows from a problem told already:
    /// around it, below it, or a key that is missing because it was misspelt.
    pub(crate) fn add(&mut self, later: Self) {
        for found in later.0 {
            let follows =
                |told: &Found| told.path.starts_with(&found.path) || told.is_slip_of(&found.path);
            if !self.0.iter().any(follows) {
                self.push(&found.path, found.on, found.message);
            }
        }
    }

    /// One problem a key: what follows from another problem is not told.
    fn push(&mut self, path: &KeyPath, on: On, message: String) {
        let told = self.0.iter().any(|found| path.starts_with(&found.path));
        if !told {
            self.0.push(Found {
                path: path.clone(),
                on,
                message,
            });
        }
    }
}

/// One problem, as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// `remote.execution.local.isolation`; empty for the file itself.
    pub(crate) path: String,
    pub(crate) place: Place,
    pub(crate) message: String,
}

impl Problem {
    /// About the file as a whole.
    pub(crate) fn of_file(place: Place, message: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            place,
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Line(line, column) => write!(f, "line {line}, column {column}: ")?,
            Place::Variable(name) => write!(f, "{name}: ")?,
            Place::Nowhere => {}
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// Everything that stops the start, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problems {
    /// The file, as it was named.
    pub(crate) file: Option<String>,
    pub(crate) list: Vec<Problem>,
}

impl Problems {
    /// Lines of the text that problems stand at.
    pub(crate) fn lines(&self) -> Vec<usize> {
        let line = |problem: &Problem| match problem.place {
            Place::Line(line, _) => Some(line),
            Place::Variable(_) | Place::Nowhere => None,
        };
        self.list.iter().filter_map(line).collect()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.as_deref().unwrap_or("the environment");
        write!(f, "the configuration cannot be used ({file})")?;
        for problem in &self.list {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
