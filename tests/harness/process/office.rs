//! People on Slack around one installation.

use nightshift_fakes::slack::{Delivery, FakeChannel, FakeSlack, FakeUser};

use super::installation::Installation;
use super::server::Server;
use super::slack::{Thread, real_slack};
use super::watch::eventually;

/// Notes its start in `runs`, waits for the file `go` if asked to `hold`, and repeats its prompt.
const NOTING_AGENT: &str = r#"
prompt=$(cat)
echo "$NIGHTSHIFT_TASK_ID $NIGHTSHIFT_FENCE" >>runs
case "$prompt" in *hold*) until [ -e go ]; do sleep 0.02; done;; esac
echo "I did: $prompt"
"#;

/// A Slack, an installation, and ana, a submitter, in one channel.
pub struct Office {
    pub slack: FakeSlack,
    pub site: Installation,
    pub channel: FakeChannel,
    pub ana: FakeUser,
}

impl Office {
    pub async fn open() -> Self {
        Self::around(real_slack().await)
    }

    pub fn around(slack: FakeSlack) -> Self {
        let mut site = Installation::on_slack(&slack);
        site.agent("probe", NOTING_AGENT);
        Self {
            channel: slack.channel("ops"),
            ana: slack.user("ana"),
            slack,
            site,
        }
    }

    /// A ready server that Slack delivers to.
    pub async fn start(&self) -> Server {
        let server = self.site.start().await;
        self.slack.connect(format!("{}/webhook/slack", server.url));
        server
    }

    pub fn thread<'a>(&'a self, task: &'a str) -> Thread<'a> {
        Thread {
            slack: &self.slack,
            channel: &self.channel,
            task,
        }
    }

    /// Asks by the slash command; the text goes on with the project.
    pub async fn ask(&self, text: &str) -> Delivery {
        let text = format!("{text} --project demo");
        let delivery = self.ana.slash(&self.channel, &text).await;
        assert!(delivery.acknowledged, "{delivery:?}");
        delivery
    }

    /// Asks, and waits until there is a task to decide about.
    pub async fn ask_for_plan(&self, server: &Server, text: &str) -> String {
        self.ask(text).await;
        let id = self.task_with(server, text).await;
        server.reaches(&id, &["staged"]).await;
        id
    }

    /// The id of the only task with this text.
    pub async fn task_with(&self, server: &Server, text: &str) -> String {
        eventually(&format!("a task `{text}`"), async || {
            let mut tasks = server.tasks().await;
            tasks.retain(|task| {
                task["description"]
                    .as_str()
                    .is_some_and(|it| it.contains(text))
            });
            assert!(tasks.len() <= 1, "{tasks:#?}");
            Some(tasks.first()?["task_id"].as_str()?.to_owned())
        })
        .await
    }

    /// Ana presses Approve on the card.
    pub async fn approve(&self, server: &Server, id: &str) {
        let card = eventually("the card can be approved", async || {
            let card = self.thread(id).cards().pop()?;
            card.button("Approve").map(|_| card)
        })
        .await;
        let delivery = self.ana.clicks(&card, "Approve").await;
        assert!(delivery.acknowledged, "{delivery:?}");
        server
            .reaches(id, &["queued", "running", "completed", "failed"])
            .await;
    }

    /// Waits until a program works on the task and has said so.
    pub async fn runs(&self, server: &Server, id: &str, starts: usize) {
        server.reaches(id, &["running"]).await;
        eventually(&format!("start {starts} of {id}"), async || {
            (self.starts(id) >= starts).then_some(())
        })
        .await;
    }

    /// How often an agent was started for the task.
    pub fn starts(&self, id: &str) -> usize {
        let runs = self.site.runs();
        runs.iter().filter(|line| line.starts_with(id)).count()
    }

    /// What every office wants in the evening: nothing against Slack's rules.
    pub fn close(&self) {
        assert_eq!(self.slack.violations(), Vec::<String>::new());
    }
}
