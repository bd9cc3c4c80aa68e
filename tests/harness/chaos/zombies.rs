//! Frozen processes that come back: a server that thinks its lease is still its own, an agent
//! that was silent.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::kill::load::{Ends, Load, Request};
use super::kill::{Killed, examine};
use super::{Dice, Pace, found_by};
use crate::process::{Office, Server, eventually, processes_of};

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
echo "$NIGHTSHIFT_TASK_ID $NIGHTSHIFT_FENCE" >>ends
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
    pub pace: Pace,
}

/// A server that believes in its lease for ever, and an executor that stops nothing: what is lost
/// goes on, and its end is told of.
pub const UNDEAD: &str = "deaf,kept-for-ever";

/// Freezes one after the other for one to three leases; every fourth is one that cannot be stopped.
pub async fn run(plan: &Plan) -> Killed {
    let mut dice = Dice::new(plan.seed);
    let mut total = Killed::default();
    for cycle in 0..plan.cycles {
        let span = LEASE + Duration::from_millis(dice.below(4000));
        let who = [
            Some(Frozen::Server),
            Some(Frozen::Agent),
            Some(Frozen::Both),
            None,
        ];
        let who = who[(cycle % 4) as usize];
        let what = match who {
            Some(who) => format!("{who:?} frozen for {span:?}"),
            None => "nobody could be stopped".to_owned(),
        };
        found_by(&mut total, &what, async |total| match who {
            Some(who) => drop(freeze(who, span, plan.pace, total).await),
            None => outlive(UNDEAD, plan.pace, total).await,
        })
        .await;
        println!("{what}: {total}");
    }
    total
}

/// A task whose attempt is frozen, carried to its end; tells how often its agent was started.
pub async fn freeze(who: Frozen, span: Duration, pace: Pace, total: &mut Killed) -> usize {
    let (office, server, id) = working("", pace).await;
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
    examined(&office, &server, total).await;
    office.starts(&id)
}

/// An attempt that outlives its lease and ends when the next one is leased: its end changes
/// nothing, and the next one does not run beside it.
pub async fn outlive(faults: &str, pace: Pace, total: &mut Killed) {
    let (office, server, id) = working(faults, pace).await;
    eventually("the next attempt is leased", async || {
        let task = server.task(&id).await;
        (task["status"] == "running" && task["attempt"]["number"] == 2).then_some(())
    })
    .await;
    office.site.signal("go");
    examined(&office, &server, total).await;
}

async fn examined(office: &Office, server: &Server, total: &mut Killed) {
    total.cycles += 1;
    let request = Request {
        text: TEXT.to_owned(),
        channel: Some(office.channel.clone()),
        acknowledged: true,
        ends: Ends::Done,
    };
    let load = Load::of(office, vec![request]);
    examine::examine(office, server, load, total).await;
}

/// A task whose agent works, on a server with these faults.
pub async fn working(faults: &str, pace: Pace) -> (Office, Server, String) {
    let mut office = pace.office(PATIENT_AGENT).await;
    let timers = &mut office.site.config["remote"]["timers"];
    timers["lease"] = format!("{}ms", LEASE.as_millis()).into();
    timers["heartbeat"] = "500ms".into();
    office.site.sabotage(&pace.with(faults));
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
