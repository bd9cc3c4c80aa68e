use async_trait::async_trait;

use super::StoreError;
use crate::chat::budget::{Act, Budgets};
use crate::chat::{Conversation, Identity, MessageRef};
use crate::id::Platform;
use crate::notice::Notice;
use crate::port::replicas::Sender;
use crate::time::Timestamp;

/// A message to be queued.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub to: Conversation,
    pub notice: Notice,
    pub whisper: Option<Whisper>,
}

/// A message for one person alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whisper {
    pub person: Identity,
    /// The platform's way to answer this gesture; a credential, forgotten once sent.
    pub handle: Option<String>,
}

/// A message whose turn it is.
#[derive(Debug, Clone)]
pub struct OutboxItem {
    pub id: i64,
    /// Who claimed it.
    pub sender: String,
    /// With the thread resolved: our first message there, once it is sent.
    pub to: Conversation,
    pub notice: Notice,
    pub whisper: Option<Whisper>,
    /// The message to edit; `None` posts.
    pub message: Option<MessageRef>,
    /// Unique per message of ours, for the platform's memory.
    pub marker: String,
    /// An earlier try may have arrived.
    pub unsure: bool,
    /// Tries before this one.
    pub attempt: u32,
    /// Who to tell where the conversation cannot be posted in.
    pub asker: Option<Identity>,
    pub queued_at: Timestamp,
}

/// What must not be called for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    pub platform: Platform,
    /// `None`: in all workspaces.
    pub workspace: Option<String>,
    /// `None`: in all channels.
    pub channel: Option<String>,
    /// `None`: whatever the act.
    pub act: Option<Act>,
}

#[async_trait]
pub trait Outbox: Send + Sync {
    async fn enqueue(&self, outgoing: &[Outgoing], now: Timestamp) -> Result<(), StoreError>;

    /// Claims messages whose turn it is and marks them as being sent.
    ///
    /// - Only of platforms that the sender leads the sending to, and only while it does.
    /// - Only the head of each conversation: message k+1 waits until k is sent or given up.
    /// - Of a card that changed several times only the newest revision.
    /// - Conversations take turns; one with much to say does not hold up the others.
    /// - Each message has spent its tokens of `budgets` when this returns, whatever becomes of it:
    ///   what is claimed may be sent at once. Spent tokens survive a restart.
    /// - What is blocked waits; what is not is found however much waits before it.
    async fn claim_outbox(
        &self,
        sender: &Sender,
        limit: u32,
        budgets: &Budgets,
        now: Timestamp,
    ) -> Result<Vec<OutboxItem>, StoreError>;

    /// It is there. Keeps `message` for later edits and makes it the thread's root where the
    /// conversation has none yet.
    async fn sent(
        &self,
        item: &OutboxItem,
        message: Option<&MessageRef>,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Later; `unsure` when it may have arrived.
    async fn postpone(
        &self,
        item: &OutboxItem,
        until: Timestamp,
        unsure: bool,
        error: &str,
    ) -> Result<(), StoreError>;

    /// Never: writes `message.failed`; the next message's turn comes.
    async fn give_up(
        &self,
        item: &OutboxItem,
        error: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// To another conversation instead; what follows in the old one goes there too.
    async fn readdress(
        &self,
        item: &OutboxItem,
        to: &Conversation,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Says it in these conversations, each once, and is done with it; for what is addressed to
    /// people whose place is known only now.
    async fn relay(
        &self,
        item: &OutboxItem,
        to: &[Conversation],
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Nothing of this kind goes out before `until`, and then not a burst at once; survives
    /// restarts. A shorter block does not shorten a longer one.
    async fn block(
        &self,
        what: &Blocked,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Lifts blocks of a whole workspace that end after `beyond`: those of a credential that works
    /// again.
    async fn unblock(
        &self,
        platform: &Platform,
        workspace: &str,
        beyond: Timestamp,
    ) -> Result<(), StoreError>;

    /// When the sender's next message may go, or a little earlier; `None` when none waits.
    async fn next_due(
        &self,
        sender: &Sender,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError>;
}
