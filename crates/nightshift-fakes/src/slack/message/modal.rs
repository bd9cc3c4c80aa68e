//! A form, as a person sees it.

use serde_json::Value;

/// A form that a person sees.
#[derive(Debug, Clone, PartialEq)]
pub struct Modal {
    pub id: String,
    pub user: String,
    pub view: Value,
    pub open: bool,
    /// What the app's last answer complained about, by block id.
    pub errors: Value,
}

impl Modal {
    pub fn title(&self) -> &str {
        self.view["title"]["text"].as_str().unwrap_or_default()
    }

    pub fn private_metadata(&self) -> &str {
        self.view["private_metadata"].as_str().unwrap_or_default()
    }

    pub fn callback_id(&self) -> &str {
        self.view["callback_id"].as_str().unwrap_or_default()
    }

    /// Block id and action id of the first input.
    pub(crate) fn first_input(&self) -> Option<(String, String)> {
        self.view["blocks"].as_array()?.iter().find_map(|block| {
            let element = block.get("element")?;
            Some((
                block["block_id"].as_str()?.to_owned(),
                element["action_id"].as_str()?.to_owned(),
            ))
        })
    }
}
