//! From an outbox row to what is sent, made from the rows as they are now.

use std::collections::BTreeMap;

use nightshift_core::approval::RequestState;
use nightshift_core::card::{Attachment, Block, Card, Inline};
use nightshift_core::id::{Platform, TaskId, UserId};
use nightshift_core::notice::Notice;
use nightshift_core::port::chat::Marker;
use nightshift_core::port::store::OutboxItem;
use nightshift_core::task::{Stopped, Task, TaskState};
use nightshift_core::wording::card::{CardContext, approval_reminder, superseded_card, task_card};
use nightshift_core::wording::{answer, ending};

use crate::dispatch::outcome::first_part;
use crate::results::listed;
use crate::{App, Problem};

pub(super) enum Rendered {
    Card(Card),
    File(Attachment),
}

pub(super) fn marker(item: &OutboxItem) -> Marker {
    Marker {
        key: item.marker.clone(),
        unsure: item.unsure,
    }
}

impl App {
    /// `None` when there is nothing to say (any more).
    pub(super) async fn render(&self, item: &OutboxItem) -> Result<Option<Rendered>, Problem> {
        let Some(mut rendered) = self.render_notice(&item.notice, &item.to.platform).await? else {
            return Ok(None);
        };
        let may_be_a_copy = item.unsure && item.message.is_none();
        match &mut rendered {
            Rendered::Card(card) => {
                *card = self.clean(card);
                if may_be_a_copy {
                    let word = ending::MAYBE_DUPLICATE.into();
                    card.blocks.push(Block::Context(word));
                }
            }
            // No platform can be asked whether it has a file of ours.
            Rendered::File(file) if may_be_a_copy => {
                file.comment = Some(ending::MAYBE_DUPLICATE.into());
            }
            Rendered::File(_) => {}
        }
        Ok(Some(rendered))
    }

    async fn render_notice(
        &self,
        notice: &Notice,
        platform: &Platform,
    ) -> Result<Option<Rendered>, Problem> {
        let card = |card| Ok(Some(Rendered::Card(card)));
        match notice {
            Notice::Say { card: said } => card(said.clone()),
            Notice::Part { text, .. } => card(Card::default().with(Block::Verbatim(text.clone()))),
            Notice::TaskCard { task, plan_no } => match self.store().task(task).await? {
                Some(task) => card(self.card(&task, *plan_no, platform).await?),
                None => Ok(None),
            },
            Notice::Final { task, .. } => match self.store().task(task).await? {
                Some(task) => card(ending::final_message(&task, &first_part(self, &task))),
                None => Ok(None),
            },
            Notice::GivenUp { task } => match self.store().task(task).await? {
                Some(task) => card(ending::given_up(&task)),
                None => Ok(None),
            },
            Notice::LostAttempt { task, .. } => match self.store().task(task).await? {
                Some(task) => card(ending::lost_attempt(&task)),
                None => Ok(None),
            },
            Notice::ApprovalReminder { task, plan_no } => {
                self.reminder(task, *plan_no, platform).await
            }
            Notice::Details { task, plan_no } => self.details(task, *plan_no, platform).await,
            Notice::AnswerFile { task } => Ok(self
                .store()
                .task(task)
                .await?
                .map(|task| answer_file(&task))),
            Notice::File { task, path, .. } => self.file_to_send(task, path).await,
        }
    }

    /// The card of one plan of a task: the current one, or a superseded one.
    async fn card(&self, task: &Task, plan_no: u32, platform: &Platform) -> Result<Card, Problem> {
        if plan_no < task.plan_no {
            let plan = self.store().plan(&task.id, plan_no).await?;
            return Ok(superseded_card(task, plan.as_ref()));
        }
        let context = CardContext {
            actions: self.store().actions(&task.id, plan_no).await?,
            queue_position: self.store().queue_position(&task.id).await?,
            slots: self.settings.max_concurrent,
            accounts: self.accounts(task, platform).await,
            now: Some(self.now()),
        };
        Ok(task_card(task, &context))
    }

    /// Nothing where it was decided, revised or expired before this could be sent.
    async fn reminder(
        &self,
        id: &TaskId,
        plan_no: u32,
        platform: &Platform,
    ) -> Result<Option<Rendered>, Problem> {
        let Some(task) = self.store().task(id).await? else {
            return Ok(None);
        };
        let now = self.now();
        let open = task
            .approval
            .as_ref()
            .is_some_and(|request| request.state == RequestState::Open && request.expires_at > now);
        if !open || task.plan_no != plan_no {
            return Ok(None);
        }
        let context = CardContext {
            accounts: self.accounts(&task, platform).await,
            now: Some(now),
            ..CardContext::default()
        };
        Ok(Some(Rendered::Card(approval_reminder(&task, &context))))
    }

    /// The accounts of all people a card names.
    async fn accounts(
        &self,
        task: &Task,
        platform: &Platform,
    ) -> BTreeMap<UserId, nightshift_core::chat::Identity> {
        let mut people = vec![task.owner.clone()];
        if let Some(request) = &task.approval {
            people.extend(request.votes.iter().map(|vote| vote.user.clone()));
        }
        if let TaskState::Cancelled { by } | TaskState::Cancelling { by, .. } = &task.state {
            let (Stopped::CancelledBy(user) | Stopped::RejectedBy(user)) = by;
            people.push(user.clone());
        }
        let mut accounts = BTreeMap::new();
        for user in people {
            if let Some(account) = self.account(&user, platform).await {
                accounts.insert(user, account);
            }
        }
        accounts
    }

    /// The whole request: as a message where it fits, else as a file.
    async fn details(
        &self,
        id: &TaskId,
        plan_no: u32,
        platform: &Platform,
    ) -> Result<Option<Rendered>, Problem> {
        let Some(mut task) = self.store().task(id).await? else {
            return Ok(None);
        };
        if plan_no != task.plan_no {
            task.plan = self.store().plan(id, plan_no).await?;
        }
        let text = answer::details(&task);
        let can = self
            .platform(platform)
            .map(|platform| platform.capabilities());
        let fits = can
            .as_ref()
            .is_none_or(|can| can.text_unit.len(&text) <= can.text_limit);
        if fits || !can.is_some_and(|can| can.files) {
            return Ok(Some(Rendered::Card(
                Card::default().with(Block::Verbatim(text)),
            )));
        }
        let name = format!("{id}-details.txt");
        Ok(Some(Rendered::File(Attachment {
            name,
            bytes: text.into_bytes(),
            comment: None,
        })))
    }

    async fn file_to_send(&self, id: &TaskId, path: &str) -> Result<Option<Rendered>, Problem> {
        let Some(task) = self.store().task(id).await? else {
            return Ok(None);
        };
        let Some(listed) = listed(&task, path) else {
            return Ok(None);
        };
        let Some(bytes) = self.whole_file(&listed).await? else {
            tracing::warn!(task.id = %id, "A result file is gone.");
            return Ok(None);
        };
        let name = listed
            .file
            .path
            .rsplit('/')
            .next()
            .unwrap_or("file")
            .to_owned();
        Ok(Some(Rendered::File(Attachment {
            name,
            bytes,
            comment: None,
        })))
    }

    /// The last look at what leaves: no live secret goes out, whoever wrote it.
    fn clean(&self, card: &Card) -> Card {
        let scrub = |text: &str| self.settings.scrubber.text(text);
        let inline = |part: &Inline| match part {
            Inline::Text(text) => Inline::Text(scrub(text)),
            Inline::Bold(text) => Inline::Bold(scrub(text)),
            Inline::Code(text) => Inline::Code(scrub(text)),
            Inline::Person { name, account } => Inline::Person {
                name: name.clone(),
                account: account.clone(),
            },
        };
        let blocks = card.blocks.iter().map(|block| match block {
            Block::Line(parts) => Block::Line(parts.iter().map(inline).collect()),
            Block::Verbatim(text) => Block::Verbatim(scrub(text)),
            Block::Code(text) => Block::Code(scrub(text)),
            Block::Context(text) => Block::Context(scrub(text)),
            Block::Fields(fields) => Block::Fields(
                fields
                    .iter()
                    .map(|(label, value)| (label.clone(), scrub(value)))
                    .collect(),
            ),
        });
        Card {
            title: card.title.clone(),
            blocks: blocks.collect(),
            buttons: card.buttons.clone(),
        }
    }
}

fn answer_file(task: &Task) -> Rendered {
    let text = task
        .result
        .as_ref()
        .map(|result| result.text.clone())
        .unwrap_or_default();
    Rendered::File(Attachment {
        name: format!("{}-answer.md", task.id),
        bytes: text.into_bytes(),
        comment: None,
    })
}
