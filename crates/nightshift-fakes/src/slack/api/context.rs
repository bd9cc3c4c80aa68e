//! What a method works with, and how it fails.

use serde_json::{Map, Value, json};

use crate::slack::message::{Bot, Channel};
use crate::slack::state::State;

/// `ok: false` with Slack's word.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(super) word: String,
    extra: Map<String, Value>,
}

impl Failure {
    pub(crate) fn word(word: &str) -> Self {
        Self {
            word: word.to_owned(),
            extra: Map::new(),
        }
    }

    /// With the explanations of `response_metadata.messages`.
    pub(crate) fn because(word: &str, messages: Vec<String>) -> Self {
        Self::word(word).with("response_metadata", json!({"messages": messages}))
    }

    pub(super) fn with(mut self, key: &str, value: Value) -> Self {
        self.extra.insert(key.to_owned(), value);
        self
    }

    pub(super) fn body(&self) -> Value {
        let mut map = self.extra.clone();
        map.insert("ok".into(), false.into());
        map.insert("error".into(), self.word.clone().into());
        Value::Object(map)
    }
}

/// What a method works with.
pub(crate) struct Context<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) bot: &'a Bot,
    /// `http://127.0.0.1:port`
    pub(crate) root: &'a str,
    pub(crate) now: i64,
    pub(crate) args: &'a Map<String, Value>,
    /// Events that the call causes.
    pub(crate) events: Vec<Value>,
    pub(crate) warnings: Vec<&'static str>,
}

impl Context<'_> {
    pub(crate) fn text(&self, key: &str) -> &str {
        self.args
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.args.get(key).is_some_and(|value| !value.is_null())
    }

    /// A flag, as JSON or as a form spells it.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        match self.args.get(key)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => Some(text == "true" || text == "1"),
            _ => None,
        }
    }

    pub(crate) fn number(&self, key: &str) -> Option<u64> {
        match self.args.get(key)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A channel that the app can see: private ones without it do not exist.
    pub(crate) fn channel(&self, id: &str) -> Result<Channel, Failure> {
        use crate::slack::message::ChannelKind::Public;
        self.state
            .channels
            .get(id)
            .filter(|channel| channel.has_bot || channel.kind == Public)
            .cloned()
            .ok_or_else(|| Failure::word("channel_not_found"))
    }

    pub(crate) fn need_scope(&self, scope: &str) -> Result<(), Failure> {
        if self.state.scopes.contains(scope) {
            return Ok(());
        }
        let provided: Vec<_> = self.state.scopes.iter().cloned().collect();
        Err(Failure::word("missing_scope")
            .with("needed", scope.into())
            .with("provided", provided.join(",").into()))
    }
}
