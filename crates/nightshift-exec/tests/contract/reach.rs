//! What an attempt cannot reach.

use std::net::TcpListener;
use std::os::unix::fs::chown;

use nightshift_core::agent::Network;
use nightshift_core::id::Fence;
use nightshift_core::port::{ExitKind, JobEvent, Signal};
use nightshift_exec::Isolation;

use crate::harness::{ALL, SANDBOXES, finish_rest, machines, open_dir, shell, until_said};

#[tokio::test]
async fn data_home_and_the_systems_secrets_are_out_of_reach() {
    for machine in machines(&SANDBOXES) {
        for file in [
            machine.path("data/token"),
            machine.path("home/diary"),
            "/etc/shadow".into(),
            std::env::current_exe().unwrap(),
        ] {
            let told = machine.script(&format!("cat '{}'", file.display())).await;
            assert_eq!(told.exit.kind, ExitKind::Code(1), "{told:?}");
            assert!(told.text().starts_with("cat: "), "{told:?}");
        }
    }
}

#[tokio::test]
async fn another_attempts_files_and_variables_are_out_of_reach() {
    for machine in machines(&SANDBOXES) {
        let mut other = shell("echo private >note; echo $PWD/note $$; sleep 60");
        other.fence = Fence(2);
        other.env_set = vec![("KEY".to_owned(), "of-the-other-one".to_owned())];
        let mut other = machine.start(other).await;
        let note = until_said(other.as_mut(), "note").await;
        let note = note.split_whitespace().next().unwrap();
        let script = format!("cat {note}; cat /proc/*/environ | tr '\\0' '\\n' | grep KEY; true");
        let told = machine.script(&script).await;
        assert!(!told.text().contains("private"), "{told:?}");
        assert!(!told.text().contains("of-the-other-one"), "{told:?}");
        other.signal(Signal::Kill);
        finish_rest(other.as_mut()).await;
    }
}

#[tokio::test]
async fn no_confined_attempt_is_root() {
    for machine in machines(&SANDBOXES) {
        let told = machine
            .script("id -u; cat /etc/shadow 2>&1; grep CapEff /proc/self/status")
            .await;
        let text = told.text();
        assert!(!text.starts_with("0\n"), "{text}");
        assert!(!text.contains("root:"), "{text}");
        assert!(text.contains("CapEff:\t0000000000000000"), "{text}");
    }
}

#[tokio::test]
async fn without_network_not_even_this_machine_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = format!(
        "bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port} && echo tcp'; \
         bash -c 'exec 3<>/dev/udp/127.0.0.1/{port} && echo x >&3 && echo udp'; true"
    );
    for machine in machines(&SANDBOXES) {
        let told = machine.script(&script).await;
        assert!(!told.text().contains("tcp\n"), "{told:?}");
        if machine.isolation == Isolation::Landlock {
            assert!(!told.text().contains("udp\n"), "{told:?}");
        }
        let mut open = shell(&script);
        open.network = Network::Open;
        let told = machine.run(open).await;
        assert!(told.text().contains("tcp\n"), "{told:?}");
    }
}

/// Such as the one that takes commands for the service from its own user.
#[tokio::test]
async fn no_socket_file_answers_even_with_network() {
    for machine in machines(&ALL) {
        let dir = std::path::PathBuf::from(format!("/var/tmp/{}-s", machine.instance));
        open_dir(&dir);
        let _listener = std::os::unix::net::UnixListener::bind(dir.join("control")).unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(dir.join("control"), open).unwrap();
        let mut job = shell(&format!(
            "perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0) && \
             connect(S, pack_sockaddr_un(\"{}/control\")) && print \"in\\n\"'; echo ran",
            dir.display()
        ));
        job.network = Network::Open;
        let told = machine.run(job).await;
        std::fs::remove_dir_all(&dir).unwrap();
        let confined = machine.isolation != Isolation::None;
        // Without a sandbox it answers, which shows that the question was the right one.
        assert_eq!(told.text() == "ran\n", confined, "{told:?}");
    }
}

#[tokio::test]
async fn the_system_cannot_be_written_and_the_attempts_own_places_can() {
    for machine in machines(&SANDBOXES) {
        let told = machine
            .script(
                "for d in . \"$HOME\" \"$NIGHTSHIFT_OUTPUT_DIR\" \"${TMPDIR:-/tmp}\" /usr /etc /; do \
                 touch \"$d/probe\" 2>/dev/null && echo yes || echo no; done",
            )
            .await;
        assert_eq!(told.text(), "yes\nyes\nyes\nyes\nno\nno\nno\n");
        assert!(!std::path::Path::new("/usr/probe").exists());
    }
}

#[tokio::test]
async fn a_project_is_the_working_directory_and_stays() {
    for machine in machines(&ALL) {
        let project = std::path::PathBuf::from(format!("/var/tmp/{}-p", machine.instance));
        open_dir(&project);
        // Without isolation an agent is the service itself.
        let root = nix::unistd::geteuid().is_root() && machine.isolation != Isolation::None;
        if root {
            chown(&project, Some(4242), Some(4242)).unwrap();
        }
        let mut job = shell("pwd; echo mine >made; id -u");
        job.project_dir = Some(project.clone());
        let told = machine.run(job).await;
        let made = std::fs::read_to_string(project.join("made"));
        std::fs::remove_dir_all(&project).unwrap();
        assert_eq!(made.unwrap(), "mine\n", "{told:?}");
        assert!(
            told.text().starts_with(&format!("{}\n", project.display())),
            "{told:?}"
        );
        assert!(
            !told
                .events
                .iter()
                .any(|event| matches!(event, JobEvent::Step(_)))
        );
        if root {
            assert!(told.text().ends_with("\n4242\n"), "{told:?}");
        }
    }
}

#[tokio::test]
async fn a_project_that_the_agents_user_cannot_write_to_is_said_at_the_start() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    for machine in machines(&SANDBOXES) {
        let project = std::path::PathBuf::from(format!("/var/tmp/{}-r", machine.instance));
        open_dir(&project);
        let mut job = shell("touch made || echo refused");
        job.project_dir = Some(project.clone());
        let told = machine.run(job).await;
        std::fs::remove_dir_all(&project).unwrap();
        let note = format!(
            "{} belongs to another user: the agent (user 65534) may not write to it",
            project.display()
        );
        assert_eq!(told.events[1], JobEvent::Step(note));
        assert!(told.text().ends_with("refused\n"), "{told:?}");
    }
}

#[tokio::test]
async fn our_own_directories_cannot_be_given_away() {
    for machine in machines(&SANDBOXES) {
        for dir in ["", "data", "home", "work/x/../.."] {
            std::fs::create_dir_all(machine.path("work/x")).unwrap();
            let mut job = shell("true");
            job.writable_dirs = vec![machine.path(dir)];
            let told = machine.run(job).await;
            let ExitKind::SpawnFailed(sentence) = &told.exit.kind else {
                panic!("{dir}: {told:?}");
            };
            assert!(
                sentence.contains("cannot be given to an agent"),
                "{sentence}"
            );
        }
    }
}

#[tokio::test]
async fn credentials_are_there_to_read_and_the_originals_stay() {
    for machine in machines(&ALL) {
        std::fs::create_dir(machine.path("home/.agent")).unwrap();
        std::fs::write(machine.path("home/.agent/key"), "sk-1").unwrap();
        let mut job = shell("cat ~/.agent/key; echo x >~/.agent/key; rm -f ~/.agent/key; ls -A ~");
        job.credential_paths = vec![".agent".to_owned(), ".missing".to_owned()];
        let told = machine.run(job).await;
        assert!(told.text().starts_with("sk-1"), "{told:?}");
        assert!(told.text().ends_with(".agent\n"), "{told:?}");
        let key = std::fs::read_to_string(machine.path("home/.agent/key"));
        assert_eq!(key.unwrap(), "sk-1");
    }
}

/// As `~/nightshift-work` of a service that runs as root, whose home nobody else can enter.
#[tokio::test]
async fn a_working_directory_below_a_closed_home_works() {
    for machine in machines(&ALL) {
        use std::os::unix::fs::PermissionsExt;
        let closed = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(machine.dir.path(), closed).unwrap();
        let told = machine
            .script("pwd >\"$NIGHTSHIFT_OUTPUT_DIR/where\"; cat <$NIGHTSHIFT_OUTPUT_DIR/where >~/copy; cat ~/copy")
            .await;
        assert_eq!(told.exit.kind, ExitKind::Code(0), "{told:?}");
        assert_eq!(told.exit.files.len(), 1);
        if machine.isolation == Isolation::Bwrap {
            let work = machine.path("work/task_7k2m9q4x/1/work");
            assert_eq!(told.text(), format!("{}\n", work.display()));
        }
    }
}
