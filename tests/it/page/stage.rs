//! Where these journeys take place: a running demo, and people in front of browsers.

use std::time::Duration;

use harness::Client;
use harness::browser::{Browser, ENTER};
use harness::process::{Installation, Server, eventually};
use serde::Deserialize;
use serde_json::{Value, json};

const OPEN: &str = "NightShift demo: open ";
pub(super) const APPROVE: &str = "✓ Approve & Execute";
/// The accessible name of the box at the bottom.
const BOX: &str = "Message to NightShift";
/// How long people look for what should be there.
const LOOKING: Duration = Duration::from_secs(20);
/// Longer texts are cut in what a look brings back.
const LOOK: &str = "
    return [...document.querySelectorAll('.message')].map((message) => ({
        id: message.dataset.id,
        thread: message.closest('.thread').dataset.thread,
        from: message.dataset.from,
        private: message.classList.contains('private'),
        title: message.querySelector('h3')?.innerText ?? '',
        length: message.querySelector('.body').innerText.length,
        text: message.querySelector('.body').innerText.slice(0, 5000),
        file: message.querySelector('a.file span')?.innerText ?? null,
        output: message.querySelector('.output')?.textContent.slice(-5000) ?? '',
        buttons: [...message.querySelectorAll('.buttons button')].map((button) => button.innerText),
    }));";

/// `nightshift demo`, and its API as the command line uses it.
pub(super) struct Demo {
    pub(super) server: Server,
    pub(super) api: Client,
    _site: Installation,
}

impl Demo {
    pub(super) async fn start() -> Self {
        let site = Installation::new();
        let mut server = Server::spawn(&site, &["demo", "--port", "0"]);
        let page = server.address(&site, OPEN).await;
        server.url = page.replace("/playground", "");
        Self {
            api: Client::new(&server.url, None),
            server,
            _site: site,
        }
    }

    pub(super) async fn visitor(&self) -> Seat {
        Seat::at(&self.server.url).await
    }

    pub(super) async fn task(&self, id: &str) -> Value {
        self.api.get(&format!("/api/v1/tasks/{id}")).await.json()
    }

    /// How often anything was started.
    pub(super) async fn starts(&self) -> usize {
        starts(&self.api).await
    }
}

/// Everybody on the page is welcome.
pub(super) fn open_to_all(site: &mut Installation) {
    let remote = &mut site.config["remote"];
    remote["trigger_service"]["platforms"]["web"] = json!({"enabled": true});
    let allowed = remote["auth"]["allowed_users"].as_array_mut();
    allowed.expect("a list").push("web:*".into());
}

pub(super) async fn starts(api: &Client) -> usize {
    let answer = api
        .get("/api/v1/events?type=attempt.started&limit=1000")
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["items"].as_array().expect("a list").len()
}

/// A message as it is seen.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) thread: String,
    /// `me`, `other` or `nightshift`.
    pub(super) from: String,
    pub(super) private: bool,
    pub(super) title: String,
    pub(super) text: String,
    /// Of the whole text.
    pub(super) length: usize,
    /// The name of the file that it carries.
    pub(super) file: Option<String>,
    pub(super) output: String,
    pub(super) buttons: Vec<String>,
}

impl Message {
    /// Where it is in the page.
    pub(super) fn place(&self) -> String {
        format!("[data-id=\"{}\"]", self.id)
    }

    /// The task that a card is about.
    pub(super) fn task(&self) -> String {
        let (_, id) = self.title.rsplit_once(": ").expect("a card's title");
        id.to_owned()
    }
}

/// Somebody in front of the page.
pub(super) struct Seat {
    pub(super) browser: Browser,
}

impl Seat {
    pub(super) async fn at(url: &str) -> Self {
        let seat = Self {
            browser: Browser::open().await,
        };
        seat.opens(url).await;
        seat
    }

    /// With a page of this size.
    pub(super) async fn sized(url: &str, width: u32, height: u32) -> Self {
        let seat = Self {
            browser: Browser::sized(width, height).await,
        };
        seat.opens(url).await;
        seat
    }

    pub(super) async fn opens(&self, url: &str) {
        self.browser.goto(&format!("{url}/playground")).await;
        self.is_connected().await;
    }

    pub(super) async fn is_connected(&self) {
        self.reads("#connection", "connected").await;
    }

    /// Waits until the element says this.
    pub(super) async fn reads(&self, css: &str, words: &str) {
        // What is hidden has a text, too.
        let script = "
            const found = document.querySelector(arguments[0]);
            return found?.checkVisibility() ? found.innerText : '';";
        eventually(&format!("{css} says {words:?}"), async || {
            let said = self.browser.script(script, json!([css])).await;
            said.as_str()?.contains(words).then_some(())
        })
        .await;
    }

    /// Types it and presses Enter.
    pub(super) async fn says(&self, text: &str) {
        self.browser.type_into(BOX, &format!("{text}{ENTER}")).await;
    }

    /// The same with a text from elsewhere, as long as it may be.
    pub(super) async fn pastes(&self, text: &str) {
        let paste = "
            const box = document.querySelector('#text');
            box.focus();
            document.execCommand('insertText', false, arguments[0]);
            return box.value.length;";
        self.browser.script(paste, json!([text])).await;
        self.browser.keys(ENTER).await;
    }

    pub(super) async fn messages(&self) -> Vec<Message> {
        let seen = self.browser.script(LOOK, json!([])).await;
        serde_json::from_value(seen).expect("messages")
    }

    /// Waits until there is such a message.
    pub(super) async fn sees(&self, what: &str, such: impl Fn(&Message) -> bool) -> Message {
        let mut last = Vec::new();
        let looking = eventually(what, async || {
            last = self.messages().await;
            last.iter().find(|message| such(message)).cloned()
        });
        let found = tokio::time::timeout(LOOKING, looking).await;
        let Ok(found) = found else {
            let picture = self.browser.picture().await;
            panic!("{what} is not seen, but {}: {last:#?}", picture.display());
        };
        found
    }

    /// Waits for a card with such a title.
    pub(super) async fn card(&self, title: &str) -> Message {
        let what = format!("a card “{title}”");
        self.sees(&what, |message| message.title.starts_with(title))
            .await
    }

    /// The plan of what was just asked for.
    pub(super) async fn plan(&self) -> Message {
        self.sees("a plan to decide about", |message| {
            message.title.starts_with("✨ Task Created") && !message.buttons.is_empty()
        })
        .await
    }

    /// What a button of a message sends when it is pressed.
    pub(super) async fn action(&self, message: &Message, button: &str) -> String {
        let script = "
            const buttons = [...document.querySelectorAll(`${arguments[0]} .buttons button`)];
            return buttons.find((one) => one.innerText === arguments[1])?.dataset.action;";
        let found = self
            .browser
            .script(script, json!([message.place(), button]));
        found.await.as_str().expect("such a button").to_owned()
    }

    /// The press of a button that is not there any more, as an old window would send it; returns
    /// the status of the answer.
    pub(super) async fn replays(&self, action: &str, of: &Message) -> u64 {
        let script = "
            const post = (path, body, csrf) => fetch(`/playground/${path}`, {
                method: 'POST',
                headers: { 'content-type': 'application/json', 'x-csrf-token': csrf },
                body: JSON.stringify(body),
            });
            const { csrf } = await (await post('session', {}, '')).json();
            const [action, message, thread, id] = arguments;
            const click = { kind: 'press', id, action, message, thread };
            return (await post('clicks', click, csrf)).status;";
        let id = format!("c-replayed-{}", &action[..action.len().min(8)]);
        let click = json!([action, of.id, of.thread, id]);
        let status = self.browser.promise(script, click).await;
        status.as_u64().expect("a status")
    }

    pub(super) async fn presses(&self, message: &Message, button: &str) {
        self.browser.press(&message.place(), button).await;
    }

    /// The same while others press too: who finds the button gone presses it in an old window.
    pub(super) async fn presses_at_once(&self, message: &Message, button: &str, action: &str) {
        if !self
            .browser
            .press_unless_gone(&message.place(), button)
            .await
        {
            self.replays(action, message).await;
        }
    }
}
