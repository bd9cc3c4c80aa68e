//! Finds the one plan in what an agent said: plain JSON, a fenced block, JSON between sentences,
//! or the program's own envelope with `structured_output` or `result` in it.

use serde_json::{Map, Value};

use super::ReplyError;

/// A plan is a few kilobytes; an envelope with its messages somewhat more.
pub(crate) const MOST_REPLY: usize = 256 << 10;
/// Envelopes in envelopes: the program's own, and one that the model wrote around its answer.
const MOST_DEPTH: usize = 3;
/// Braces that begin nothing: more of them are no sentences around a plan, but an attempt to keep
/// us busy.
const MOST_TRIES: usize = 1000;

pub(super) fn plan(text: &str) -> Result<Value, ReplyError> {
    if text.len() > MOST_REPLY {
        return Err(ReplyError::TooLong);
    }
    let mut found = Vec::new();
    plans_in(text, 0, &mut found);
    // A program may say the same plan twice: in its envelope and as its answer.
    found.dedup();
    match (found.pop(), found.is_empty()) {
        (None, _) => Err(ReplyError::NoPlan),
        (Some(plan), true) => Ok(plan),
        (Some(_), false) => Err(ReplyError::ManyPlans),
    }
}

fn plans_in(text: &str, depth: usize, found: &mut Vec<Value>) {
    if depth > MOST_DEPTH {
        return;
    }
    let mut at = 0;
    let mut tries = 0;
    while let Some(next) = text[at..].find('{') {
        at += next;
        let mut values = serde_json::Deserializer::from_str(&text[at..]).into_iter();
        match values.next() {
            Some(Ok(object)) => {
                at += values.byte_offset();
                unwrap(object, depth, found);
            }
            _ if tries < MOST_TRIES => {
                at += 1;
                tries += 1;
            }
            _ => return,
        }
    }
}

fn unwrap(mut object: Map<String, Value>, depth: usize, found: &mut Vec<Value>) {
    if let Some(Value::Object(inner)) = object.remove("structured_output") {
        return unwrap_deeper(inner, depth, found);
    }
    if object.contains_key("summary") {
        return found.push(Value::Object(object));
    }
    match object.remove("result") {
        Some(Value::String(text)) => plans_in(&text, depth + 1, found),
        Some(Value::Object(inner)) => unwrap_deeper(inner, depth, found),
        _ => {}
    }
}

fn unwrap_deeper(inner: Map<String, Value>, depth: usize, found: &mut Vec<Value>) {
    if depth < MOST_DEPTH {
        unwrap(inner, depth + 1, found);
    }
}
