//! Planning: leased like other work, never inside a webhook request.

use std::sync::Arc;

use async_trait::async_trait;
use nightshift_core::approval::Rule;
use nightshift_core::plan::Plan;
use nightshift_core::port::store::{PlanLease, PlanRecord, Unplanned};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::crew::Crew;
use crate::insist::insist;
use crate::lifecycle::{Loop, POLL, Tick, TickResult};
use crate::{App, Problem};

/// Plans made at the same time: an agent CLI as planner is a heavy process.
const AT_ONCE: usize = 4;

pub struct Planning {
    app: Arc<App>,
    crew: Crew,
    /// The service stops: who plans gives back.
    closing: CancellationToken,
}

impl Planning {
    pub fn new(app: Arc<App>) -> Self {
        Self {
            app,
            crew: Crew::new(AT_ONCE),
            closing: CancellationToken::new(),
        }
    }
}

#[async_trait]
impl Loop for Planning {
    fn name(&self) -> &'static str {
        "planning"
    }

    async fn tick(&self) -> TickResult {
        let app = &self.app;
        let mut leased = false;
        while self.crew.free() > 0 && !self.closing.is_cancelled() {
            let now = app.now();
            // Longer than the planner's own timeout, so that only a dead one loses its lease.
            let until = now.after(app.settings.timers.planning * 2);
            let Some(lease) = app
                .store()
                .lease_planning(&app.settings.holder, now, until)
                .await?
            else {
                break;
            };
            leased = true;
            let (app, closing) = (app.clone(), self.closing.clone());
            self.crew
                .start(async move { contained(app, lease, closing).await });
        }
        Ok(if leased {
            Tick::Worked
        } else {
            Tick::Idle(POLL)
        })
    }

    async fn woken(&self) {
        tokio::select! {
            () = self.app.wake.planning.notified() => {}
            () = self.crew.done.notified() => {}
        }
    }

    fn busy(&self) -> bool {
        self.crew.busy()
    }

    /// What is being planned is given back: the next life plans it, and counts no loss.
    async fn drain(&self) {
        self.closing.cancel();
        self.crew.finish().await;
    }
}

/// Makes a plan, or gives the task back. A panic costs this plan and no more, and is counted as
/// a loss.
async fn contained(app: Arc<App>, lease: PlanLease, closing: CancellationToken) {
    let (task, fence) = (lease.task.id.clone(), lease.fence);
    let (planner, stopping) = (app.clone(), closing.clone());
    let work = async move {
        tokio::select! {
            plan = planner.draft(&lease) => match plan {
                Ok(plan) => planner.make_plan(&lease, Ok(plan)).await,
                Err(Unplannable::Because(why)) => planner.make_plan(&lease, Err(why)).await,
                Err(Unplannable::NotNow) => Planned::No(Unplanned::HandedBack),
            },
            () = closing.cancelled() => Planned::No(Unplanned::HandedBack),
        }
    };
    let why = match JoinSet::from_iter([work]).join_next().await {
        Some(Err(error)) if error.is_panic() => {
            tracing::error!(task.id = %task, %error, "A planner panicked; it is counted as lost.");
            Unplanned::Lost
        }
        Some(Ok(Planned::No(why))) => why,
        _ => return,
    };
    let give_back = || app.store().return_planning(&task, fence, why, app.now());
    if stopping.is_cancelled() {
        // There is no time to insist: the lease ends by itself, as a loss.
        if let Err(error) = give_back().await {
            tracing::warn!(task.id = %task, %error, "A task could not be given back unplanned.");
        }
    } else {
        insist(give_back).await;
    }
    app.wake.all();
}

/// Why there is no plan.
enum Unplannable {
    /// A sentence for the person who asked.
    Because(String),
    NotNow,
}

enum Planned {
    /// Recorded, or left to the end of its lease.
    Settled,
    No(Unplanned),
}

impl App {
    /// Records it, as often as the store must be asked: whoever comes too late is told so by the
    /// fence.
    async fn make_plan(&self, lease: &PlanLease, plan: Result<Plan, String>) -> Planned {
        let task = lease.task.id.clone();
        let fence = lease.fence;
        match plan {
            Ok(plan) => insist(|| self.record(lease, &plan)).await,
            Err(why) => {
                tracing::info!(task.id = %task, "A task could not be planned.");
                let why = self.settings.scrubber.text(&why);
                let failed = || async {
                    let failed = self.store().fail_planning(&task, fence, &why, self.now());
                    failed.await.map(|_| ())
                };
                insist(failed).await;
            }
        }
        self.wake.all();
        Planned::Settled
    }

    /// A checked plan, or a sentence for the person who asked.
    async fn draft(&self, lease: &PlanLease) -> Result<Plan, Unplannable> {
        let ask = self.ask_for(lease).await.map_err(|problem| match problem {
            Problem::Invalid(fields) => {
                let lines: Vec<String> = fields
                    .into_iter()
                    .map(|(field, why)| format!("{field}: {why}"))
                    .collect();
                Unplannable::Because(lines.join("; "))
            }
            // The task is not to blame for a store that is away.
            Problem::Unavailable(error) => {
                tracing::warn!(task.id = %lease.task.id, %error, "A task is given back unplanned: the store could not be asked.");
                Unplannable::NotNow
            }
            other => Unplannable::Because(other.to_string()),
        })?;
        let draft = self.ports.planner.plan(&ask).await;
        let draft = draft.map_err(|error| Unplannable::Because(error.message))?;
        Plan::check(draft, &self.settings.limits)
            .map_err(|error| Unplannable::Because(error.to_string()))
    }

    async fn record(
        &self,
        lease: &PlanLease,
        plan: &Plan,
    ) -> Result<(), nightshift_core::port::StoreError> {
        let now = self.now();
        let Rule { need, .. } = self.settings.rule;
        // Granted with the submission, for its plan alone: a retry asks again.
        let let_through = lease.task.wishes.auto_approve && lease.task.plan_no == 1;
        let record = PlanRecord {
            task: lease.task.id.clone(),
            fence: lease.fence,
            plan: plan.clone(),
            need: (!let_through).then_some(need),
            expires_at: now.after(self.settings.timers.approval_expires),
        };
        self.store().record_plan(&record, now).await.map(|_| ())
    }
}
