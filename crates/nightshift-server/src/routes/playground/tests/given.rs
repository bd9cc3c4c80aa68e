//! A page with its server, and browsers at it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use nightshift_app::settings::Timers;
use nightshift_app::{App, Ports, Settings, lifecycle, people};
use nightshift_core::approval::Rule;
use nightshift_core::id::{Entropy, Platform, Seq, UserId};
use nightshift_core::plan::{Draft, Limits};
use nightshift_core::port::page::CSRF_HEADER;
use nightshift_core::port::store::{Deliveries, Pages};
use nightshift_core::port::{Ask, ChatPlatform, Clock, Ids, PageDoor, Planner, PlannerError};
use nightshift_core::secret::{Scrubber, Secret};
use nightshift_core::time::Timestamp;
use nightshift_core::user::{Allowed, Directory, Role};
use nightshift_store::{OpenOptions, SqlStore};
use nightshift_web::{WebDoor, WebPlatform};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::{HttpLimits, Server, router};

pub(super) const KEY: &str = "sk_test_alice";
pub(super) const SECRET: &str = "xoxb-live-secret-0123";
const HOST: &str = "localhost:8080";

#[derive(Default)]
struct Counted(AtomicU64);

impl Ids for Counted {
    fn entropy(&self) -> Entropy {
        let n = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let [a, b] = [n.wrapping_mul(0x9E37_79B9_7F4A_7C15), n];
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&(a ^ (a >> 29)).to_le_bytes());
        bytes[8..].copy_from_slice(&b.to_le_bytes());
        bytes
    }
}

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000)
    }
}

/// No loop asks it here.
struct NoPlanner;

#[async_trait]
impl Planner for NoPlanner {
    async fn plan(&self, _: &Ask) -> Result<Draft, PlannerError> {
        unreachable!("nothing is planned here")
    }
}

pub(super) struct Page {
    pub(super) door: Arc<WebDoor>,
    pub(super) web: Arc<WebPlatform>,
    store: Arc<SqlStore>,
    server: Arc<Server>,
    intake: JoinSet<()>,
    dir: Arc<TempDir>,
}

impl Page {
    /// Like the demo.
    pub(super) async fn open_to_all() -> Self {
        let everybody = Allowed {
            platform: Platform::new("web"),
            id: None,
            role: Role::Submitter,
        };
        let directory = Directory {
            allowed: vec![everybody],
            ..Directory::default()
        };
        Self::start(Arc::new(TempDir::new().unwrap()), directory, &[]).await
    }

    /// Each key is Alice's.
    pub(super) async fn with_keys(keys: &[&str]) -> Self {
        let dir = Arc::new(TempDir::new().unwrap());
        Self::start(dir, Directory::default(), keys).await
    }

    pub(super) async fn restarted_with_keys(mut self, keys: &[&str]) -> Self {
        self.intake.shutdown().await;
        nightshift_core::port::Store::close(self.store.as_ref()).await;
        let dir = self.dir.clone();
        drop(self);
        Self::start(dir, Directory::default(), keys).await
    }

    async fn start(dir: Arc<TempDir>, directory: Directory, keys: &[&str]) -> Self {
        let ids: Arc<dyn Ids> = Arc::new(Counted::default());
        let clock: Arc<dyn Clock> = Arc::new(Noon);
        let options = OpenOptions {
            data_dir: dir.path().join("data"),
            retry_backoff: std::time::Duration::from_secs(5),
            ids: ids.clone(),
        };
        let store = nightshift_store::open(options).await.unwrap();
        let door = Arc::new(WebDoor::new([7; 32]));
        let web = WebPlatform::new(store.clone(), door.clone(), clock.clone(), ids.clone());
        let web = Arc::new(web);
        let ports = Ports {
            store: store.clone(),
            platforms: [(web.platform(), web.clone() as Arc<dyn ChatPlatform>)].into(),
            planner: Arc::new(NoPlanner),
            executors: BTreeMap::new(),
            clock,
            ids,
            shared: None,
        };
        let (app, loops) = App::new(ports, settings(directory, keys, &dir));
        let mut intake = JoinSet::new();
        let one = loops.into_iter().find(|one| one.name() == "intake");
        intake.spawn(lifecycle::run(one.unwrap(), CancellationToken::new()));
        let shown: Arc<dyn PageDoor> = door.clone();
        let limits = HttpLimits::default();
        let server = Server::new(app, Some(shown), limits, BTreeMap::new());
        Self {
            door,
            web,
            store,
            server: Arc::new(server),
            intake,
            dir,
        }
    }

    /// A new browser opens the page.
    pub(super) async fn visit(&self) -> Browser {
        let browser = Browser {
            server: self.server.clone(),
            store: self.store.clone(),
            person: String::new(),
            csrf: String::new(),
            cookie: String::new(),
        };
        let answer = browser.post("/playground/session", json!({})).await;
        browser.adopting(answer)
    }

    /// Accepted and not yet acted on.
    pub(super) async fn deliveries(&self) -> usize {
        self.store.open_deliveries(None, 100).await.unwrap().len()
    }
}

fn settings(directory: Directory, keys: &[&str], dir: &TempDir) -> Settings {
    let alice = UserId::new("user_alice");
    Settings {
        directory,
        api_keys: keys
            .iter()
            .map(|key| (people::digest(key), alice.clone()))
            .collect(),
        agents: BTreeMap::new(),
        default_agent: "stub".into(),
        commands: BTreeMap::new(),
        projects: BTreeMap::new(),
        default_executor: "local".into(),
        working_dir: dir.path().join("work"),
        results_dir: dir.path().join("results"),
        max_concurrent: 1,
        rule: Rule::default(),
        limits: Limits {
            max_tokens: 1000,
            max_usd: 1.0,
            default_timeout_s: 60,
            max_timeout_s: 60,
        },
        output_limit: 1 << 20,
        result_file_limit: 1 << 20,
        upload_limit: 1 << 20,
        alert: Vec::new(),
        retention: nightshift_app::settings::Retention::default(),
        timers: Timers::default(),
        scrubber: Scrubber::new([Secret::new(SECRET)]),
        holder: "life-1".into(),
        open_api: None,
    }
}

pub(super) struct Browser {
    server: Arc<Server>,
    store: Arc<SqlStore>,
    pub(super) person: String,
    pub(super) csrf: String,
    cookie: String,
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) text: String,
    pub(super) cookie: Option<String>,
    pub(super) policy: String,
}

impl Browser {
    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        self.post_with(path, body, Some(&self.csrf), &[]).await
    }

    pub(super) async fn post_with(
        &self,
        path: &str,
        body: Value,
        token: Option<&str>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut all = vec![("host", HOST), ("content-type", "application/json")];
        all.extend(token.map(|token| (CSRF_HEADER, token)));
        all.extend(headers);
        self.send("POST", path, &all, body.to_string()).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[("host", HOST)], String::new())
            .await
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        // The last one of a name counts.
        let last: BTreeMap<&str, &str> = headers.iter().copied().collect();
        for (name, value) in last {
            request = request.header(name, value);
        }
        let request = request
            .header(header::COOKIE, &self.cookie)
            .body(Body::from(body))
            .unwrap();
        let response = router(self.server.clone()).oneshot(request).await.unwrap();
        let of = |name| {
            let value = response.headers().get(name);
            value.map(|value: &axum::http::HeaderValue| value.to_str().unwrap().to_owned())
        };
        let (cookie, policy) = (of(header::SET_COOKIE), of(header::CONTENT_SECURITY_POLICY));
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 1 << 22).await.unwrap();
        Answer {
            status,
            text: String::from_utf8_lossy(&bytes).into_owned(),
            cookie,
            policy: policy.unwrap_or_default(),
        }
    }

    fn adopting(mut self, answer: Answer) -> Self {
        let body: Value = serde_json::from_str(&answer.text).unwrap();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        self.person = text("person");
        self.csrf = text("csrf");
        if let Some(cookie) = answer.cookie {
            assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
            cookie
                .split(';')
                .next()
                .unwrap()
                .clone_into(&mut self.cookie);
        }
        self
    }

    pub(super) async fn login(self, key: &str) -> Self {
        let answer = self.post("/playground/login", json!({ "key": key })).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        self.adopting(answer)
    }

    /// The same browser at a server that was started again.
    pub(super) fn at(self, page: &Page) -> Self {
        Self {
            server: page.server.clone(),
            store: page.store.clone(),
            ..self
        }
    }

    /// The stream from its beginning to the word that all is told.
    pub(super) async fn stream(&self, path: &str) -> String {
        let request = Request::builder().uri(path).header("host", HOST);
        let request = request
            .header(header::COOKIE, &self.cookie)
            .body(Body::empty())
            .unwrap();
        let response = router(self.server.clone()).oneshot(request).await.unwrap();
        let mut body = response.into_body();
        let mut text = String::new();
        while !text.contains("event: live") {
            let frame = body.frame().await.expect("the stream goes on").unwrap();
            text.push_str(&String::from_utf8_lossy(&frame.into_data().unwrap()));
        }
        text
    }

    /// What the page shows to this person.
    pub(super) async fn feed(&self) -> Vec<Value> {
        let door = self.server.door.as_ref().unwrap();
        let found = self
            .store
            .page_messages(&door.channel(), &self.person, Seq(0), 100)
            .await;
        let shown = found
            .unwrap()
            .into_iter()
            .map(|message| door.shown(&message));
        shown
            .map(|json| serde_json::from_str(&json).unwrap())
            .collect()
    }
}
