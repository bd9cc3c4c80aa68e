//! What must hold when all is done: asked of the events, of the machine, and of what people see,
//! not of the code that wrote them.

use std::collections::{BTreeMap, BTreeSet};

use nightshift_core::event::Event;
use nightshift_core::id::{Fence, Seq, TaskId};
use nightshift_core::port::store::{Deliveries, Tasks};
use nightshift_core::task::{Task, TaskState};
use nightshift_core::wording::card::{CardContext, task_card};
use nightshift_core::wording::ending;

use crate::life::Life;
use crate::platform::Message;
use crate::run::{Simulation, heal};

pub(crate) struct Found {
    pub(crate) wrong: Vec<String>,
    pub(crate) tasks: usize,
}

/// All that is left at the end.
struct Left<'a> {
    run: &'a Simulation,
    tasks: Vec<Task>,
    events: Vec<Event>,
    messages: Vec<Message>,
    /// The prompt of each plan, by task and number.
    prompts: BTreeMap<(TaskId, u32), String>,
    wrong: Vec<String>,
}

pub(crate) async fn of(run: &Simulation, life: &Life) -> Found {
    let tasks = heal::tasks(life).await;
    let mut left = Left {
        run,
        prompts: prompts(life, &tasks).await,
        tasks,
        events: events(life).await,
        messages: run.outside.remote.seen().messages.clone(),
        wrong: run.outside.machine.processes().wrong.clone(),
    };
    let open = life.store.open_deliveries(None, 1000).await;
    let open = open.expect("deliveries").len();
    left.expect(open == 0, || {
        format!("{open} deliveries were never acted on")
    });
    let broken = life.store.check_invariants().await.expect("invariants");
    left.wrong.extend(broken);
    left.nothing_acknowledged_is_lost();
    left.nothing_runs_unapproved();
    left.each_attempt_ends_once();
    left.each_message_is_there();
    left.nothing_is_said_twice_as_if_once();
    left.messages_keep_their_order();
    left.everybody_sees_the_end();
    Found {
        wrong: left.wrong,
        tasks: left.tasks.len(),
    }
}

async fn events(life: &Life) -> Vec<Event> {
    let mut all: Vec<Event> = Vec::new();
    loop {
        let after = all.last().map_or(Seq(0), |event| event.seq);
        let page = life.store.events(after, None, None, 1000).await;
        let page = page.expect("events");
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

async fn prompts(life: &Life, tasks: &[Task]) -> BTreeMap<(TaskId, u32), String> {
    let mut prompts = BTreeMap::new();
    for task in tasks {
        for plan_no in 1..=task.plan_no {
            let plan = life.store.plan(&task.id, plan_no).await;
            if let Some(plan) = plan.expect("plans") {
                prompts.insert((task.id.clone(), plan_no), plan.body.prompt);
            }
        }
    }
    prompts
}

fn text<'e>(event: &'e Event, field: &str) -> &'e str {
    event.data[field].as_str().unwrap_or_default()
}

impl Left<'_> {
    fn expect(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(otherwise());
        }
    }

    fn of_task(&self, task: &TaskId) -> Vec<Event> {
        let events = self.events.iter();
        events
            .filter(|event| event.task_id.as_ref() == Some(task))
            .cloned()
            .collect()
    }

    /// Every request of somebody who may ask became one task, however often it was delivered.
    fn nothing_acknowledged_is_lost(&mut self) {
        for act in &self.run.acts {
            let Some(work) = &act.work else { continue };
            let made = self.tasks.iter().filter(|task| task.description == *work);
            let made = made.count();
            let expected = usize::from(act.acknowledged);
            if made != expected && (act.acknowledged || made > 1) {
                self.wrong
                    .push(format!("{work:?} was acknowledged and became {made} tasks"));
            }
        }
    }

    /// Each attempt comes after a grant of the very plan, each grant after enough votes of people
    /// who asked for it with their own hands.
    fn nothing_runs_unapproved(&mut self) {
        for task in self.tasks.clone() {
            let (mut granted, mut votes) = (0, BTreeSet::new());
            for event in self.of_task(&task.id) {
                match event.kind.as_str() {
                    "task.planning" => (granted, votes) = (0, BTreeSet::new()),
                    "approval.voted" if text(&event, "decision") == "approve" => {
                        votes.insert(text(&event, "user").to_owned());
                    }
                    "approval.granted" => {
                        granted += 1;
                        self.expect(!votes.is_empty() && granted == 1, || {
                            format!("grant {granted} of {} by {} votes", task.id, votes.len())
                        });
                    }
                    "attempt.leased" => {
                        let holds = granted == 1;
                        self.expect(holds, || format!("{} was leased unapproved", task.id));
                    }
                    _ => {}
                }
            }
        }
        self.what_ran_was_what_was_leased();
    }

    /// Each process has a lease of its own, and got the prompt of that plan.
    fn what_ran_was_what_was_leased(&mut self) {
        let ran = self.run.outside.machine.processes().all.clone();
        for ((task, fence), process) in ran {
            let leases = self.of_task(&task).into_iter().filter(|event| {
                event.kind == "task.running" && event.data["fence"].as_i64() == Some(fence.0)
            });
            let plans: Vec<u32> = leases
                .filter_map(|event| event.data["plan_no"].as_u64())
                .map(|plan_no| plan_no as u32)
                .collect();
            let planned = match plans[..] {
                [plan_no] => self.prompts.get(&(task.clone(), plan_no)),
                _ => None,
            };
            let holds = planned == Some(&process.prompt);
            self.expect(holds, || {
                format!("{task} ran under fence {} by no plan of a lease", fence.0)
            });
        }
    }

    fn fences(&self, task: &TaskId, kind: &str) -> Vec<Fence> {
        let events = self.of_task(task).into_iter();
        events
            .filter(|event| event.kind == kind)
            .filter_map(|event| event.data["fence"].as_i64().map(Fence))
            .collect()
    }

    /// An ending that was accepted is the one of the attempt that showed its fence.
    fn each_attempt_ends_once(&mut self) {
        let accepted = self.run.outside.endings.lock().expect("endings").clone();
        for ((task, fence, kind), times) in accepted {
            let ended = self.fences(&task, kind).into_iter();
            let ended = ended.filter(|one| *one == fence).count();
            self.expect(times == 1 && ended == 1, || {
                format!(
                    "{times} endings of {task} under fence {} were accepted, {ended} are written",
                    fence.0
                )
            });
        }
    }

    /// What was noted as sent can be read, and nothing was given up but a private word.
    fn each_message_is_there(&mut self) {
        let ids: BTreeSet<String> = self.messages.iter().map(|one| one.id.clone()).collect();
        for event in self.events.clone() {
            let (marker, notice) = (text(&event, "marker"), text(&event, "notice"));
            match event.kind.as_str() {
                "message.sent" if notice != "say" && notice != "details" => {
                    let message = text(&event, "message");
                    self.expect(ids.contains(message), || {
                        format!("{notice} {marker} was sent and is not there")
                    });
                }
                "message.failed" => {
                    let private = matches!(notice, "say" | "details" | "given_up");
                    self.expect(private, || format!("{notice} {marker} was given up"));
                }
                _ => {}
            }
        }
    }

    /// A second copy says that it may be one; where the platform can be asked there is none, but
    /// of what came too late to be found.
    fn nothing_is_said_twice_as_if_once(&mut self) {
        let finds = self.run.outside.remote.seen().finds;
        let mut copies: BTreeMap<String, Vec<Message>> = BTreeMap::new();
        for message in &self.messages {
            let copies = copies.entry(message.marker.clone()).or_default();
            copies.push(message.clone());
        }
        for (marker, copies) in copies {
            let plain = copies.iter().filter(|one| !one.labelled).count();
            let late = copies.iter().any(|one| one.late);
            let alone = copies.len() == 1 || late || !finds;
            self.expect(plain <= 1 && alone, || {
                format!(
                    "{marker} is there {} times, {plain} unlabelled",
                    copies.len()
                )
            });
        }
    }

    /// What was queued first in a conversation is there first.
    fn messages_keep_their_order(&mut self) {
        for task in self.tasks.clone() {
            let events = self.of_task(&task.id);
            let queued = events.iter().filter(|event| event.kind == "message.queued");
            let order: Vec<&str> = queued.map(|event| text(event, "marker")).collect();
            let place = |message: &Message| order.iter().position(|one| *one == message.marker);
            let mut seen = BTreeSet::new();
            let messages = self.messages.iter().filter(|message| !message.late);
            let firsts = messages.filter(|message| seen.insert(message.marker.clone()));
            let places: Vec<usize> = firsts.filter_map(place).collect();
            self.expect(places.is_sorted(), || {
                format!("messages of {} are out of order: {places:?}", task.id)
            });
        }
    }

    /// The card of each task shows what became of it, and its last word is there.
    fn everybody_sees_the_end(&mut self) {
        for task in self.tasks.clone() {
            let title = task_card(&task, &CardContext::default()).title;
            let title = title.unwrap_or_default();
            let last = ending::final_message(&task, "").title.unwrap_or_default();
            let about = |message: &&Message| message.now().title.ends_with(task.id.as_str());
            let said: Vec<&Message> = self.messages.iter().filter(about).collect();
            let cards: Vec<&&Message> = said.iter().filter(|one| !is_last_word(one)).collect();
            // A copy that came too late is nobody's: it stays as it was.
            let kept = cards.iter().rfind(|one| !one.late).or(cards.last());
            let kept = kept.map(|one| one.now().title.clone());
            let shows = cards.iter().any(|one| one.now().title == title);
            let told = said.iter().any(|one| one.now().title == last);
            let kept_shows = kept.as_deref() == Some(&title);
            let found_late = shows && cards.iter().any(|one| one.late);
            self.expect(kept_shows || found_late, || {
                format!(
                    "the card of {} shows {kept:?} instead of {title:?}",
                    task.id
                )
            });
            let needs_word = !matches!(task.state, TaskState::Cancelled { .. });
            self.expect(told || !needs_word, || {
                format!("nobody was told of the end of {}", task.id)
            });
        }
    }
}

/// Titles of what is said once, at an end.
fn is_last_word(message: &Message) -> bool {
    let title = &message.now().title;
    let words = [
        "Task completed",
        "Task failed",
        "Task expired",
        "Task cancelled",
        "Plan rejected",
    ];
    words.iter().any(|word| title.contains(word))
}
