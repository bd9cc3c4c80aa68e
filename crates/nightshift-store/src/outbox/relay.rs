//! What is addressed to people becomes a message in each of their conversations.

use nightshift_core::chat::Conversation;
use nightshift_core::port::store::OutboxItem;
use serde_json::json;

use super::{Stored, turn};
use crate::error::Result;
use crate::transaction::Tx;
use crate::{conversations, events, notices};

pub(super) async fn run(mut tx: Tx<'_>, item: &OutboxItem, to: &[Conversation]) -> Result<()> {
    let Some(stored) = Stored::own(&mut tx, item).await? else {
        return Ok(());
    };
    for place in to {
        let at = conversations::shared(&mut tx, place).await?;
        notices::post(&mut tx, at, item.notice.clone());
    }
    super::settle(&mut tx, stored.id, "sent", None).await?;
    turn::seat(&mut tx, stored.conversation).await?;
    let data = json!({
        "marker": item.marker,
        "notice": notices::word(&item.notice),
        "relayed": to.len(),
    });
    events::record(&mut tx, "message.sent", stored.task.as_ref(), &data);
    tx.commit().await
}
