//! A temporary installation and attempts in it.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nightshift_core::agent::{Network, OutputFormat, PromptBy};
use nightshift_core::id::Fence;
use nightshift_core::port::{Executor, Exit, Job, JobEvent, Running};
use nightshift_core::secret::{Scrubber, Secret};
use nightshift_exec::{Isolation, LocalConfig, LocalExecutor};
use tempfile::TempDir;
use tokio::time::timeout;

/// Nothing here takes longer unless it hangs.
pub(crate) const SOON: Duration = Duration::from_secs(30);

pub(crate) const ALL: [Isolation; 3] = [Isolation::Bwrap, Isolation::Landlock, Isolation::None];
pub(crate) const SANDBOXES: [Isolation; 2] = [Isolation::Bwrap, Isolation::Landlock];

pub(crate) struct Machine {
    pub(crate) dir: TempDir,
    pub(crate) executor: LocalExecutor,
    pub(crate) isolation: Isolation,
    pub(crate) instance: String,
}

impl Machine {
    pub(crate) fn new(isolation: Isolation) -> Self {
        Self::with(isolation, |_| {})
    }

    pub(crate) fn with(isolation: Isolation, change: impl FnOnce(&mut LocalConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["home", "data", "results"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        std::fs::write(dir.path().join("data/token"), "of the service").unwrap();
        std::fs::write(dir.path().join("home/diary"), "of the user").unwrap();
        let name = dir.path().file_name().unwrap().to_str().unwrap();
        let instance = name.trim_start_matches('.').to_owned();
        let mut config = LocalConfig {
            init: init(),
            instance: instance.clone(),
            working_dir: dir.path().join("work"),
            results_dir: dir.path().join("results"),
            isolation,
            environment: environment(),
            home: dir.path().join("home"),
            hidden: vec![dir.path().join("data")],
            scrubber: Scrubber::new([Secret::new("xoxb-very-secret")]),
            unprivileged: LocalConfig::NOBODY,
        };
        change(&mut config);
        Self {
            dir,
            executor: LocalExecutor::new(config),
            isolation,
            instance,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) async fn start(&self, job: Job) -> Box<dyn Running> {
        self.executor.start(job).await.unwrap()
    }

    pub(crate) async fn run(&self, job: Job) -> Told {
        let mut running = self.start(job).await;
        finish(running.as_mut()).await
    }

    /// Runs a shell script as the agent.
    pub(crate) async fn script(&self, script: &str) -> Told {
        self.run(shell(script)).await
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Where attempts go when the other user cannot walk to the temporary directory.
        let _ = std::fs::remove_dir_all(format!("/var/tmp/nightshift-{}", self.instance));
    }
}

/// The kernel or the machine may lack one of them; at least one must work.
pub(crate) fn machines(wanted: &[Isolation]) -> Vec<Machine> {
    let machines: Vec<_> = wanted.iter().map(|one| Machine::new(*one)).collect();
    let usable: Vec<_> = machines.into_iter().filter(is_usable).collect();
    assert!(
        usable.iter().any(|one| one.isolation != Isolation::None),
        "no sandbox works on this machine"
    );
    usable
}

fn is_usable(machine: &Machine) -> bool {
    match machine.executor.isolation() {
        Ok(_) => true,
        Err(reason) => {
            println!("{:?} is not tested: {reason}", machine.isolation);
            false
        }
    }
}

fn init() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_nightshift-sandbox-init"))
}

fn environment() -> BTreeMap<String, String> {
    BTreeMap::from(
        [
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("SLACK_BOT_TOKEN", "xoxb-very-secret"),
            ("MODEL_KEY", "passed on"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    )
}

pub(crate) fn job(argv: &[&str]) -> Job {
    Job {
        task: "task_7k2m9q4x".parse().unwrap(),
        fence: Fence(1),
        argv: argv.iter().map(|&arg| arg.to_owned()).collect(),
        prompt: String::new(),
        prompt_by: PromptBy::Stdin,
        output: OutputFormat::Text,
        network: Network::None,
        writable_dirs: Vec::new(),
        project_dir: None,
        credential_paths: Vec::new(),
        env_pass: Vec::new(),
        env_set: Vec::new(),
        timeout: SOON,
        stop_grace: Duration::from_secs(10),
        install_hint: "Install it.".to_owned(),
        output_limit: 1 << 20,
        result_file_limit: 1 << 20,
    }
}

pub(crate) fn shell(script: &str) -> Job {
    job(&["sh", "-c", script])
}

/// A directory that everybody may enter, whatever the umask of the tests.
pub(crate) fn open_dir(path: &Path) {
    std::fs::create_dir_all(path).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// An executable script outside of the system's directories.
pub(crate) fn program(path: &Path, text: &str) {
    open_dir(path.parent().unwrap());
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Everything an attempt told.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) events: Vec<JobEvent>,
    pub(crate) output: Vec<u8>,
    pub(crate) exit: Exit,
}

impl Told {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.output).into_owned()
    }
}

pub(crate) async fn next(running: &mut dyn Running) -> JobEvent {
    let event = timeout(SOON, running.next()).await;
    event.expect("the attempt hangs").expect("no last event")
}

/// Collects to the end; the output must be without gaps.
pub(crate) async fn finish(running: &mut dyn Running) -> Told {
    let (mut events, mut output) = (Vec::new(), Vec::new());
    loop {
        let event = next(running).await;
        if let JobEvent::Output { offset, bytes } = &event {
            assert_eq!(*offset, output.len() as u64, "a gap");
            output.extend_from_slice(bytes);
        }
        if let JobEvent::Exited(exit) = event {
            assert_eq!(running.next().await, None, "something after the end");
            return Told {
                events,
                output,
                exit,
            };
        }
        events.push(event);
    }
}

/// Waits for a line of the agent's output.
pub(crate) async fn until_said(running: &mut dyn Running, words: &str) -> String {
    let mut said = String::new();
    while !said.contains(words) {
        match next(running).await {
            JobEvent::Output { bytes, .. } => said.push_str(&String::from_utf8_lossy(&bytes)),
            JobEvent::Exited(exit) => panic!("ended before it said {words}: {exit:?} {said}"),
            _ => {}
        }
    }
    said
}

/// Processes of this machine whose command line contains the word, zombies aside.
pub(crate) fn processes_with(word: &str) -> Vec<String> {
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    pids.filter(|entry| entry.path().join("stat").exists())
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(word))
        .collect()
}

/// Waits until the condition holds; for what other processes do.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let held = timeout(SOON, async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    });
    held.await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// Goes on to the end, not caring for what comes before.
pub(crate) async fn finish_rest(running: &mut dyn Running) -> Exit {
    loop {
        if let JobEvent::Exited(exit) = next(running).await {
            return exit;
        }
    }
}
