//! How a person is answered, and how a problem is explained.

use nightshift_core::card::Card;
use nightshift_core::chat::{Gesture, Inbound};
use nightshift_core::notice::Notice;
use nightshift_core::port::store::{Cause, Outgoing, RefusedAct, Whisper};
use nightshift_core::task::Task;
use nightshift_core::user::User;
use nightshift_core::wording;

use crate::{App, Problem};

/// To this person alone.
pub(super) fn privately(inbound: &Inbound, card: Card) -> Outgoing {
    let whisper = Whisper {
        person: inbound.from.clone(),
        handle: inbound.reply_handle.clone(),
    };
    Outgoing {
        to: inbound.at.clone(),
        notice: Notice::Say { card },
        whisper: Some(whisper),
    }
}

/// An answer to words: in the conversation where they were said; privately where the words
/// themselves were seen by nobody else (they came with a private way to answer).
pub(super) fn answer(inbound: &Inbound, card: Card) -> Outgoing {
    if inbound.reply_handle.is_some() || !matches!(inbound.gesture, Gesture::Say { .. }) {
        return privately(inbound, card);
    }
    Outgoing {
        to: inbound.at.clone(),
        notice: Notice::Say { card },
        whisper: None,
    }
}

impl App {
    /// Settles the delivery with an answer.
    pub(super) async fn tell(
        &self,
        inbound: &Inbound,
        cause: &Cause,
        card: Card,
    ) -> Result<(), Problem> {
        self.store()
            .answer(cause, &[answer(inbound, card)], None, self.now())
            .await?;
        self.wake.all();
        Ok(())
    }

    /// Says why nothing was changed; a refusal is audited, an outdated card is redrawn.
    pub(super) async fn explain(
        &self,
        user: &User,
        inbound: &Inbound,
        cause: &Cause,
        problem: Problem,
    ) -> Result<(), Problem> {
        let (card, refused, redraw) = self.explanation(user, problem);
        let mut outgoing = vec![privately(inbound, card)];
        outgoing.extend(redraw.iter().filter_map(redrawn));
        self.store()
            .answer(cause, &outgoing, refused.as_ref(), self.now())
            .await?;
        self.wake.all();
        Ok(())
    }

    fn explanation(
        &self,
        user: &User,
        problem: Problem,
    ) -> (Card, Option<RefusedAct>, Option<Task>) {
        match problem {
            Problem::Forbidden(refusal) => {
                let refused = RefusedAct {
                    who: user.id.to_string(),
                    action: refusal.action.name().into(),
                    why: format!("{:?}", refusal.why),
                    task: refusal.task.clone(),
                };
                (wording::refusal(&refusal), Some(refused), None)
            }
            Problem::NotFound(id) => (wording::unknown_task(&id), None, None),
            Problem::WrongState(verb, task) => (
                wording::wrong_state(&task.id, verb, task.state.name()),
                None,
                Some(*task),
            ),
            Problem::Stale(task) => (wording::stale_plan(&task.id), None, Some(*task)),
            Problem::Decided(task) => (
                wording::already_decided(&task.id, task.state.name()),
                None,
                Some(*task),
            ),
            Problem::Invalid(fields) => (wording::invalid(&fields), None, None),
            other => (self.went_wrong(&other), None, None),
        }
    }

    /// Logs what went wrong, and names the log line to the person.
    fn went_wrong(&self, problem: &Problem) -> Card {
        let reference = hex::encode(&self.ports.ids.entropy()[..6]);
        let cause = std::error::Error::source(problem).map(ToString::to_string);
        tracing::error!(reference, error = %problem, error.cause = cause, "A delivery could not be acted on.");
        wording::went_wrong(&reference)
    }

    /// Settles a delivery that cannot be acted on.
    pub(super) async fn give_up(
        &self,
        inbound: &Inbound,
        cause: &Cause,
        problem: &Problem,
    ) -> Result<(), Problem> {
        let word = privately(inbound, self.went_wrong(problem));
        self.store()
            .answer(cause, &[word], None, self.now())
            .await?;
        self.wake.all();
        Ok(())
    }
}

/// The task's card again, from the row.
fn redrawn(task: &Task) -> Option<Outgoing> {
    let to = task.origin.clone()?;
    let notice = Notice::TaskCard {
        task: task.id.clone(),
        plan_no: task.plan_no,
    };
    Some(Outgoing {
        to,
        notice,
        whisper: None,
    })
}
