//! Card → Block Kit. All text of a card is untrusted and leaves escaped; no text object lets Slack
//! look for names and links in it (`verbatim`).

mod escape;
mod modal;

use nightshift_core::card::{Block, Button, ButtonStyle, Card, Inline};
use nightshift_core::chat::TextUnit;
use nightshift_core::chat::split::{shorten, split};
use slack_morphism::prelude::{
    SlackActionBlockElement, SlackActionId, SlackActionsBlock, SlackBlock, SlackBlockButtonElement,
    SlackBlockButtonStyle, SlackBlockMarkDownText, SlackBlockPlainText, SlackBlockPlainTextOnly,
    SlackBlockText, SlackContextBlock, SlackContextBlockElement, SlackHeaderBlock,
    SlackMessageContent, SlackSectionBlock,
};

pub(crate) use escape::escape;
use escape::{break_fences, escape_within, escaped_len};
pub(crate) use modal::modal;

// From Slack's Block Kit reference, counted in UTF-16 units: never fewer than Slack counts.
const BLOCKS: usize = 50;
const HEADER: usize = 150;
const SECTION: usize = 3000;
const FIELD: usize = 2000;
const FIELDS: usize = 10;
const BUTTON: usize = 75;
const BUTTONS: usize = 25;
/// `chat.update` refuses 4,000 and more; longer posts are cut in pieces by Slack.
const FALLBACK: usize = 3900;
/// The fences around a piece of code, with their line ends.
const FENCES: usize = 8;

/// A card as a message: blocks, and a text for notifications.
pub(crate) fn message(card: &Card) -> SlackMessageContent {
    let mut text = escape_within(&break_fences(&card.plain()), FALLBACK);
    if text.trim().is_empty() {
        // Slack refuses a message without text.
        "…".clone_into(&mut text);
    }
    SlackMessageContent::new()
        .with_text(text)
        .with_blocks(blocks(card))
}

fn blocks(card: &Card) -> Vec<SlackBlock> {
    let mut blocks: Vec<SlackBlock> = card
        .title
        .iter()
        .filter_map(|title| header(title))
        .collect();
    for block in &card.blocks {
        blocks.extend(body(block));
    }
    let actions: Vec<SlackBlock> = actions(&card.buttons).collect();
    let room = BLOCKS - actions.len().min(BLOCKS);
    if blocks.len() > room {
        blocks.truncate(room.saturating_sub(1));
        blocks.push(context("…"));
    }
    blocks.extend(actions);
    blocks
}

fn header(title: &str) -> Option<SlackBlock> {
    let title = title.replace('\n', " ");
    (!title.trim().is_empty()).then(|| SlackHeaderBlock::new(plain(&title, HEADER)).into())
}

fn body(block: &Block) -> Vec<SlackBlock> {
    match block {
        Block::Line(parts) => line(parts),
        Block::Verbatim(text) => sections(pieces(text, SECTION).iter().map(|part| escape(part))),
        Block::Code(text) => code(text),
        Block::Fields(fields) => fields.chunks(FIELDS).map(side_by_side).collect(),
        Block::Context(text) if text.trim().is_empty() => Vec::new(),
        Block::Context(text) => vec![context(text)],
    }
}

fn line(parts: &[Inline]) -> Vec<SlackBlock> {
    let marked: String = parts.iter().map(inline).collect();
    if TextUnit::Utf16.len(&marked) <= SECTION {
        return sections([marked].into_iter());
    }
    // Too long for one section: the marks are given up, the text is not.
    let text: String = parts.iter().map(Inline::plain).collect();
    let parts = pieces(&break_fences(&text), SECTION);
    sections(parts.iter().map(|part| escape(part)))
}

fn inline(part: &Inline) -> String {
    match part {
        Inline::Text(text) => escape(&break_fences(text)),
        Inline::Bold(text) => bold(text),
        // A backtick would end it; nothing escapes one.
        Inline::Code(text) if text.is_empty() => String::new(),
        Inline::Code(text) => format!("`{}`", escape(&text.replace('`', "'").replace('\n', " "))),
        Inline::Person { name, account } => match account {
            Some(account) if account.platform.as_str() == "slack" && is_id(&account.id) => {
                format!("<@{}>", account.id)
            }
            _ => escape(&break_fences(name)),
        },
    }
}

/// Slack has no escape for `*`: text that holds one is not made bold.
fn bold(text: &str) -> String {
    let clean = escape(&break_fences(text));
    if text.trim().is_empty() || text.trim() != text || text.contains(['*', '\n']) {
        clean
    } else {
        format!("*{clean}*")
    }
}

fn is_id(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    !id.is_empty() && id.bytes().all(plain)
}

fn code(text: &str) -> Vec<SlackBlock> {
    let text = break_fences(text);
    let parts = pieces(&text, SECTION - FENCES);
    let fenced = |part: &String| match part.trim_matches('\n') {
        "" => String::new(),
        part => format!("```\n{}\n```", escape(part)),
    };
    sections(parts.iter().map(fenced))
}

/// Cuts to parts whose *escaped* length is within `limit`. Cutting after escaping could cut
/// `&amp;` in two.
fn pieces(text: &str, limit: usize) -> Vec<String> {
    pieces_of(text, limit, limit)
}

fn pieces_of(text: &str, size: usize, limit: usize) -> Vec<String> {
    split(text, size, TextUnit::Utf16)
        .into_iter()
        .flat_map(|part| {
            if escaped_len(&part) <= limit {
                vec![part]
            } else {
                pieces_of(&part, size / 2, limit)
            }
        })
        .collect()
}

fn sections(texts: impl Iterator<Item = String>) -> Vec<SlackBlock> {
    texts
        .filter(|text| !text.trim().is_empty())
        .map(|text| SlackSectionBlock::new().with_text(mrkdwn(text)).into())
        .collect()
}

fn side_by_side(fields: &[(String, String)]) -> SlackBlock {
    let fields = fields
        .iter()
        .map(|(label, value)| {
            let label = bold(&shorten(label, 100, TextUnit::Utf16).0);
            let room = FIELD - TextUnit::Utf16.len(&label) - 1;
            mrkdwn(format!(
                "{label}\n{}",
                escape_within(&break_fences(value), room)
            ))
        })
        .collect();
    SlackSectionBlock::new().with_fields(fields).into()
}

fn context(text: &str) -> SlackBlock {
    let text = SlackBlockMarkDownText::new(escape_within(&break_fences(text), FIELD));
    let element = SlackContextBlockElement::MarkDown(text.with_verbatim(true));
    SlackContextBlock::new(vec![element]).into()
}

fn actions(buttons: &[Button]) -> impl Iterator<Item = SlackBlock> {
    buttons.chunks(BUTTONS).enumerate().map(|(row, buttons)| {
        let elements = buttons
            .iter()
            .enumerate()
            .map(|(i, each)| SlackActionBlockElement::Button(button(row * BUTTONS + i, each)))
            .collect();
        SlackActionsBlock::new(elements).into()
    })
}

fn button(index: usize, button: &Button) -> SlackBlockButtonElement {
    let element = SlackBlockButtonElement::new(plain(&button.label, BUTTON))
        // Slack wants ids that differ within a message; what a button does is in its value.
        .with_action_id(SlackActionId::new(format!("ns_{index}")))
        .with_value(button.action.as_str().to_owned());
    match button.style {
        ButtonStyle::Plain => element,
        ButtonStyle::Primary => element.with_style(SlackBlockButtonStyle::Primary),
        ButtonStyle::Danger => element.with_style(SlackBlockButtonStyle::Danger),
    }
}

fn mrkdwn(text: String) -> SlackBlockText {
    SlackBlockText::MarkDown(SlackBlockMarkDownText::new(text).with_verbatim(true))
}

fn plain(text: &str, limit: usize) -> SlackBlockPlainTextOnly {
    let (text, _) = shorten(text, limit, TextUnit::Utf16);
    SlackBlockPlainTextOnly::from(SlackBlockPlainText::new(text).with_emoji(true))
}

/// Text that goes along with a file.
pub(crate) fn comment(text: &str) -> String {
    escape_within(&break_fences(text), FALLBACK)
}
