//! A configured secret is never seen: not in a log, an event, a message, the database, a task's
//! environment or on a command line.

use std::path::Path;
use std::time::Duration;

use harness::Client;
use harness::process::{Installation, Office, eventually, processes_saying, slack_setup};
use nightshift_fakes::slack::{FakeSlack, Fault};

const TOKEN: &str = "xoxb-canary-7f3a9c-token";
const SIGNING: &str = "canary-5d1e8b-signing";
const APP: &str = "xapp-canary-2b6f0d-app";
/// Nobody's key: it is refused, and not repeated.
const MISTYPED: &str = "sk_mistyped_canary_41c7";

fn secrets() -> [&'static str; 6] {
    [
        TOKEN,
        SIGNING,
        APP,
        MISTYPED,
        Installation::ADMIN_KEY,
        Installation::KEY,
    ]
}

async fn office() -> Office {
    let mut setup = slack_setup();
    setup.bot_token = TOKEN.into();
    setup.signing_secret = SIGNING.into();
    setup.app_token = APP.into();
    let mut office = Office::around(FakeSlack::start(setup).await.expect("a free port"));
    let site = &mut office.site;
    site.environment
        .insert("SLACK_APP_TOKEN".into(), APP.into());
    // Deliveries by HTTP are signed: that secret is at work as well.
    site.config["remote"]["trigger_service"]["platforms"]["slack"]["transport"] = "http".into();
    site.environment.insert("RUST_LOG".into(), "trace".into());
    office
}

/// The agent knows the secrets and tells them in every way it can.
fn telltale() -> String {
    let (head, tail) = TOKEN.split_at(11);
    format!(
        "prompt=$(cat); tr '\\0' '\\n' </proc/$$/environ
        echo \"the prompt: $prompt\"; echo {SIGNING} {APP} >&2
        printf '%s' '{head}'; sleep 0.2; echo '{tail}'
        echo plain >$NIGHTSHIFT_OUTPUT_DIR/report.txt
        until [ -e go ]; do sleep 0.02; done"
    )
}

#[tokio::test]
async fn configured_secrets_are_seen_nowhere() {
    let mut office = office().await;
    office.site.agent("probe", &telltale());
    let server = office.start().await;
    office
        .ask(&format!("my token is {TOKEN}, is it not?"))
        .await;
    let id = office.task_with(&server, "my token is").await;
    office.approve(&server, &id).await;
    server.reaches(&id, &["running"]).await;
    for secret in secrets() {
        assert_eq!(processes_saying(secret), [], "on a command line");
    }
    office.site.signal("go");
    let task = server.reaches(&id, &["completed"]).await;
    office.thread(&id).ends().await;
    office.thread(&id).shows_the_truth(&server).await;
    let nobody = Client::new(&server.url, Some(MISTYPED));
    assert_eq!(nobody.get("/api/v1/tasks").await.status, 401);

    let events = server.admin().get("/api/v1/events?limit=1000").await.body;
    let output = server.output(&id).await;
    assert!(contains(&output, "the prompt: my token is ***"));
    let mut places = vec![
        ("the output".to_owned(), output),
        ("the task".to_owned(), task.to_string().into_bytes()),
        ("events".to_owned(), events),
    ];
    places.extend(on_slack(&office));
    let ended = server.terminate(Duration::from_secs(10)).await;
    assert_eq!(ended.code, Some(0));
    places.push(("logs".to_owned(), office.site.said().into_bytes()));
    read_all(&office.site.data_dir(), &mut places);
    let is_database = |name: &str| name.ends_with("nightshift.sqlite");
    assert!(places.iter().any(|(name, _)| is_database(name)));
    for (place, bytes) in &places {
        for secret in secrets() {
            assert!(
                !contains(bytes, secret),
                "{secret} is in {place}: {}",
                around(bytes, secret)
            );
        }
    }
    office.close();
}

/// What Slack was told, and what people see.
fn on_slack(office: &Office) -> Vec<(String, Vec<u8>)> {
    let calls = office.slack.calls();
    let mut told: Vec<_> = calls
        .iter()
        .map(|call| (call.method.clone(), call.args.to_string().into_bytes()))
        .collect();
    for message in office.slack.ours(&office.channel) {
        told.push(("a message".to_owned(), format!("{message:?}").into_bytes()));
    }
    assert!(told.len() > calls.len());
    told
}

/// Errors print what was called and what came back; the credentials of the call and the words of
/// the request are not part of it.
#[tokio::test]
async fn failing_calls_print_neither_credentials_nor_requests() {
    let mut office = office().await;
    // The libraries' own tracing prints bytes; who turns it on wants to see them.
    office
        .site
        .environment
        .insert("RUST_LOG".into(), "debug".into());
    let server = office.start().await;
    office
        .slack
        .fail_always("chat.postMessage", Fault::ServerError);
    office.ask("knit a sweater").await;
    office.task_with(&server, "knit a sweater").await;
    eventually("the failure is logged", async || {
        let said = office.site.said();
        said.contains("could not be sent").then_some(())
    })
    .await;
    let said = office.site.said();
    assert!(said.contains("message.id="), "the log names the message");
    for private in secrets()
        .into_iter()
        .chain(["knit a sweater", "/hooks/commands"])
    {
        let bytes = said.as_bytes();
        assert!(
            !said.contains(private),
            "{private}: {}",
            around(bytes, private)
        );
    }
}

fn read_all(dir: &Path, places: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            read_all(&path, places);
        } else {
            let bytes = std::fs::read(&path).unwrap_or_default();
            places.push((path.display().to_string(), bytes));
        }
    }
}

fn contains(bytes: &[u8], words: &str) -> bool {
    position(bytes, words).is_some()
}

fn position(bytes: &[u8], words: &str) -> Option<usize> {
    bytes
        .windows(words.len())
        .position(|window| window == words.as_bytes())
}

/// What stands around it, for whoever has to find the leak.
fn around(bytes: &[u8], words: &str) -> String {
    let Some(at) = position(bytes, words) else {
        return String::new();
    };
    let from = at.saturating_sub(200);
    let to = (at + words.len() + 100).min(bytes.len());
    String::from_utf8_lossy(&bytes[from..to]).into_owned()
}
