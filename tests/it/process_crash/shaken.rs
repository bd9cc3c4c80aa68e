//! Killed at random moments, again and again, while people ask and Slack delivers things twice.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use harness::Client;
use harness::process::{Office, Server, Thread, eventually, slack_setup};
use nightshift_fakes::slack::{FakeChannel, FakeSlack, Message};
use serde_json::{Value, json};

use super::DUPLICATE;

/// One more channel for each cycle's tasks: the pace of one channel is not what is tested.
const TASKS_PER_CYCLE: u64 = 4;

/// Takes its time, so that many moments fall into its work.
const WORKING_AGENT: &str = r#"
prompt=$(cat); echo "$NIGHTSHIFT_TASK_ID $NIGHTSHIFT_FENCE" >>runs
sleep 0.3; echo "I did: $prompt"
"#;

#[tokio::test]
async fn killed_at_random_moments_nothing_acknowledged_is_missing() {
    let seed = number("NIGHTSHIFT_CRASH_SEED").unwrap_or_else(fresh_seed);
    let cycles = number("NIGHTSHIFT_CRASH_CYCLES").unwrap_or(8);
    println!("again with NIGHTSHIFT_CRASH_SEED={seed}");
    let mut dice = Dice(seed);
    let mut setup = slack_setup();
    setup.pace.enforced = false;
    let mut office = Office::around(FakeSlack::start(setup).await.expect("a free port"));
    office.site.agent("probe", WORKING_AGENT);
    let mut asked = Vec::new();
    for cycle in 0..cycles {
        let server = office.start().await;
        let moment = Duration::from_millis(dice.below(900));
        let load = load(&office, server.admin(), cycle);
        let until = tokio::time::sleep(moment);
        tokio::pin!(load, until);
        // Whatever was not answered by then is cut off with the server.
        let answered = tokio::select! {
            answered = &mut load => { until.await; Some(answered) }
            () = &mut until => None,
        };
        server.kill_9();
        asked.extend(match answered {
            Some(answered) => answered,
            None => load.await,
        });
    }
    let server = office.start().await;
    // What Slack was not told to have arrived, it sends again.
    office.slack.retry_pending().await;
    finish_all(&server).await;
    let tasks = server.tasks().await;
    for request in &asked {
        let found = tasks
            .iter()
            .filter(|task| task["description"] == request.text.as_str())
            .count();
        let expected = if request.acknowledged { 1..=1 } else { 0..=1 };
        assert!(expected.contains(&found), "{request:?}: {found} tasks");
    }
    let runs = office.site.runs();
    println!(
        "{cycles} kills, {} tasks, {} starts",
        tasks.len(),
        runs.len()
    );
    let attempts: BTreeSet<&String> = runs.iter().collect();
    assert_eq!(attempts.len(), runs.len(), "an attempt began twice");
    for task in &tasks {
        examine(&office, &server, task, &asked).await;
    }
    office.close();
}

#[derive(Debug)]
struct Request {
    text: String,
    channel: FakeChannel,
    acknowledged: bool,
}

/// People ask by command and by mention; every delivery comes twice; an admin approves.
async fn load(office: &Office, admin: Client, cycle: u64) -> Vec<Request> {
    let approving = async {
        // Ends with the server.
        while let Ok(tasks) = admin
            .request("GET", "/api/v1/tasks?status=staged")
            .send()
            .await
        {
            let tasks: Value = tasks.json().await.unwrap_or_default();
            for task in tasks["items"].as_array().into_iter().flatten() {
                let path = format!(
                    "/api/v1/tasks/{}/approve",
                    task["task_id"].as_str().unwrap_or_default()
                );
                let _ = admin.request("POST", &path).json(&json!({})).send().await;
            }
        }
    };
    let asking = futures_util::future::join_all(
        (0..TASKS_PER_CYCLE).map(|number| ask(office, cycle, number)),
    );
    let (asked, ()) = tokio::join!(asking, approving);
    asked
}

async fn ask(office: &Office, cycle: u64, number: u64) -> Request {
    let channel = office.slack.channel(&format!("room{cycle}x{number}"));
    let text = format!("errand {cycle} of {number}");
    let said = format!("{text} --project demo");
    let acknowledged = if number.is_multiple_of(2) {
        let delivery = office.ana.slash(&channel, &said).await;
        let again = office.slack.redeliver(&delivery).await;
        delivery.acknowledged || again.is_some_and(|again| again.acknowledged)
    } else {
        let said = office.ana.mentions(&channel, &said).await;
        // An unanswered event is sent again later, and must have arrived in the end.
        if let Some(delivery) = said.deliveries.first() {
            office.slack.redeliver(delivery).await;
        }
        true
    };
    Request {
        text,
        channel,
        acknowledged,
    }
}

/// Approves what waits, and waits for the end of everything.
async fn finish_all(server: &Server) {
    let admin = server.admin();
    eventually("every task ends", async || {
        let tasks = server.tasks().await;
        for task in tasks.iter().filter(|task| task["status"] == "staged") {
            let path = format!("/api/v1/tasks/{}/approve", task["task_id"].as_str()?);
            admin.post(&path, json!({})).await;
        }
        let over = |task: &Value| matches!(task["status"].as_str(), Some("completed" | "failed"));
        tasks.iter().all(over).then_some(())
    })
    .await;
}

/// One task after all that: its card, its final message, its runs.
async fn examine(office: &Office, server: &Server, task: &Value, asked: &[Request]) {
    let id = task["task_id"].as_str().expect("an id");
    let request = asked
        .iter()
        .find(|request| task["description"] == request.text.as_str());
    let channel = &request
        .unwrap_or_else(|| panic!("nobody asked for {task:#}"))
        .channel;
    let thread = Thread {
        slack: &office.slack,
        channel,
        task: id,
    };
    assert!(
        task["status"] == "completed" || task["reason"] == "lost",
        "{task:#}"
    );
    thread.ends().await;
    thread.shows_the_truth(server).await;
    let finals = thread.finals();
    assert!(unmarked(&finals) <= 1, "{finals:#?}");
    assert_eq!(thread.cards().len(), 1, "{:#?}", thread.cards());
    let attempts = task["attempt"]["number"].as_u64().expect("a number") as usize;
    let starts = office.starts(id);
    assert!(starts <= attempts, "{starts} starts in {attempts} attempts");
    // Each loss but the one that ended the task was said; a word that may be a copy says so.
    let again = attempts - 1;
    let said = thread.saying("was lost");
    assert!(unmarked(&said) <= again && again <= said.len(), "{said:#?}");
}

fn unmarked(messages: &[Message]) -> usize {
    let plain = messages
        .iter()
        .filter(|message| !message.visible().contains(DUPLICATE));
    plain.count()
}

/// Numbers that the printed seed repeats.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        // Knuth's MMIX generator; the low bits of such a one are poor.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn number(variable: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "a test's own knobs")]
    let value = std::env::var(variable).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{variable} is no number: {value}")),
    )
}

fn fresh_seed() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "another one in every run")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .subsec_nanos()
        .into()
}
