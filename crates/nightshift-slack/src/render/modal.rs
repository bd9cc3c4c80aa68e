//! A form as a modal with one text input.

use nightshift_core::card::Form;
use slack_morphism::prelude::{
    SlackActionId, SlackBlockId, SlackBlockPlainTextInputElement, SlackCallbackId, SlackInputBlock,
    SlackInputBlockElement, SlackModalView, SlackView,
};

use super::plain;
use crate::inbound::{FORM_ACTION, FORM_BLOCK, FORM_CALLBACK};

// From Slack's reference of views and inputs.
const TITLE: usize = 24;
const LABEL: usize = 2000;
const PLACEHOLDER: usize = 150;

pub(crate) fn modal(form: &Form) -> SlackView {
    let mut input = SlackBlockPlainTextInputElement::new()
        .with_action_id(SlackActionId::new(FORM_ACTION.to_owned()))
        .with_multiline(true);
    if !form.placeholder.is_empty() {
        input = input.with_placeholder(plain(&form.placeholder, PLACEHOLDER));
    }
    let element = SlackInputBlockElement::PlainTextInput(input);
    let block = SlackInputBlock::new(plain(&form.label, LABEL), element)
        .with_block_id(SlackBlockId::new(FORM_BLOCK.to_owned()));
    // Only a token of ours goes along: what comes back has been in the client's hands.
    SlackView::Modal(
        SlackModalView::new(plain(&form.title, TITLE), vec![block.into()])
            .with_submit(plain(&form.submit, TITLE))
            .with_callback_id(SlackCallbackId::new(FORM_CALLBACK.to_owned()))
            .with_private_metadata(form.action.as_str().to_owned()),
    )
}
