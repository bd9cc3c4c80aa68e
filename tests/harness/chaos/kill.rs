//! `kill -9` at random moments, again and again, while people ask and press, and everything is
//! delivered twice and out of order. Then what is left is held against what was acknowledged,
//! which is kept here, in another process than the server.

pub(super) mod examine;
pub(super) mod load;

use std::fmt;
use std::time::Duration;

use serde_json::json;

use super::{Dice, Pace, found_by};
use load::Load;

#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    pub cycles: u64,
    /// Kills of one installation, before all its work is finished and examined.
    pub cycles_per_round: u64,
    /// The fault to be found. The server is `nightshift-sabotaged` in any case: it does not wait
    /// for the platform's pace, which is not what is tested.
    pub fault: Option<&'static str>,
}

/// What many kills did.
#[derive(Debug, Default)]
pub struct Killed {
    pub cycles: u64,
    pub asked: u64,
    pub acknowledged: u64,
    pub tasks: u64,
    pub starts: u64,
    /// Attempts that a kill ended.
    pub lost_attempts: u64,
    /// Approvals that the API acknowledged.
    pub approvals: u64,
    /// Acknowledged requests or approvals that are gone.
    pub losses: u64,
    /// Starts that no lease explains, leases that no approval explains or before another one had
    /// ended, ends that another one than the holder told of.
    pub double_runs: u64,
    /// Requests that made two tasks, requests that were granted twice, people who voted twice.
    pub doubles: u64,
    /// Whatever else does not fit together.
    pub misfits: u64,
    /// The first findings, for whoever repairs them.
    pub first: Vec<String>,
}

/// Findings that are kept in words.
const KEPT: usize = 6;

impl Killed {
    pub fn is_good(&self) -> bool {
        self.losses + self.double_runs + self.doubles + self.misfits == 0
    }

    pub(super) fn add(&mut self, other: Self) {
        for (sum, more) in [
            (&mut self.cycles, other.cycles),
            (&mut self.asked, other.asked),
            (&mut self.acknowledged, other.acknowledged),
            (&mut self.tasks, other.tasks),
            (&mut self.starts, other.starts),
            (&mut self.lost_attempts, other.lost_attempts),
            (&mut self.approvals, other.approvals),
            (&mut self.losses, other.losses),
            (&mut self.double_runs, other.double_runs),
            (&mut self.doubles, other.doubles),
            (&mut self.misfits, other.misfits),
        ] {
            *sum += more;
        }
        for finding in other.first {
            self.found(finding);
        }
    }

    pub(super) fn found(&mut self, finding: String) {
        if self.first.len() < KEPT {
            self.first.push(finding);
        }
    }
}

impl fmt::Display for Killed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} kills, {} requests, {} acknowledged, {} tasks, {} starts, {} lost attempts, {} \
             approvals acknowledged: {} losses, {} double runs, {} double tasks, approvals or \
             votes, {} misfits",
            self.cycles,
            self.asked,
            self.acknowledged,
            self.tasks,
            self.starts,
            self.lost_attempts,
            self.approvals,
            self.losses,
            self.double_runs,
            self.doubles,
            self.misfits
        )?;
        self.first
            .iter()
            .try_for_each(|finding| write!(f, "\n{finding}"))
    }
}

/// Takes its time, so that many moments fall into its work; whoever runs at the same time as
/// another attempt of the same task writes that down.
pub(super) const WORKING_AGENT: &str = r#"
prompt=$(cat)
exec 9>>"lock-$NIGHTSHIFT_TASK_ID"
flock --nonblock 9 || echo "$NIGHTSHIFT_TASK_ID $NIGHTSHIFT_FENCE" >>overlaps
echo "$NIGHTSHIFT_TASK_ID $NIGHTSHIFT_FENCE" >>runs
sleep 0.1; echo "I did: $prompt"
echo "$NIGHTSHIFT_TASK_ID $NIGHTSHIFT_FENCE" >>ends
"#;

/// The longest that a server lives under load. It is ready after some 20 ms.
const LONGEST_LIFE_MS: u64 = 600;

pub async fn run(plan: &Plan) -> Killed {
    let mut dice = Dice::new(plan.seed);
    let mut total = Killed::default();
    while total.cycles < plan.cycles {
        let cycles = plan.cycles_per_round.min(plan.cycles - total.cycles);
        round(plan, cycles, &mut dice, &mut total).await;
        println!("{total}");
    }
    total
}

async fn round(plan: &Plan, cycles: u64, dice: &mut Dice, total: &mut Killed) {
    let mut office = Pace::Any.office(WORKING_AGENT).await;
    office.site.config["remote"]["execution"]["local"]["max_concurrent_tasks"] = json!(8);
    let fault = plan.fault.unwrap_or_default();
    office.site.sabotage(&Pace::Any.with(fault));
    let mut load = Load::new(&office, dice.below(1 << 30));
    for cycle in 0..cycles {
        let server = office.start().await;
        let moment = Duration::from_millis(dice.below(LONGEST_LIFE_MS));
        let people = (server.admin(), server.submitter());
        let round = load.cycle(&office, people, cycle);
        let until = tokio::time::sleep(moment);
        tokio::pin!(round, until);
        // Whatever was not answered by then is cut off with the server.
        let done = tokio::select! {
            () = &mut round => { until.await; true }
            () = &mut until => false,
        };
        server.kill_9();
        if !done {
            round.await;
        }
    }
    total.cycles += cycles;
    office.site.sabotage(&Pace::Any.with(""));
    let server = office.start().await;
    // What Slack was not told to have arrived, it sends again.
    office.slack.retry_pending().await;
    found_by(total, "after these kills", async |total| {
        examine::examine(&office, &server, load, total).await;
    })
    .await;
}
