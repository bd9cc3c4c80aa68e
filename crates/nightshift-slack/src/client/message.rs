//! Posts and edits.

use nightshift_core::card::Card;
use nightshift_core::chat::budget::{Act, Limit, Scope};
use nightshift_core::chat::{Conversation, MessageRef};
use nightshift_core::port::{ChatError, ChatKind, Marker};
use slack_morphism::prelude::{
    SlackApiChatPostMessageRequest, SlackApiChatUpdateRequest, SlackChannelId,
    SlackMessageMetadata, SlackTs,
};

use super::find::EVENT_TYPE;
use super::{Client, text_at};
use crate::error::Repeat;
use crate::render;

impl Client {
    pub(crate) async fn post(
        &self,
        to: &Conversation,
        card: &Card,
        marker: &Marker,
    ) -> Result<MessageRef, ChatError> {
        if let Some(message) = self.sent_before(to, marker).await? {
            return Ok(message);
        }
        let request = post_request(to, card, &marker.key);
        let answer = self
            .call("chat.postMessage", &request, Repeat::Visible)
            .await?;
        // It is there, but where: sending it again must look for it first.
        let lost = |error| ChatError {
            kind: ChatKind::Ambiguous,
            ..error
        };
        Ok(MessageRef {
            channel: text_at(&answer, "/channel").map_err(lost)?,
            id: text_at(&answer, "/ts").map_err(lost)?,
        })
    }

    pub(crate) async fn edit(&self, message: &MessageRef, card: &Card) -> Result<(), ChatError> {
        let request = SlackApiChatUpdateRequest::new(
            SlackChannelId::new(message.channel.clone()),
            render::message(card),
            SlackTs::new(message.id.clone()),
        );
        self.call("chat.update", &request, Repeat::Harmless)
            .await
            .map(drop)
    }

    /// The message of an earlier try. Where we may not look there is none; a look that only fails
    /// for a while is to be tried again, not answered by a second copy.
    async fn sent_before(
        &self,
        to: &Conversation,
        marker: &Marker,
    ) -> Result<Option<MessageRef>, ChatError> {
        if !marker.unsure {
            return Ok(None);
        }
        match self.find(to, &marker.key).await {
            Ok(found) => Ok(found),
            Err(error) => match error.kind {
                ChatKind::RateLimited => Err(ChatError {
                    limit: Some(LOOKS),
                    ..error
                }),
                ChatKind::Unavailable | ChatKind::Unauthorized => Err(error),
                ChatKind::NotFound
                | ChatKind::NotAllowed
                | ChatKind::Invalid
                | ChatKind::Ambiguous
                | ChatKind::Expired => {
                    tracing::debug!(%error, "cannot look for an earlier message: sending again");
                    Ok(None)
                }
            },
        }
    }
}

/// The limit of `conversations.replies` and `.history`.
const LOOKS: Limit = Limit {
    act: Act::Find,
    scope: Scope::Workspace,
};

fn post_request(to: &Conversation, card: &Card, key: &str) -> SlackApiChatPostMessageRequest {
    let metadata = SlackMessageMetadata::new(EVENT_TYPE.to_owned())
        .with_event_payload([("key".to_owned(), key.to_owned())].into());
    let content = render::message(card).with_metadata(metadata);
    SlackApiChatPostMessageRequest::new(SlackChannelId::new(to.channel.clone()), content)
        .opt_thread_ts(to.thread.clone().map(SlackTs::new))
        // An address in untrusted text would be fetched, with whatever is in it.
        .with_unfurl_links(false)
        .with_unfurl_media(false)
}
