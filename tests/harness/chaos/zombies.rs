//! Frozen processes that come back: a server that thinks its lease is still its own, an agent
//! that was silent.

use std::time::Duration;

use nightshift_fakes::slack::FakeSlack;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Dice;
use super::kill::{Killed, UNPACED, examine, load::Load};
use crate::process::{Office, Server, eventually, processes_of, slack_setup};

/// Short, so that it runs out while a process is frozen.
const LEASE: Duration = Duration::from_secs(2);

/// Works on until it is told to end; notes its starts and whoever runs beside it.
const PATIENT_AGENT: &str = r#"
prompt=$(cat)
exec 9>>"lock-$NIGHTSHIFT_TASK_ID"
flock --nonblock 9 || echo "$NIGHTSHIFT_TASK_ID $NIGHTSHIFT_FENCE" >>overlaps
echo "$NIGHTSHIFT_TASK_ID $NIGHTSHIFT_FENCE" >>runs
until [ -e go ]; do sleep 0.02; done
echo "I did: $prompt"
"#;

const TEXT: &str = "hold the line";

/// Who is frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frozen {
    Server,
    Agent,
    Both,
}

#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    pub cycles: u64,
}

/// Freezes one after the other for one to three leases.
pub async fn run(plan: &Plan) -> Killed {
    let mut dice = Dice::new(plan.seed);
    let mut total = Killed::default();
    for cycle in 0..plan.cycles {
        let who = [Frozen::Server, Frozen::Agent, Frozen::Both][(cycle % 3) as usize];
        let span = LEASE + Duration::from_millis(dice.below(4000));
        freeze(who, span, &mut total).await;
        println!("{who:?} frozen for {span:?}: {total}");
    }
    total
}

/// A task whose attempt is frozen, carried to its end; tells how often its agent was started.
pub async fn freeze(who: Frozen, span: Duration, total: &mut Killed) -> usize {
    let (office, server, id) = working().await;
    let agents = processes_of(&id);
    let stop = |signal| {
        if who != Frozen::Agent {
            server.signal(signal);
        }
        for agent in agents.iter().filter(|_| who != Frozen::Server) {
            // One that ended meanwhile is frozen enough.
            let _ = kill(Pid::from_raw(agent.pid), signal);
        }
    };
    stop(Signal::SIGSTOP);
    tokio::time::sleep(span).await;
    stop(Signal::SIGCONT);
    settled(&server, &id, &office).await;
    office.site.signal("go");
    total.cycles += 1;
    examine::examine(&office, &server, Load::of_one(&office, TEXT, true), total).await;
    office.starts(&id)
}

/// A task whose agent works.
pub async fn working() -> (Office, Server, String) {
    let mut setup = slack_setup();
    setup.pace.enforced = false;
    let mut office = Office::around(FakeSlack::start(setup).await.expect("a free port"));
    office.site.agent("probe", PATIENT_AGENT);
    let timers = &mut office.site.config["remote"]["timers"];
    timers["lease"] = format!("{}ms", LEASE.as_millis()).into();
    timers["heartbeat"] = "500ms".into();
    timers["retry_backoff"] = "100ms".into();
    office.site.sabotage(UNPACED);
    let server = office.start().await;
    let id = office.ask_for_plan(&server, TEXT).await;
    office.approve(&server, &id).await;
    office.runs(&server, &id, 1).await;
    (office, server, id)
}

/// Waits until the server has made up its mind: the attempt goes on, or another one began.
async fn settled(server: &Server, id: &str, office: &Office) {
    eventually("somebody works on it", async || {
        let task = server.task(id).await;
        let attempts = task["attempt"]["number"].as_u64().unwrap_or(0) as usize;
        let works = task["status"] == "running" && office.starts(id) >= attempts;
        (works || task["status"] == "failed").then_some(())
    })
    .await;
}
