//! The server dies at a point of its main path: on either side of each commit, and between a
//! send and the note of it. The next life carries the task to its end, and all of it fits.
//!
//! The points are those that a journey passes: a new store method is covered by itself.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use nightshift_fakes::slack::{Delivery, FakeSlack};

use super::Dice;
use super::kill::{Killed, UNPACED, WORKING_AGENT, examine, load::Load};
use crate::process::{Office, PATIENCE, Server, slack_setup};

#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    /// How many points, chosen by the seed; `None` for all.
    pub points: Option<usize>,
}

/// What dying at points did.
#[derive(Debug, Default)]
pub struct Survived {
    /// As the sabotaged server is told them.
    pub points: Vec<String>,
    /// Points at which it did not die after all: they are passed by chance, as a heartbeat is.
    pub missed: Vec<String>,
    pub after: Killed,
}

/// Messages of the journey, at least: the card, its changes, the answer.
const SENDS: u32 = 3;
const LOOK_EVERY: Duration = Duration::from_millis(15);
const TEXT: &str = "count the stars";

pub async fn run(plan: &Plan) -> Survived {
    let mut points = points().await;
    Dice::new(plan.seed).shuffle(&mut points);
    points.truncate(plan.points.unwrap_or(usize::MAX));
    let mut survived = Survived::default();
    for point in points {
        let good = survived.after.is_good();
        if !die_at(&point, &mut survived.after).await {
            survived.missed.push(point.clone());
        }
        if good && !survived.after.is_good() {
            survived
                .after
                .found(format!("the first of these at {point}"));
        }
        survived.points.push(point);
    }
    survived
}

/// Both sides of every commit of an undisturbed journey, and the first sends.
async fn points() -> Vec<String> {
    let mut office = office().await;
    let notes = office.site.path("commits");
    let note = format!("{UNPACED},note-commits:{}", notes.display());
    office.site.sabotage(&note);
    let mut server = office.start().await;
    let mut asked = None;
    assert!(
        journey(&office, &mut server, &mut asked).await,
        "undisturbed"
    );
    let text = std::fs::read_to_string(notes).expect("the notes");
    let changes: BTreeSet<&str> = text.lines().collect();
    let commits = changes
        .iter()
        .flat_map(|change| ["before", "after"].map(|side| format!("die-{side}-commit:{change}:1")));
    let sends = (1..=SENDS).map(|nth| format!("die-after-send:{nth}"));
    commits.chain(sends).collect()
}

async fn office() -> Office {
    let mut setup = slack_setup();
    setup.pace.enforced = false;
    let mut office = Office::around(FakeSlack::start(setup).await.expect("a free port"));
    office.site.agent("probe", WORKING_AGENT);
    office.site.config["remote"]["timers"]["retry_backoff"] = "100ms".into();
    office
}

/// One death and the life after it; whether it died there.
async fn die_at(point: &str, total: &mut Killed) -> bool {
    let mut office = office().await;
    office.site.sabotage(&format!("{UNPACED},{point}"));
    let mut asked = None;
    let died = match Server::start_doomed(&office.site).await {
        None => true,
        Some(mut server) => {
            office
                .slack
                .connect(format!("{}/webhook/slack", server.url));
            !journey(&office, &mut server, &mut asked).await
        }
    };
    office.site.sabotage(UNPACED);
    let server = office.start().await;
    // A person whose command was not answered repeats it.
    let acknowledged = match asked {
        Some(delivery) if delivery.acknowledged => true,
        Some(delivery) => {
            let again = office.slack.redeliver(&delivery).await;
            again.is_some_and(|again| again.acknowledged)
        }
        None => ask(&office).await.acknowledged,
    };
    let load = Load::of_one(&office, TEXT, acknowledged);
    total.cycles += 1;
    examine::examine(&office, &server, load, total).await;
    died
}

/// Asked, approved, run, answered; `false` when the server died on the way.
async fn journey(office: &Office, server: &mut Server, asked: &mut Option<Delivery>) -> bool {
    let admin = server.admin();
    let began = Instant::now();
    while !server.has_ended() {
        assert!(began.elapsed() < PATIENCE, "the journey does not end");
        tokio::time::sleep(LOOK_EVERY).await;
        if asked.is_none() {
            *asked = Some(ask(office).await);
        }
        let Ok(answer) = admin.request("GET", "/api/v1/tasks").send().await else {
            continue;
        };
        let tasks: serde_json::Value = answer.json().await.unwrap_or_default();
        let Some(id) = tasks["items"][0]["task_id"].as_str() else {
            continue;
        };
        let thread = office.thread(id);
        if !thread.finals().is_empty() && tasks["items"][0]["status"] == "completed" {
            return true;
        }
        let card = thread.cards().pop();
        if let Some(card) = card.filter(|card| card.button("Approve").is_some()) {
            office.ana.clicks_as_seen(&card, "Approve").await;
        }
    }
    false
}

async fn ask(office: &Office) -> Delivery {
    let text = format!("{TEXT} --project demo");
    office.ana.slash(&office.channel, &text).await
}
