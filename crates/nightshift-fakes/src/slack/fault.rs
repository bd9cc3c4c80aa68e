//! Faults on demand: what goes wrong with which method, once or until it is lifted.

use std::collections::{BTreeMap, VecDeque};

/// Stands for every method.
const ANY: &str = "*";

/// What goes wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// HTTP 500; nothing was done.
    ServerError,
    /// HTTP 429 with `Retry-After` in seconds; nothing was done.
    RateLimited(u32),
    /// It is done, and the connection is cut without an answer.
    AcceptThenDropConnection,
    /// It is done, and no answer ever comes.
    AcceptThenHang,
    /// The connection is cut; nothing was done.
    DropConnection,
    /// HTTP 200 with `ok: false` and this word; nothing was done.
    Error(String),
}

impl Fault {
    pub fn error(word: &str) -> Self {
        Self::Error(word.to_owned())
    }
}

#[derive(Debug, Default)]
pub(crate) struct Faults {
    once: BTreeMap<String, VecDeque<Fault>>,
    lasting: BTreeMap<String, Fault>,
}

impl Faults {
    pub(crate) fn once(&mut self, method: &str, fault: Fault) {
        self.once
            .entry(method.to_owned())
            .or_default()
            .push_back(fault);
    }

    pub(crate) fn lasting(&mut self, method: &str, fault: Fault) {
        self.lasting.insert(method.to_owned(), fault);
    }

    pub(crate) fn lift(&mut self, method: &str) {
        self.lasting.remove(method);
        self.once.remove(method);
    }

    /// The fault of this call. One-time faults come first, in the order they were asked for.
    pub(crate) fn take(&mut self, method: &str) -> Option<Fault> {
        let mut once = |key: &str| self.once.get_mut(key).and_then(VecDeque::pop_front);
        once(method)
            .or_else(|| once(ANY))
            .or_else(|| self.lasting.get(method).cloned())
            .or_else(|| self.lasting.get(ANY).cloned())
    }
}
