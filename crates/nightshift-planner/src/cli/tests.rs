use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use nightshift_core::agent::{AgentSpec, Network, OutputFormat};
use nightshift_core::plan::{Draft, Plan};
use nightshift_core::port::{
    Ask, ExecError, Executor, Exit, ExitKind, Job, JobEvent, Planner, Running, Signal,
};
use nightshift_core::secret::{Scrubber, Secret};
use nightshift_core::task::Usage;
use serde_json::json;

use super::AgentPlanner;
use crate::EstimatePlanner;
use crate::samples::{REQUEST, ask, claude, disk, reply, script};

/// What the planning agent does.
#[derive(Clone)]
enum Act {
    Says(String),
    Ends(ExitKind),
    Hangs,
    Vanishes,
    IsRefused,
}

struct StubExecutor {
    act: Act,
    jobs: Mutex<Vec<Job>>,
}

#[async_trait]
impl Executor for StubExecutor {
    fn name(&self) -> &'static str {
        "stub"
    }

    fn isolation(&self) -> Result<String, String> {
        Ok("bwrap".into())
    }

    async fn start(&self, job: Job) -> Result<Box<dyn Running>, ExecError> {
        self.jobs.lock().unwrap().push(job);
        let isolation = "bwrap".into();
        let mut events = vec![JobEvent::Started { isolation }];
        match self.act.clone() {
            Act::Says(answer) => events.push(exited(ExitKind::Code(0), answer)),
            Act::Ends(kind) => events.push(exited(kind, reply().to_string())),
            Act::Hangs | Act::Vanishes => {}
            Act::IsRefused => {
                return Err(ExecError {
                    message: "no slot".into(),
                    source: None,
                });
            }
        }
        events.reverse();
        Ok(Box::new(StubRunning {
            events,
            hangs: matches!(self.act, Act::Hangs),
        }))
    }

    async fn sweep_strays(&self) -> usize {
        0
    }
}

fn exited(kind: ExitKind, answer: String) -> JobEvent {
    JobEvent::Exited(Exit {
        kind,
        answer,
        usage: Usage::default(),
        files: vec![],
        files_dir: None,
        left_out: vec![],
        stopped: None,
    })
}

/// Events, the next one last.
struct StubRunning {
    events: Vec<JobEvent>,
    hangs: bool,
}

#[async_trait]
impl Running for StubRunning {
    async fn next(&mut self) -> Option<JobEvent> {
        let event = self.events.pop();
        if event.is_none() && self.hangs {
            std::future::pending::<()>().await;
        }
        event
    }

    fn signal(&self, _signal: Signal) {}
}

const TIMEOUT: Duration = Duration::from_millis(20);

/// The draft, and the jobs that were started for it.
async fn plan_with(act: Act, agent: Option<AgentSpec>, ask: &Ask) -> (Draft, Vec<Job>) {
    let executor = Arc::new(StubExecutor {
        act,
        jobs: Mutex::default(),
    });
    let scrubber = Scrubber::new([Secret::new("sk-live-secret")]);
    let planner = AgentPlanner::new(executor.clone(), agent, TIMEOUT, TIMEOUT, scrubber);
    let draft = planner.plan(ask).await.unwrap();
    Plan::check(draft.clone(), &ask.limits).unwrap();
    let jobs = executor.jobs.lock().unwrap().clone();
    (draft, jobs)
}

async fn plan(act: Act) -> Draft {
    plan_with(act, None, &ask()).await.0
}

#[tokio::test]
async fn a_good_reply_becomes_the_plan() {
    let draft = plan(Act::Says(format!("Here it is:\n{}", reply()))).await;
    assert_eq!(draft.summary, "Reads the papers and writes a survey.");
    insta::assert_snapshot!(draft.reasoning, @"Planned by claude-code. Six months of papers are many. The tools are an expectation, not a limit. Network open: every host can be reached.");
}

#[tokio::test]
async fn without_a_usable_reply_the_estimate_stands_and_says_why() {
    let mut extra = reply();
    extra["argv"] = json!(["sh", "-c", "id"]);
    let mut dear = reply();
    dear["ceiling"]["usd"] = json!(1000);
    let says = |text: &str| Act::Says(text.to_owned());
    let cases = [
        (says("I would rather not."), "holds no plan"),
        (says("{\"summary\": \"cut"), "holds no plan"),
        (says(&extra.to_string()), "unknown field `argv`"),
        (says(&dear.to_string()), "ceiling.usd is not 0 to 10"),
        (says(&" ".repeat(300_000)), "longer than 256 KiB"),
        (Act::Ends(ExitKind::Code(2)), "exit code 2"),
        (Act::Ends(ExitKind::Signal(9)), "signal 9"),
        (Act::Ends(ExitKind::TimedOut), "took longer than"),
        (
            Act::Ends(ExitKind::Provider("not logged in".into())),
            "not logged in",
        ),
        (
            Act::Ends(ExitKind::SpawnFailed("install it".into())),
            "install it",
        ),
        (Act::Hangs, "took longer than"),
        (Act::Vanishes, "without an outcome"),
        (Act::IsRefused, "no slot"),
    ];
    let estimate = EstimatePlanner.draft(&ask()).unwrap();
    for (act, reason) in cases {
        let draft = plan(act).await;
        let start = "estimated without the agent: claude-code: ";
        assert!(draft.reasoning.starts_with(start), "{}", draft.reasoning);
        assert!(draft.reasoning.contains(reason), "{}", draft.reasoning);
        assert!(draft.reasoning.ends_with(&estimate.reasoning));
        let reasoning = estimate.reasoning.clone();
        assert_eq!(Draft { reasoning, ..draft }, estimate);
    }
}

#[tokio::test]
async fn a_reason_is_short_on_one_line_and_without_secrets() {
    let why = format!("bad key sk-live-secret\n\u{1b}[2J{}", "x".repeat(10_000));
    let draft = plan(Act::Ends(ExitKind::Provider(why))).await;
    assert!(draft.reasoning.contains("bad key ***"));
    assert!(!draft.reasoning.contains(char::is_control));
    assert!(draft.reasoning.len() < 1000);
}

#[tokio::test]
async fn the_planning_agent_gets_no_directory_and_only_its_own_network() {
    let mut ask = ask();
    ask.project_dir = Some("/srv/demo".into());
    ask.wishes.dir = Some("/srv/other".into());
    let (_, jobs) = plan_with(Act::Hangs, None, &ask).await;
    let [job] = jobs.as_slice() else {
        panic!("one job, not {}", jobs.len());
    };
    assert_eq!((&job.task, job.fence), (&ask.task, ask.fence));
    assert!(job.writable_dirs.is_empty() && job.project_dir.is_none());
    assert_eq!(job.network, Network::Open);
    assert_eq!(job.env_pass, ["ANTHROPIC_API_KEY"]);
    assert!(job.prompt.contains(REQUEST));
    assert!(job.argv.iter().all(|word| !word.contains(REQUEST)));
    let (_, jobs) = plan_with(Act::Hangs, Some(script()), &ask).await;
    assert_eq!(jobs[0].network, Network::None);
}

#[tokio::test]
async fn a_named_command_is_estimated_without_asking_anybody() {
    let (draft, jobs) = plan_with(Act::Hangs, Some(claude()), &disk()).await;
    assert!(jobs.is_empty());
    assert_eq!(draft, EstimatePlanner.draft(&disk()).unwrap());
}

#[test]
fn known_programs_are_told_to_read_only() {
    let planning = |argv: &[&str]| {
        let mut agent = claude();
        agent.argv = argv.iter().map(|&word| word.to_owned()).collect();
        let (argv, output) = super::argv::for_planning(&agent);
        (argv.join(" "), output)
    };
    let (argv, output) = planning(&[
        "/usr/bin/claude",
        "-p",
        "--output-format",
        "stream-json",
        "--verbose",
        "--permission-mode=acceptEdits",
    ]);
    let start = "/usr/bin/claude -p --output-format json --permission-mode plan \
                 --no-session-persistence --json-schema {";
    assert!(argv.starts_with(start), "{argv}");
    assert_eq!(output, OutputFormat::Text);
    let (argv, _) = planning(&["codex", "exec", "--json", "-s", "workspace-write", "-"]);
    assert_eq!(argv, "codex exec -s read-only --ephemeral --json -");
    let (argv, output) = planning(&["/opt/agent.sh", "-s", "x"]);
    assert_eq!(argv, "/opt/agent.sh -s x");
    assert_eq!(output, OutputFormat::ClaudeStreamJson);
}
