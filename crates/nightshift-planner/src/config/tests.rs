use nightshift_core::port::{ExecError, Job, Running};

use super::*;
use crate::samples::{ask, claude};

/// Remembers nothing and starts nothing: each start is an error that a plan shows.
struct NoExecutor;

#[async_trait::async_trait]
impl Executor for NoExecutor {
    fn name(&self) -> &'static str {
        "none"
    }

    fn isolation(&self) -> Result<String, String> {
        Ok("none".into())
    }

    async fn start(&self, _job: Job) -> Result<Box<dyn Running>, ExecError> {
        Err(ExecError {
            message: "was asked".into(),
            source: None,
        })
    }

    async fn sweep_strays(&self) -> usize {
        0
    }
}

fn planner(section: &str) -> Result<Arc<dyn Planner>, ConfigError> {
    let section: PlannerSection = serde_json::from_str(section).unwrap();
    let agents = BTreeMap::from([("claude-code".to_owned(), claude())]);
    build(
        &section,
        Parts {
            executor: Arc::new(NoExecutor),
            agents: &agents,
            planning: Duration::from_secs(1),
            stop_grace: Duration::from_secs(1),
            scrubber: Scrubber::default(),
        },
    )
}

#[tokio::test]
async fn an_agent_is_asked_only_where_the_configuration_says_so() {
    let cases = [
        ("{}", false),
        (r#"{"kind": "auto"}"#, false),
        (r#"{"kind": "auto", "agent": "claude-code"}"#, true),
        (r#"{"kind": "estimate", "agent": "claude-code"}"#, false),
        (r#"{"kind": "agent"}"#, true),
        (
            r#"{"kind": "agent", "agent": "claude-code", "timeout": "30s"}"#,
            true,
        ),
    ];
    for (section, asked) in cases {
        let draft = planner(section).unwrap().plan(&ask()).await.unwrap();
        assert_eq!(draft.reasoning.contains("was asked"), asked, "{section}");
    }
}

#[test]
fn an_agent_that_is_not_configured_is_named() {
    let error = planner(r#"{"kind": "agent", "agent": "other"}"#)
        .err()
        .unwrap();
    insta::assert_snapshot!(error, @"remote.planner.agent: `other` is not configured; add remote.execution.agents.other");
}

#[test]
fn an_unknown_key_is_refused() {
    assert!(serde_json::from_str::<PlannerSection>(r#"{"modell": "x"}"#).is_err());
}
