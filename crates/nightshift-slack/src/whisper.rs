//! A word to one person: by the gesture's response URL, else as an ephemeral message.

use nightshift_core::card::Card;
use nightshift_core::chat::{Conversation, Identity};
use nightshift_core::port::{ChatError, ChatKind};
use serde_json::json;
use slack_morphism::prelude::{
    SlackApiChatPostEphemeralRequest, SlackApiChatPostMessageRequest, SlackChannelId, SlackTs,
    SlackUserId,
};

use crate::client::Client;
use crate::error::Repeat;
use crate::render;

pub(crate) async fn whisper(
    client: &Client,
    to: &Conversation,
    person: &Identity,
    handle: Option<&str>,
    card: &Card,
) -> Result<(), ChatError> {
    if let Some(handle) = handle {
        match by_response_url(client, handle, card).await {
            Err(error) if matches!(error.kind, ChatKind::Expired | ChatKind::NotAllowed) => {
                tracing::debug!(error = %error, "the response URL is of no use");
            }
            done => return done,
        }
    }
    // What only one person reads anyway needs no ephemeral message, which vanishes on reload.
    if to.channel.is_empty() || to.channel == person.id {
        return directly(client, person, card).await;
    }
    let request = SlackApiChatPostEphemeralRequest::new(
        SlackChannelId::new(to.channel.clone()),
        SlackUserId::new(person.id.clone()),
        render::message(card),
    )
    .opt_thread_ts(to.thread.clone().map(SlackTs::new));
    client
        .call("chat.postEphemeral", &request, Repeat::Visible)
        .await
        .map(drop)
}

async fn by_response_url(client: &Client, handle: &str, card: &Card) -> Result<(), ChatError> {
    let content = render::message(card);
    let body = json!({
        "response_type": "ephemeral",
        "replace_original": false,
        "text": content.text,
        "blocks": content.blocks,
    });
    client.respond(handle, &body).await
}

async fn directly(client: &Client, person: &Identity, card: &Card) -> Result<(), ChatError> {
    let channel = SlackChannelId::new(person.id.clone());
    let request = SlackApiChatPostMessageRequest::new(channel, render::message(card))
        .with_unfurl_links(false)
        .with_unfurl_media(false);
    client
        .call("chat.postMessage", &request, Repeat::Visible)
        .await
        .map(drop)
}
