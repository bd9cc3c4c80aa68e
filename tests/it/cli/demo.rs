//! The newcomer's first minute.

use std::net::TcpListener;
use std::time::Duration;

use harness::Client;
use harness::process::{Installation, Server, eventually, processes_of, until_gone};
use serde_json::{Value, json};

const OPEN: &str = "NightShift demo: open ";
const ELSEWHERE: &str = "From another terminal: nightshift --data-dir ";

struct Demo {
    server: Server,
    client: Client,
}

impl Demo {
    async fn start(site: &mut Installation, words: &[&str]) -> Self {
        // A demo is the same whatever is configured.
        site.environment
            .insert("SLACK_BOT_TOKEN".into(), "xoxb-of-another-life".into());
        let mut server = Server::spawn(site, &[&["demo"], words].concat());
        let page = server.address(site, OPEN).await;
        server.url = page
            .strip_suffix("/playground")
            .expect("the page")
            .to_owned();
        let client = Client::new(&server.url, None);
        eventually("the demo is ready", async || {
            (client.get("/readyz").await.status == 200).then_some(())
        })
        .await;
        Self { server, client }
    }

    async fn task(&self, id: &str) -> Value {
        self.client.get(&format!("/api/v1/tasks/{id}")).await.json()
    }

    async fn run(&self, text: &str) -> String {
        let answer = self
            .client
            .post("/api/submit", json!({"description": text}))
            .await;
        assert_eq!(answer.status, 202, "{answer:?}");
        let id = answer.json()["task_id"].as_str().expect("an id").to_owned();
        eventually("there is a plan", async || {
            (self.task(&id).await["status"] == "staged").then_some(())
        })
        .await;
        let approved = self
            .client
            .post(&format!("/api/v1/tasks/{id}/approve"), json!({}))
            .await;
        assert_eq!(approved.status, 200, "{approved:?}");
        id
    }

    async fn reaches(&self, id: &str, state: &str) -> Value {
        eventually(&format!("{id} is {state}"), async || {
            let task = self.task(id).await;
            (task["status"] == state).then_some(task)
        })
        .await
    }
}

#[tokio::test]
async fn a_newcomer_runs_watches_and_cancels_without_an_account() {
    let mut site = Installation::new();
    let demo = Demo::start(&mut site, &["--port", "0"]).await;
    assert!(
        demo.server.url.starts_with("http://127.0.0.1:"),
        "{}",
        demo.server.url
    );
    let page = demo.client.get("/playground").await;
    assert_eq!(page.status, 200);

    let disk = demo.run("run disk").await;
    let task = demo.reaches(&disk, "completed").await;
    assert!(
        task["result"]["text"]
            .as_str()
            .is_some_and(|text| text.contains("Mounted on")),
        "{task:#}"
    );

    let writing = demo.run("lines 3 and then write hello.txt").await;
    let task = demo.reaches(&writing, "completed").await;
    assert_eq!(task["result"]["files"][0]["path"], "hello.txt", "{task:#}");
    assert!(
        task["result"]["text"]
            .as_str()
            .is_some_and(|text| text.contains("line 3 of 3"))
    );

    let sleeping = demo.run("sleep 600").await;
    demo.reaches(&sleeping, "running").await;
    let processes = eventually("the agent is there", async || {
        Some(processes_of(&sleeping)).filter(|found| !found.is_empty())
    })
    .await;
    demo.client
        .post(&format!("/api/v1/tasks/{sleeping}/cancel"), json!({}))
        .await;
    demo.reaches(&sleeping, "cancelled").await;
    until_gone(&processes).await;

    // The command line finds it as the demo says.
    let said = site.said();
    let line = said
        .lines()
        .find_map(|line| line.strip_prefix(ELSEWHERE))
        .expect("the hint");
    let dir = line.strip_suffix(" queue").expect("a verb").to_owned();
    let queue = site.nightshift(&["--data-dir", &dir, "queue"]).await;
    assert_eq!(queue.code, 0, "{queue:?}");
    assert!(queue.stdout.contains(&disk), "{queue:?}");
    let words = ["submit", "--auto-approve", "--wait", "run", "disk"];
    let again = site
        .nightshift(&[&["--data-dir", &dir], &words[..]].concat())
        .await;
    assert_eq!(again.code, 0, "{again:?}");
    assert!(again.stdout.contains("Mounted on"), "{again:?}");

    let ended = demo.server.terminate(Duration::from_secs(5)).await;
    assert_eq!(ended.code, Some(0));
    assert!(
        !std::path::Path::new(&dir).exists(),
        "it removes everything"
    );
}

#[tokio::test]
async fn where_the_port_is_taken_another_address_is_printed() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let mut site = Installation::new();
    let demo = Demo::start(&mut site, &["--port", &port]).await;
    assert!(
        !demo.server.url.ends_with(&format!(":{port}")),
        "{}",
        demo.server.url
    );
}

/// Loopback is no protection against a page of somebody else in the same browser.
#[tokio::test]
async fn a_strange_page_cannot_use_the_demo() {
    let mut site = Installation::new();
    let demo = Demo::start(&mut site, &["--port", "0"]).await;
    for (header, value) in [
        ("origin", "https://evil.example.com"),
        ("host", "evil.example.com"),
    ] {
        let request = demo
            .client
            .request("POST", "/api/submit")
            .header(header, value);
        let answer = demo
            .client
            .send(request.json(&json!({"description": "run disk"})))
            .await;
        assert!((400..500).contains(&answer.status), "{header}: {answer:?}");
    }
    let tasks = demo.client.get("/api/v1/tasks").await.json();
    assert_eq!(tasks["items"], json!([]));
}
