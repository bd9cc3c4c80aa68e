//! What Slack sends, as far as it concerns us. Every field may be missing or null: slack-morphism's
//! models for these refuse `team: null` (organisation-wide installs) and drop `thread_ts` of
//! containers, so they are used for what we send only.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The name of a thing, or nothing; a value of another type counts as nothing.
fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    })
}

/// A part, or an empty one where it is null or of another shape.
fn or_default<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).unwrap_or_default())
}

/// An object that is known by its id: a team, a user, a channel.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Thing {
    #[serde(deserialize_with = "lenient")]
    pub(crate) id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) name: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) username: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) team_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Callback {
    #[serde(deserialize_with = "lenient")]
    pub(crate) team_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) enterprise_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) event_id: Option<String>,
    pub(crate) event: Message,
}

/// `app_mention` and `message` events.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Message {
    #[serde(rename = "type", deserialize_with = "lenient")]
    pub(crate) kind: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) subtype: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) user: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) text: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) ts: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) thread_ts: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) channel: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) channel_type: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) bot_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) team: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) user_team: Option<String>,
    pub(crate) hidden: Value,
    pub(crate) edited: Value,
}

/// A slash command: a form over HTTP, an object in Socket Mode.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Slash {
    #[serde(deserialize_with = "lenient")]
    pub(crate) command: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) text: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) team_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) channel_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) user_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) user_name: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) response_url: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) trigger_id: Option<String>,
}

/// `block_actions` and `view_submission`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Interaction {
    #[serde(deserialize_with = "or_default")]
    pub(crate) team: Thing,
    #[serde(deserialize_with = "or_default")]
    pub(crate) user: Thing,
    #[serde(deserialize_with = "or_default")]
    pub(crate) channel: Thing,
    #[serde(deserialize_with = "or_default")]
    pub(crate) container: Container,
    #[serde(deserialize_with = "or_default")]
    pub(crate) message: Message,
    #[serde(deserialize_with = "or_default")]
    pub(crate) actions: Vec<Pressed>,
    pub(crate) view: Option<View>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) response_url: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) trigger_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Container {
    #[serde(deserialize_with = "lenient")]
    pub(crate) message_ts: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) channel_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) thread_ts: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pressed {
    #[serde(rename = "type", deserialize_with = "lenient")]
    pub(crate) kind: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) value: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) url: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) action_ts: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct View {
    #[serde(deserialize_with = "lenient")]
    pub(crate) id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) hash: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) callback_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) private_metadata: Option<String>,
    /// `values[block_id][action_id].value`; left open, because untouched inputs are null.
    pub(crate) state: Value,
}

/// A frame of Socket Mode.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Frame<'a> {
    #[serde(rename = "type", deserialize_with = "lenient")]
    pub(crate) kind: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) envelope_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) reason: Option<String>,
    #[serde(borrow)]
    pub(crate) payload: Option<&'a serde_json::value::RawValue>,
}
