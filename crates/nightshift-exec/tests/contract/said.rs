//! What goes in and what comes out.

use nightshift_core::agent::{OutputFormat, PromptBy};
use nightshift_core::port::{ExitKind, JobEvent};

use crate::harness::{ALL, machines, shell};

fn hostile() -> Vec<String> {
    vec![
        "$(touch /tmp/nightshift-hostile) \"; rm -rf ~ #".to_owned(),
        "--dangerously-skip-permissions\n-rf".to_owned(),
        "a\0b\0".to_owned(),
        "x'y\\ ".repeat(20_000),
        String::new(),
    ]
}

#[tokio::test]
async fn every_prompt_arrives_byte_for_byte() {
    for machine in machines(&ALL) {
        for prompt in hostile() {
            let mut job = shell("cat >\"$NIGHTSHIFT_OUTPUT_DIR/got\"");
            job.prompt.clone_from(&prompt);
            let told = machine.run(job.clone()).await;
            let dir = told.exit.files_dir.unwrap();
            assert_eq!(std::fs::read(dir.join("got")).unwrap(), prompt.as_bytes());
            std::fs::remove_dir_all(dir).unwrap();

            job.prompt_by = PromptBy::File;
            job.argv[2] =
                "cat >\"$NIGHTSHIFT_OUTPUT_DIR/stdin\"; cat \"$0\" >\"$NIGHTSHIFT_OUTPUT_DIR/got\""
                    .to_owned();
            let told = machine.run(job).await;
            let dir = told.exit.files_dir.unwrap();
            assert_eq!(std::fs::read(dir.join("got")).unwrap(), prompt.as_bytes());
            assert_eq!(std::fs::read(dir.join("stdin")).unwrap(), b"");
            std::fs::remove_dir_all(dir).unwrap();
        }
        assert!(!std::path::Path::new("/tmp/nightshift-hostile").exists());
    }
}

#[tokio::test]
async fn an_agent_that_does_not_read_its_prompt_ends_as_it_likes() {
    for machine in machines(&ALL) {
        let mut job = shell("exit 3");
        job.prompt = "x".repeat(1 << 20);
        assert_eq!(machine.run(job).await.exit.kind, ExitKind::Code(3));
    }
}

#[tokio::test]
async fn the_environment_is_clean() {
    for machine in machines(&ALL) {
        let mut job = shell("exec env");
        job.env_pass = vec!["MODEL_KEY".to_owned(), "NOT_SET".to_owned()];
        job.env_set = vec![("FIXED".to_owned(), "value".to_owned())];
        let told = machine.run(job).await;
        let text = told.text();
        let mut names: Vec<_> = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, _)| name)
            .filter(|name| !["PWD", "OLDPWD", "SHLVL", "_", "TMPDIR"].contains(name))
            .collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "FIXED",
                "HOME",
                "LANG",
                "MODEL_KEY",
                "NIGHTSHIFT_FENCE",
                "NIGHTSHIFT_INSTANCE",
                "NIGHTSHIFT_OUTPUT_DIR",
                "NIGHTSHIFT_TASK_ID",
                "PATH",
                "TERM",
            ]
        );
        assert!(text.contains("MODEL_KEY=passed on\n"), "{text}");
    }
}

#[tokio::test]
async fn the_free_space_it_sees_is_the_machines() {
    for machine in machines(&ALL) {
        let size = |text: &str| text.split_whitespace().nth(1).map(str::to_owned);
        let outside = std::process::Command::new("df")
            .args(["--output=target,size"])
            .arg(machine.dir.path())
            .output()
            .unwrap();
        let outside = String::from_utf8(outside.stdout).unwrap();
        let outside = size(outside.lines().nth(1).unwrap());
        for place in ["/", "/tmp", "."] {
            let script = format!("df --output=target,size {place}");
            let told = machine.script(&script).await;
            assert_eq!(told.exit.kind, ExitKind::Code(0), "{told:?}");
            let inside = size(told.text().lines().nth(1).unwrap());
            if machine.isolation == nightshift_exec::Isolation::Bwrap {
                assert_eq!(inside, outside, "{told:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_secret_is_masked_wherever_it_is_printed() {
    for machine in machines(&ALL) {
        let told = machine
            .script("printf 'a xoxb-very'; printf -- '-secret b'")
            .await;
        assert_eq!(told.text(), "a *** b");
        assert_eq!(told.exit.answer, "a *** b");
    }
}

#[tokio::test]
async fn output_beyond_the_limit_keeps_head_and_tail_and_fails_nothing() {
    for machine in machines(&ALL) {
        let mut job = shell("seq 100000 199999");
        job.output_limit = 100;
        let told = machine.run(job).await;
        assert_eq!(told.exit.kind, ExitKind::Code(0));
        let text = told.text();
        assert!(text.starts_with("100000\n100001\n"), "{text}");
        assert!(text.contains("\n[… 699900 bytes left out …]\n"), "{text}");
        assert!(text.ends_with("\n199999\n"), "{text}");
    }
}

#[tokio::test]
async fn output_arrives_while_the_agent_works() {
    for machine in machines(&ALL) {
        let mut running = machine.start(shell("echo first; sleep 60")).await;
        crate::harness::until_said(running.as_mut(), "first").await;
        running.signal(nightshift_core::port::Signal::Kill);
        crate::harness::finish_rest(running.as_mut()).await;
    }
}

#[tokio::test]
async fn an_agents_stream_becomes_steps_session_usage_and_answer() {
    for machine in machines(&ALL) {
        let mut job = shell("cat");
        job.output = OutputFormat::ClaudeStreamJson;
        job.prompt = concat!(
            r#"{"type":"system","subtype":"init","session_id":"s-1"}"#,
            "\n",
            r#"{"type":"assistant","message":{"id":"m","content":[{"type":"tool_use","name":"Bash","input":{"command":"ls"}}],"usage":{"input_tokens":2}}}"#,
            "\n",
            r#"{"type":"result","is_error":true,"result":"Invalid API key · Please run /login","total_cost_usd":0.5,"usage":{"input_tokens":3,"output_tokens":1}}"#,
            "\n"
        )
        .to_owned();
        let told = machine.run(job.clone()).await;
        assert!(told.events.contains(&JobEvent::Session("s-1".to_owned())));
        assert!(told.events.contains(&JobEvent::Step("Bash: ls".to_owned())));
        let reason = "Invalid API key · Please run /login".to_owned();
        assert_eq!(told.exit.kind, ExitKind::Provider(reason));
        assert_eq!((told.exit.usage.tokens, told.exit.usage.usd), (4, 0.5));
        assert_eq!(told.text(), job.prompt, "the raw stream is the output");
    }
}
