//! Real agents through the whole product: what reaches them, what they can reach, how they end.

mod ends;
mod reach;

use harness::process::Installation;
use serde_json::json;

fn awkward_prompts() -> Vec<String> {
    vec![
        r#"$(touch /tmp/x) "; rm -rf ~ #"#.into(),
        "`touch here` && touch here || touch here & touch here; touch here | touch here > here"
            .into(),
        "--help".into(),
        "-rf --no-preserve-root /".into(),
        "-".into(),
        "@/etc/passwd".into(),
        "%s%n\\x00\\0\\\\ %PATH% ${PATH} $HOME ~ * ? [a-z] !! 'quoted' \"double\"".into(),
        "line one\r\nline two\n\n\ttabbed\u{1b}[31m red \u{7}".into(),
        "zero\0byte and the rest".into(),
        "näh 日本語 🦀 \u{202e}turned".into(),
        "large ".repeat(17_000),
    ]
}

/// The prompt, as it was typed, is what the agent reads; nothing of it is ever run.
#[tokio::test]
async fn awkward_prompts_reach_the_agent_as_text_and_nothing_else() {
    let mut site = Installation::new();
    site.agent("filed", r#"cat -- "$1""#);
    site.config["remote"]["execution"]["agents"]["filed"]["prompt"] = "file".into();
    let here = site.project().join("here");
    let diary = site.path("home").join("diary");
    std::fs::write(&diary, "dear diary").expect("the home");
    let server = site.start().await;
    for agent in ["probe", "filed"] {
        for prompt in awkward_prompts() {
            let asked = json!({"description": prompt, "agent": agent, "project": "demo"});
            let task = server.run(asked).await;
            assert_eq!(
                task["status"], "completed",
                "{agent} {prompt:.60?}: {task:.2000}"
            );
            let output = server
                .output(task["task_id"].as_str().expect("an id"))
                .await;
            assert!(
                output == prompt.as_bytes(),
                "{agent} read {:.200?} instead of {prompt:.200?}",
                String::from_utf8_lossy(&output)
            );
            assert_eq!(task["description"], prompt.as_str());
        }
    }
    assert!(!here.exists());
    let left: Vec<_> = std::fs::read_dir(site.project())
        .expect("the project")
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(
        std::fs::read_to_string(&diary).expect("it is still there"),
        "dear diary"
    );
}

#[tokio::test]
async fn an_agent_gets_exactly_the_variables_it_was_promised() {
    let mut site = Installation::new();
    site.agent("probe", r"tr '\0' '\n' </proc/$$/environ");
    site.config["remote"]["execution"]["agents"]["probe"]["env"] = json!({"LEVEL": "high"});
    site.environment
        .insert("OF_THE_SERVICE".into(), "private".into());
    let server = site.start().await;
    let task = server.run(json!({"description": "look around"})).await;
    let id = task["task_id"].as_str().expect("an id");
    let output = String::from_utf8(server.output(id).await).expect("text");
    let variables: Vec<(&str, &str)> = output
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect();
    let mut names: Vec<&str> = variables.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    // The instance is how a later life of the server knows a stray of its own.
    let promised = [
        "HOME",
        "LANG",
        "LEVEL",
        "NIGHTSHIFT_FENCE",
        "NIGHTSHIFT_INSTANCE",
        "NIGHTSHIFT_OUTPUT_DIR",
        "NIGHTSHIFT_TASK_ID",
        "PATH",
        "TERM",
    ];
    names.retain(|name| !["PWD", "TMPDIR"].contains(name));
    assert_eq!(names, promised, "{output}");
    let value = |name: &str| {
        variables
            .iter()
            .find(|(it, _)| *it == name)
            .map(|(_, value)| *value)
    };
    assert_eq!(value("NIGHTSHIFT_TASK_ID"), Some(id));
    assert_eq!(value("LEVEL"), Some("high"));
    let home = site.path("home").display().to_string();
    assert_ne!(
        value("HOME"),
        Some(home.as_str()),
        "the agent has a home of its own"
    );
}

#[tokio::test]
async fn output_arrives_while_the_agent_still_runs() {
    let mut site = Installation::new();
    site.agent(
        "probe",
        "echo first; until [ -e go ]; do sleep 0.02; done; echo second",
    );
    let server = site.start().await;
    let id = server
        .submit(json!({"description": "speak", "project": "demo"}))
        .await;
    server.approve(&id).await;
    let request = server
        .submitter()
        .request("GET", &format!("/api/v1/tasks/{id}/logs/stream"));
    let mut stream = request.send().await.expect("an answer");
    assert_eq!(stream.status(), 200);
    let mut heard = String::new();
    hear(&mut stream, &mut heard, "data: first").await;
    assert_eq!(server.task(&id).await["status"], "running");
    assert!(!heard.contains("second"), "{heard}");
    site.signal("go");
    hear(&mut stream, &mut heard, "event: end").await;
    assert!(heard.contains("data: second"), "{heard}");
    assert!(
        heard.contains("id: 6"),
        "the byte offset after `first`: {heard}"
    );
}

async fn hear(stream: &mut reqwest::Response, heard: &mut String, words: &str) {
    while !heard.contains(words) {
        let chunk = tokio::time::timeout(harness::process::PATIENCE, stream.chunk()).await;
        let chunk = chunk.expect("something is said").expect("an open stream");
        let chunk = chunk.unwrap_or_else(|| panic!("it ended before `{words}`: {heard}"));
        heard.push_str(&String::from_utf8_lossy(&chunk));
    }
}

#[tokio::test]
async fn what_the_agent_leaves_in_its_output_directory_is_the_result() {
    let mut site = Installation::new();
    site.agent(
        "probe",
        r#"cd "$NIGHTSHIFT_OUTPUT_DIR"; printf 'a\000b' >report.bin; mkdir deep; echo note >deep/note.txt
        ln -s /etc/passwd link; ln -s / root; echo outside >"$HOME/elsewhere"; echo done"#,
    );
    let server = site.start().await;
    let task = server.run(json!({"description": "write it down"})).await;
    let id = task["task_id"].as_str().expect("an id");
    let files = task["result"]["files"].as_array().expect("files");
    let mut names: Vec<&str> = files
        .iter()
        .filter_map(|file| file["path"].as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["deep/note.txt", "report.bin"], "{task:#}");
    let client = server.submitter();
    let file = client
        .get(&format!("/api/v1/tasks/{id}/files/report.bin"))
        .await;
    assert_eq!(
        (file.status, file.body.as_slice()),
        (200, b"a\0b".as_slice())
    );
    let header = |name: &str| file.headers[name].to_str().expect("text").to_owned();
    assert!(header("content-disposition").starts_with("attachment"));
    assert_eq!(header("x-content-type-options"), "nosniff");
    for name in [
        "link",
        "root",
        "root/etc/passwd",
        "../prompt",
        "%2e%2e%2fprompt",
        "elsewhere",
    ] {
        let answer = client
            .get(&format!("/api/v1/tasks/{id}/files/{name}"))
            .await;
        assert!((400..500).contains(&answer.status), "{name}: {answer:?}");
    }
}
