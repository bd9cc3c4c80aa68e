//! The server dies at a point of a path: on either side of each commit, and between a send and the
//! note of it. The next life carries the task to its end, and all of it fits.
//!
//! The points are those that a journey passes: a new store method on its path is covered by itself.
//! Of all methods of the store [`coverage`] knows whether some journey passes them.

pub mod coverage;
mod journey;
mod paths;

use std::collections::{BTreeMap, BTreeSet};

use super::kill::{Killed, examine, load::Load};
use super::{Dice, Pace, found_by};
use crate::process::{Office, Server};
use journey::Journey;
pub use paths::Path;

#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    /// How many points, chosen by the seed; `None` for all.
    pub points: Option<usize>,
    pub paths: Vec<Path>,
    pub pace: Pace,
}

/// Where a server dies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    pub path: Path,
    /// As the sabotaged server is told.
    pub word: String,
}

/// What dying at points did.
#[derive(Debug, Default)]
pub struct Survived {
    pub points: Vec<String>,
    /// Points at which it did not die after all: they are passed by chance, as a heartbeat is.
    pub missed: Vec<String>,
    /// The store methods that committed on each path.
    pub commits: BTreeMap<&'static str, BTreeSet<String>>,
    pub after: Killed,
}

/// Messages of a journey, at least: the card, its changes, the answer.
const SENDS: u32 = 3;

pub async fn run(plan: &Plan) -> Survived {
    let mut survived = Survived::default();
    let mut points = Vec::new();
    for path in &plan.paths {
        let commits = commits(*path, plan.pace).await;
        points.extend(points_of(*path, &commits));
        survived.commits.insert(path.name(), commits);
    }
    Dice::new(plan.seed).shuffle(&mut points);
    points.truncate(plan.points.unwrap_or(usize::MAX));
    for point in points {
        let name = format!("{}/{}", point.path.name(), point.word);
        if !die_at(&point, "", plan.pace, &mut survived.after).await {
            survived.missed.push(name.clone());
        }
        survived.points.push(name);
    }
    survived
}

/// The store methods that commit in an undisturbed journey.
pub async fn commits(path: Path, pace: Pace) -> BTreeSet<String> {
    let mut office = office(path, pace).await;
    let notes = office.site.path("commits");
    let note = format!("note-commits:{}", notes.display());
    office.site.sabotage(&pace.with(&note));
    let mut server = office.start().await;
    let mut journey = Journey::new(&office, path);
    let arrived = journey.go(&mut server).await;
    assert!(arrived, "{} undisturbed: {}", path.name(), journey.stuck());
    let text = std::fs::read_to_string(notes).expect("the notes");
    text.lines().map(str::to_owned).collect()
}

/// Both sides of every commit, and the first sends.
fn points_of(path: Path, commits: &BTreeSet<String>) -> Vec<Point> {
    let commits = commits
        .iter()
        .flat_map(|change| ["before", "after"].map(|side| format!("die-{side}-commit:{change}:1")));
    let sends = (1..=SENDS).map(|nth| format!("die-after-send:{nth}"));
    let words = commits.chain(sends);
    words.map(|word| Point { path, word }).collect()
}

async fn office(path: Path, pace: Pace) -> Office {
    let mut office = pace.office(paths::AGENT).await;
    path.furnish(&mut office);
    office
}

/// One death and the life after it, in which the fault goes on; whether it died there.
pub async fn die_at(point: &Point, fault: &str, pace: Pace, total: &mut Killed) -> bool {
    let mut died = false;
    let name = format!("at {}/{}", point.path.name(), point.word);
    found_by(total, &name, async |total| {
        let mut office = office(point.path, pace).await;
        let words = [&*point.word, fault]
            .into_iter()
            .filter(|it| !it.is_empty());
        let words: Vec<&str> = words.collect();
        office.site.sabotage(&pace.with(&words.join(",")));
        let doomed = Server::start_doomed(&office.site).await;
        office.site.sabotage(&pace.with(fault));
        let mut journey = Journey::new(&office, point.path);
        died = match doomed {
            None => true,
            Some(mut server) => {
                let url = format!("{}/webhook/slack", server.url);
                office.slack.connect(url);
                !journey.go(&mut server).await
            }
        };
        let mut server = office.start().await;
        journey.repeat_what_was_not_answered().await;
        total.cycles += 1;
        if !journey.go(&mut server).await {
            total.losses += 1;
            total.found(journey.stuck());
        }
        let load = Load::of(&office, journey.requests());
        examine::examine(&office, &server, load, total).await;
    })
    .await;
    died
}
