//! Several servers on one PostgreSQL: any of them takes anything, one does what must be done once,
//! and each goes on where another one ended.

mod away;
mod pooled;
mod refused;

use std::time::Duration;

use futures_util::future::join_all;
use harness::chaos::{Dice, replicas};
use harness::process::{Fleet, Server, eventually};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

/// Which server leads this work, by what each says of itself.
async fn leader(servers: &[Server], work: &str) -> usize {
    eventually(&format!("somebody leads {work}"), async || {
        for (n, server) in servers.iter().enumerate() {
            let health = server.admin().get("/health").await.json();
            let leads = health["replica"]["leads"].as_array()?;
            if leads.iter().any(|led| led == work) {
                return Some(n);
            }
        }
        None
    })
    .await
}

#[tokio::test]
async fn a_task_is_asked_for_here_approved_there_and_shown_everywhere() {
    let mut fleet = Fleet::of(3).await;
    let script = "cat; echo whole >\"$NIGHTSHIFT_OUTPUT_DIR/out.txt\"";
    fleet.office.site.agent("probe", script);
    fleet.agree();
    let servers = fleet.start().await;
    let office = &fleet.office;
    for (n, asked) in servers.iter().enumerate() {
        let (approved, read) = (&servers[(n + 1) % 3], &servers[(n + 2) % 3]);
        let text = format!("number {n}");
        fleet.deliver_to(asked);
        let id = office.ask_for_plan(read, &text).await;
        fleet.deliver_to(approved);
        office.approve(read, &id).await;
        let done = read.reaches(&id, &["completed"]).await;
        let ran_on = done["attempt"]["replica"].as_str().expect("a server");
        assert!(ran_on.starts_with('r'), "{done:#}");
        office.thread(&id).shows_the_truth(read).await;
        assert!(office.thread(&id).ends().await.visible().contains(&text));
        for server in &servers {
            let path = format!("/api/v1/tasks/{id}/files/out.txt");
            let file = server.admin().get(&path).await;
            assert_eq!((file.status, file.body.as_slice()), (200, &b"whole\n"[..]));
            let path = format!("/api/v1/tasks/{id}/logs");
            let logs = server.admin().get(&path).await.json();
            assert!(logs["text"].as_str().unwrap().contains(&text), "{logs}");
        }
    }
    eventually("every file is in its thread", async || {
        (office.slack.files(&office.channel).len() == 3).then_some(())
    })
    .await;
    office.close();
}

/// Of approvals at the same time, through different servers, one is the decision.
#[tokio::test]
async fn approvals_through_different_servers_decide_once() {
    let fleet = Fleet::of(3).await;
    let servers = fleet.start().await;
    for _ in 0..5 {
        let id = servers[0].submit(json!({"description": "race"})).await;
        let votes = (0..9).map(|n| {
            let server = &servers[n % 3];
            let path = format!("/api/v1/tasks/{id}/approve");
            async move {
                let answer = server.admin().post(&path, json!({})).await;
                (answer.status, answer.code())
            }
        });
        let answers = join_all(votes).await;
        let granted = answers.iter().filter(|(status, _)| *status == 200).count();
        assert_eq!(granted, 1, "{answers:?}");
        let late = |(status, _): &&(u16, String)| *status == 409;
        assert_eq!(answers.iter().filter(late).count(), 8, "{answers:?}");
        servers[1].reaches(&id, &["completed"]).await;
        let granted = events(&servers[2], "approval.granted", &id).await;
        assert_eq!(granted.len(), 1, "{granted:?}");
    }
}

async fn events(server: &Server, kind: &str, task: &str) -> Vec<Value> {
    let path = format!("/api/v1/tasks/{task}/events?limit=1000");
    let answer = server.admin().get(&path).await.json();
    let all = answer["items"].as_array().cloned().unwrap_or_default();
    all.into_iter().filter(|it| it["type"] == kind).collect()
}

/// The server that sends, acts and sweeps dies with an attempt: another one does all of that within
/// seconds, and the attempt is told to be lost and runs again.
#[tokio::test]
async fn another_server_goes_on_when_the_leader_is_killed() {
    let fleet = Fleet::of(3).await;
    let mut servers = fleet.start().await;
    let office = &fleet.office;
    let id = office.ask_for_plan(&servers[0], "hold this").await;
    office.approve(&servers[0], &id).await;
    office.runs(&servers[0], &id, 1).await;
    let leads = leader(&servers, "send:slack").await;
    let ran_on = servers[0].task(&id).await["attempt"]["replica"].clone();
    let ran_on = ran_on.as_str().unwrap()[1..2].parse::<usize>().unwrap();
    // The one that leads, and the one that works where it is another one.
    let mut gone = vec![leads, ran_on];
    gone.sort_unstable();
    gone.dedup();
    for n in gone.iter().rev() {
        servers.remove(*n).kill_9();
    }
    fleet.deliver_to(&servers[0]);
    office.runs(&servers[0], &id, 2).await;
    office.site.signal("go");
    let done = servers[0].reaches(&id, &["completed"]).await;
    assert_eq!(done["attempt"]["number"], 2, "{done:#}");
    office.thread(&id).ends().await;
    office.thread(&id).shows_the_truth(&servers[0]).await;
    assert_eq!(office.thread(&id).finals().len(), 1);
    assert_eq!(office.thread(&id).saying("lost").len(), 1);
    // New work goes its whole way.
    let other = office.ask_for_plan(&servers[0], "and this").await;
    office.approve(&servers[0], &other).await;
    servers[0].reaches(&other, &["completed"]).await;
    office.thread(&other).ends().await;
    office.close();
}

/// Frozen for longer than every lease and term, then back: what it held is another's by now, it
/// ends its own and says nothing twice.
#[tokio::test]
async fn a_frozen_server_comes_back_to_find_its_work_done_by_others() {
    let fleet = Fleet::of(2).await;
    let servers = fleet.start().await;
    let office = &fleet.office;
    let leads = leader(&servers, "send:slack").await;
    let other = &servers[1 - leads];
    fleet.deliver_to(other);
    let before = office.ask_for_plan(other, "before").await;
    servers[leads].signal(Signal::SIGSTOP);
    office.approve(other, &before).await;
    other.reaches(&before, &["completed"]).await;
    office.thread(&before).ends().await;
    office.thread(&before).shows_the_truth(other).await;
    servers[leads].signal(Signal::SIGCONT);
    assert_eq!(leader(&servers, "send:slack").await, 1 - leads);
    let after = office.ask_for_plan(other, "after").await;
    office.approve(other, &after).await;
    servers[leads].reaches(&after, &["completed"]).await;
    for id in [&before, &after] {
        office.thread(id).ends().await;
        office.thread(id).shows_the_truth(&servers[leads]).await;
        assert_eq!(office.thread(id).cards().len(), 1);
        assert_eq!(office.thread(id).finals().len(), 1);
        assert_eq!(office.starts(id), 1);
    }
    office.close();
}

/// Who stops in good order hands everything over at once.
#[tokio::test]
async fn a_rolling_restart_loses_and_doubles_nothing() {
    let fleet = Fleet::of(2).await;
    let mut servers = fleet.start().await;
    let office = &fleet.office;
    let held = office.ask_for_plan(&servers[0], "hold over").await;
    office.approve(&servers[0], &held).await;
    office.runs(&servers[0], &held, 1).await;
    let mut ids = Vec::new();
    for round in 0..2 {
        let stopping = servers.remove(0);
        fleet.deliver_to(&servers[0]);
        let id = office
            .ask_for_plan(&servers[0], &format!("round {round}"))
            .await;
        let ended = stopping.terminate(Duration::from_secs(15)).await;
        assert_eq!(ended.code, Some(0));
        office.approve(&servers[0], &id).await;
        servers[0].reaches(&id, &["completed"]).await;
        ids.push(id);
        servers.push(fleet.site(round).start().await);
    }
    office.site.signal("go");
    servers[0].reaches(&held, &["completed"]).await;
    ids.push(held);
    for id in &ids {
        office.thread(id).ends().await;
        office.thread(id).shows_the_truth(&servers[1]).await;
        assert_eq!(office.thread(id).cards().len(), 1, "{id}");
        assert_eq!(office.thread(id).finals().len(), 1, "{id}");
    }
    office.close();
}

/// One holds the connection to Slack for all; when it dies another one has it in seconds.
#[tokio::test]
async fn one_server_holds_the_socket_and_another_takes_it_over() {
    let mut fleet = Fleet::of(3).await;
    let token = fleet.slack().setup().app_token.clone();
    let site = &mut fleet.office.site;
    site.environment.insert("SLACK_APP_TOKEN".into(), token);
    fleet.agree();
    let mut servers = fleet.start().await;
    fleet.slack().disconnect_webhook();
    let office = &fleet.office;
    let one_connection = async || {
        eventually("one connection", async || {
            (office.slack.connections() == 1).then_some(())
        })
        .await;
    };
    one_connection().await;
    let id = office.ask_for_plan(&servers[0], "through the socket").await;
    office.approve(&servers[1], &id).await;
    servers[2].reaches(&id, &["completed"]).await;
    let holds = leader(&servers, "listen:slack socket").await;
    servers.remove(holds).kill_9();
    eventually("nobody is connected", async || {
        (office.slack.connections() == 0).then_some(())
    })
    .await;
    one_connection().await;
    let id = office.ask_for_plan(&servers[0], "through the next").await;
    office.approve(&servers[1], &id).await;
    servers[0].reaches(&id, &["completed"]).await;
    office.thread(&id).ends().await;
    office.close();
}

/// Whoever reads the log of all from number to number sees every event, however many servers write.
#[tokio::test]
async fn a_reader_of_all_events_skips_none() {
    let fleet = Fleet::of(3).await;
    let servers = fleet.start().await;
    let done = std::sync::atomic::AtomicBool::new(false);
    let writing = async {
        let writers = servers.iter().cycle().take(6).map(|server| async move {
            for n in 0..10 {
                let body = json!({"description": format!("event {n}")});
                let answer = server.submitter().post("/api/submit", body).await;
                assert_eq!(answer.status, 202, "{answer:?}");
            }
        });
        join_all(writers).await;
        done.store(true, std::sync::atomic::Ordering::SeqCst);
    };
    let reading = async |server: &Server| {
        let (mut after, mut seen) = (0, Vec::new());
        loop {
            let last = done.load(std::sync::atomic::Ordering::SeqCst);
            let path = format!("/api/v1/events?after={after}&limit=7");
            let answer = server.admin().get(&path).await.json();
            let items = answer["items"].as_array().cloned().unwrap_or_default();
            if items.is_empty() && last {
                return seen;
            }
            for item in items {
                after = item["seq"].as_i64().expect("a number");
                seen.push(after);
            }
        }
    };
    let readers = async { tokio::join!(reading(&servers[0]), reading(&servers[1])) };
    let ((), (one, other)) = tokio::join!(writing, readers);
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let path = format!("/api/v1/events?after={after}&limit=1000");
        let items = servers[2].admin().get(&path).await.json()["items"].clone();
        let items = items.as_array().cloned().unwrap_or_default();
        let Some(last) = items.last() else { break };
        after = last["seq"].as_i64().expect("a number");
        all.extend(items.iter().filter_map(|item| item["seq"].as_i64()));
    }
    for seen in [one, other] {
        let upto = *seen.last().expect("events");
        let expected: Vec<i64> = all.iter().copied().filter(|seq| *seq <= upto).collect();
        assert_eq!(seen, expected);
    }
}

/// The short form of `cargo xtask chaos replicas`.
#[tokio::test]
async fn servers_that_are_killed_and_frozen_lose_and_double_nothing() {
    let plan = replicas::Plan {
        seed: Dice::fresh_seed(),
        servers: 3,
        tasks: 150,
        clients: 24,
        calm: Duration::from_secs(1),
        fault: None,
    };
    let report = replicas::run(&plan).await;
    println!("--seed {}: {report}", plan.seed);
    assert!(report.is_good(), "--seed {}: {report}", plan.seed);
    assert!(
        report.found.starts >= plan.tasks && report.races > 0,
        "{report}"
    );
}

/// Who watches can see: a server that starts everything twice is found out.
#[tokio::test]
async fn servers_that_run_everything_twice_are_found_out() {
    let plan = replicas::Plan {
        seed: 7,
        servers: 2,
        tasks: 40,
        clients: 8,
        calm: Duration::from_secs(4),
        fault: Some("start-twice"),
    };
    let report = replicas::run(&plan).await;
    assert!(report.found.double_runs > 0, "{report}");
}
