//! How attempts begin and end.

use nightshift_core::id::Fence;
use nightshift_core::port::{Executor, ExitKind, JobEvent};
use nightshift_core::task::ResultFile;
use nightshift_exec::Isolation;

use crate::harness::{ALL, Machine, finish, job, machines, open_dir, program, shell};

#[tokio::test]
async fn an_attempt_says_hello_and_ends_well() {
    for machine in machines(&ALL) {
        let told = machine.script("echo hello; echo there >&2; pwd").await;
        let name = machine.executor.isolation().unwrap();
        assert_eq!(told.events[0], JobEvent::Started { isolation: name });
        assert_eq!(told.exit.kind, ExitKind::Code(0), "{told:?}");
        assert!(told.text().starts_with("hello\nthere\n"), "{told:?}");
        assert_eq!(told.exit.answer, told.text().trim());
        assert!(told.text().ends_with("/task_7k2m9q4x/1/work\n"), "{told:?}");
        assert!(told.exit.usage.seconds > 0.0);
        assert_eq!(told.exit.stopped, None);
    }
}

#[tokio::test]
async fn codes_and_signals_are_told_apart() {
    for machine in machines(&ALL) {
        let kind = async |script| machine.script(script).await.exit.kind;
        assert_eq!(kind("exit 7").await, ExitKind::Code(7));
        assert_eq!(kind("exit 137").await, ExitKind::Code(137));
        assert_eq!(kind("kill -9 $$").await, ExitKind::Signal(9));
        assert_eq!(kind("kill -TERM $$").await, ExitKind::Signal(15));
    }
}

#[tokio::test]
async fn a_missing_program_says_what_to_install() {
    for machine in machines(&ALL) {
        let told = machine.run(job(&["no-such-agent", "-p"])).await;
        let sentence = "`no-such-agent` was not found. Install it.".to_owned();
        assert_eq!(told.exit.kind, ExitKind::SpawnFailed(sentence));
        assert!(told.events.is_empty(), "{told:?}");
    }
}

#[tokio::test]
async fn a_program_whose_interpreter_is_missing_did_not_start() {
    for machine in machines(&ALL) {
        let agent = format!("/var/tmp/{}/agent", machine.instance);
        program(agent.as_ref(), "#!/no/such/interpreter\n");
        let told = machine.run(job(&[&agent])).await;
        std::fs::remove_dir_all(format!("/var/tmp/{}", machine.instance)).unwrap();
        let ExitKind::SpawnFailed(sentence) = &told.exit.kind else {
            panic!("{told:?}");
        };
        assert!(
            sentence.contains("could not be started: No such file"),
            "{sentence}"
        );
        assert!(told.events.is_empty(), "{told:?}");
    }
}

#[tokio::test]
async fn a_program_outside_the_system_runs_under_the_name_it_was_called_by() {
    for machine in machines(&ALL) {
        let dir = format!("/var/tmp/{}", machine.instance);
        let agent = format!("{dir}/bin/agent");
        open_dir(dir.as_ref());
        program(
            agent.as_ref(),
            "#!/bin/sh\necho \"I am $0 $1\"; cat \"$(dirname \"$0\")/part\"",
        );
        program(format!("{dir}/bin/part").as_ref(), "and this is my part\n");
        std::os::unix::fs::symlink(&agent, format!("{dir}/link")).unwrap();
        let told = machine.run(job(&[&format!("{dir}/link"), "-x"])).await;
        std::fs::remove_dir_all(&dir).unwrap();
        assert_eq!(
            told.text(),
            format!("I am {agent} -x\nand this is my part\n")
        );
    }
}

#[tokio::test]
async fn what_is_left_in_the_output_directory_is_the_result() {
    for machine in machines(&ALL) {
        let told = machine
            .script(
                "cd \"$NIGHTSHIFT_OUTPUT_DIR\"; mkdir d; echo 42 >d/answer.md; ln -s /etc/passwd l; \
                 mkfifo f; head -c 2000000 /dev/zero >big",
            )
            .await;
        let file = ResultFile {
            path: "d/answer.md".to_owned(),
            change: "created".to_owned(),
            bytes: 3,
        };
        assert_eq!(told.exit.files, [file], "{told:?}");
        let kept = told.exit.files_dir.unwrap();
        assert_eq!(kept, machine.path("results/task_7k2m9q4x/1"));
        assert_eq!(std::fs::read(kept.join("d/answer.md")).unwrap(), b"42\n");
        assert_eq!(
            told.exit.left_out,
            [
                "big: 2000000 bytes, more than the limit of 1048576",
                "f: no regular file",
                "l: a link"
            ]
        );
    }
}

#[tokio::test]
async fn an_attempts_directories_go_with_it_and_are_never_shared() {
    for machine in machines(&ALL) {
        let told = machine.script("mkdir a; touch a/b; chmod 0 a; pwd").await;
        let work = told.text();
        assert!(!std::path::Path::new(work.trim()).exists(), "{work}");
        let mut first = machine.start(shell("cat; sleep 60")).await;
        assert!(machine.executor.start(shell("true")).await.is_err());
        let mut other = shell("true");
        other.fence = Fence(2);
        assert_eq!(machine.run(other).await.exit.kind, ExitKind::Code(0));
        first.signal(nightshift_core::port::Signal::Kill);
        finish(first.as_mut()).await;
    }
}

#[tokio::test]
async fn what_an_earlier_life_left_in_the_working_directory_is_removed() {
    let machine = Machine::new(Isolation::None);
    let mut files = Vec::new();
    for (task, owner) in [
        ("task_00000001", machine.instance.as_str()),
        ("task_00000002", "another installation"),
        ("not_ours", machine.instance.as_str()),
    ] {
        let dir = machine.path("work").join(task).join("1");
        std::fs::create_dir_all(dir.join("home")).unwrap();
        std::fs::write(dir.join("instance"), owner).unwrap();
        std::fs::write(dir.join("home/key"), "sk-1").unwrap();
        files.push(dir.join("home/key"));
    }
    machine.executor.sweep_strays().await;
    let there: Vec<_> = files.iter().map(|file| file.exists()).collect();
    assert_eq!(there, [false, true, true]);
}

#[tokio::test]
async fn a_sandbox_that_cannot_be_had_is_said_and_nothing_runs() {
    let machine = Machine::with(Isolation::Bwrap, |config| {
        config
            .environment
            .insert("PATH".to_owned(), "/nowhere".to_owned());
    });
    assert!(machine.executor.isolation().is_err());
    let told = machine.script("echo never").await;
    let reason = "bubblewrap (`bwrap`) is not installed".to_owned();
    assert_eq!(told.exit.kind, ExitKind::IsolationUnavailable(reason));
    assert!(told.output.is_empty());
}

#[tokio::test]
async fn auto_is_never_none() {
    let machine = Machine::new(Isolation::Auto);
    let name = machine.executor.isolation().unwrap();
    assert!(["bwrap", "landlock"].contains(&name.as_str()), "{name}");
    let without = Machine::with(Isolation::Auto, |config| {
        config
            .environment
            .insert("PATH".to_owned(), "/nowhere".to_owned());
    });
    assert_ne!(without.executor.isolation(), Ok("none".to_owned()));
}
