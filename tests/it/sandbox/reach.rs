//! What an agent cannot reach.

use std::net::TcpListener;

use harness::process::{Installation, Server, eventually};
use serde_json::json;

/// Tells of each line of its prompt whether it is a path that can be read, then who it is.
const READER: &str = r#"
while read -r path; do
    if [ -d "$path" ]; then found=$(ls -A "$path" 2>/dev/null)
    else found=$(head -c 64 "$path" 2>/dev/null | tr -d '\0'); fi
    [ -n "$found" ] && echo "READ $path: $found"
done
for path in /usr/planted /etc/planted /planted; do touch $path 2>/dev/null && echo "WROTE $path"; done
echo "uid $(id -u)"
"#;

/// An agent that waits in its own directory with a file of its own.
const KEEPER: &str = r#"
echo "of another task" >mine; echo "of another task" >"$NIGHTSHIFT_OUTPUT_DIR/mine"
echo "$PWD"; echo "$NIGHTSHIFT_OUTPUT_DIR"
until [ -e "$HOME/never" ]; do sleep 0.05; done
"#;

#[tokio::test]
async fn nothing_of_the_service_or_of_other_tasks_can_be_read() {
    for isolation in ["auto", "landlock"] {
        let mut site = Installation::new();
        site.config["remote"]["execution"]["local"]["isolation"] = isolation.into();
        site.agent("probe", READER);
        site.agent("keeper", KEEPER);
        std::fs::write(site.path("home").join("diary"), "dear diary").expect("the home");
        let server = site.start().await;
        let keeper = server
            .submit(json!({"description": "keep", "agent": "keeper"}))
            .await;
        server.approve(&keeper).await;
        let mut paths = keepers_paths(&server, &keeper).await;
        let dir = |name: &str| site.path(name).display().to_string();
        let service = server.pid().as_raw();
        paths.extend([
            dir("data"),
            dir("data/nightshift.sqlite"),
            dir("data/nightshift.sock"),
            dir("data/logs"),
            dir("data/results"),
            dir("config.yaml"),
            dir("home"),
            dir("home/diary"),
            dir("project"),
            "/etc/shadow".to_owned(),
            "/root".to_owned(),
            format!("/proc/{service}/environ"),
            format!("/proc/{service}/root/etc/shadow"),
        ]);
        let task = server
            .run(json!({"description": paths.join("\n") + "\n"}))
            .await;
        let used = task["attempt"]["isolation"].as_str().unwrap_or_default();
        if task["reason"] == "isolation_unavailable" && isolation != "auto" {
            println!("{isolation} is not tested: {}", task["detail"]);
            continue;
        }
        assert_eq!(task["status"], "completed", "{task:#}");
        let said = server
            .output(task["task_id"].as_str().expect("an id"))
            .await;
        let said = String::from_utf8_lossy(&said);
        let (word, uid) = said.trim().split_once(' ').unwrap_or_default();
        assert_eq!(word, "uid", "{isolation} ({used}): {said}");
        assert!(
            uid.parse::<u32>().is_ok_and(|uid| uid != 0),
            "{isolation} ({used}): {said}"
        );
    }
}

/// The directories that the keeper says it works in, and its files.
async fn keepers_paths(server: &Server, keeper: &str) -> Vec<String> {
    let said = eventually("the keeper says where it is", async || {
        let said = String::from_utf8(server.output(keeper).await).expect("text");
        (said.lines().count() == 2).then_some(said)
    })
    .await;
    said.lines()
        .flat_map(|dir| [dir.to_owned(), format!("{dir}/mine")])
        .collect()
}

#[tokio::test]
async fn without_hosts_an_agent_has_no_network_not_even_ours() {
    let mut site = Installation::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    site.agent("probe", "read -r port; bash -c \"exec 3<>/dev/tcp/127.0.0.1/$port\" 2>/dev/null && echo reached; echo over");
    let script = site.config["remote"]["execution"]["agents"]["probe"]["command"].clone();
    site.config["remote"]["execution"]["agents"]["online"] =
        json!({"command": script, "hosts": ["api.example.com"]});
    let server = site.start().await;
    let own = server.url.rsplit(':').next().expect("a port").to_owned();
    for (agent, network, expected) in [
        ("probe", "none", "over\n"),
        ("online", "open", "reached\nover\n"),
    ] {
        for port in [port.to_string(), own.clone()] {
            let task = server
                .run(json!({"description": format!("{port}\n"), "agent": agent}))
                .await;
            assert!(
                task["plan"]["network"]
                    .as_str()
                    .is_some_and(|it| it.starts_with(network)),
                "{task:#}"
            );
            let said = server
                .output(task["task_id"].as_str().expect("an id"))
                .await;
            assert_eq!(String::from_utf8_lossy(&said), expected, "{agent}");
        }
    }
}

#[tokio::test]
async fn a_directory_outside_of_every_project_is_refused_by_name() {
    let site = Installation::new();
    let server = site.start().await;
    for dir in [
        site.path("home"),
        site.data_dir(),
        "/etc".into(),
        site.project().join("../home"),
    ] {
        let asked = json!({"description": "write", "dir": dir});
        let refused = server.submitter().post("/api/submit", asked).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (422, "invalid"),
            "{refused:?}"
        );
        let body = String::from_utf8_lossy(&refused.body).into_owned();
        assert!(
            body.contains("dir") && body.contains(&*dir.to_string_lossy()),
            "{body}"
        );
    }
    assert_eq!(server.tasks().await.len(), 0);
}
