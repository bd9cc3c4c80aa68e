//! A message as we mean it; each adapter says it in its platform's own markup.

use serde::{Deserialize, Serialize};

use crate::chat::Identity;
use crate::id::ActionToken;

/// A message with structure. All text in it is untrusted: the adapter escapes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    pub title: Option<String>,
    pub blocks: Vec<Block>,
    pub buttons: Vec<Button>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// A paragraph of inline parts.
    Line(Vec<Inline>),
    /// Somebody's or some agent's own text, shown as it is; may hold code fences.
    Verbatim(String),
    /// Output of a program, in a fixed-width font.
    Code(String),
    /// Label and value, side by side where there is room.
    Fields(Vec<(String, String)>),
    /// Small print.
    Context(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inline {
    Text(String),
    Bold(String),
    Code(String),
    /// A person: mentioned by account where the platform is the account's, else by `name`.
    Person {
        name: String,
        account: Option<Identity>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    pub label: String,
    pub action: ActionToken,
    pub style: ButtonStyle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ButtonStyle {
    Plain,
    Primary,
    Danger,
}

/// A question with one text input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    pub action: ActionToken,
    pub title: String,
    pub label: String,
    pub placeholder: String,
    pub submit: String,
}

/// A file to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// A plain file name, no path.
    pub name: String,
    pub bytes: Vec<u8>,
    pub comment: Option<String>,
}

impl Card {
    /// A message of one plain paragraph.
    pub fn say(text: impl Into<String>) -> Self {
        Self {
            blocks: vec![Block::Line(vec![Inline::Text(text.into())])],
            ..Self::default()
        }
    }

    pub fn titled(title: impl Into<String>) -> Self {
        Self {
            title: Some(title.into()),
            ..Self::default()
        }
    }

    pub fn with(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// The card as plain text: for notifications, the command line and tests.
    pub fn plain(&self) -> String {
        let mut lines: Vec<String> = self.title.iter().cloned().collect();
        for block in &self.blocks {
            lines.push(match block {
                Block::Line(parts) => parts.iter().map(Inline::plain).collect(),
                Block::Verbatim(text) | Block::Code(text) | Block::Context(text) => text.clone(),
                Block::Fields(fields) => fields
                    .iter()
                    .map(|(label, value)| format!("{label}: {value}"))
                    .collect::<Vec<_>>()
                    .join(" · "),
            });
        }
        lines.join("\n")
    }
}

impl Inline {
    pub fn plain(&self) -> &str {
        match self {
            Self::Text(text) | Self::Bold(text) | Self::Code(text) => text,
            Self::Person { name, .. } => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_as_plain_text_holds_everything_that_is_said() {
        let person = Inline::Person {
            name: "ana".into(),
            account: None,
        };
        let line = vec![
            Inline::Text("by ".into()),
            person,
            Inline::Bold(" now ".into()),
            Inline::Code("ls".into()),
        ];
        let card = Card::titled("Plan")
            .with(Block::Line(line))
            .with(Block::Verbatim("words".into()))
            .with(Block::Fields(vec![
                ("Risk".into(), "low".into()),
                ("Cost".into(), "$1".into()),
            ]))
            .with(Block::Context("small".into()));
        assert_eq!(
            card.plain(),
            "Plan\nby ana now ls\nwords\nRisk: low · Cost: $1\nsmall"
        );
        assert_eq!(Card::say("hello").plain(), "hello");
    }
}
