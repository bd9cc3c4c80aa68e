//! The built-in chat page, as a browser with one visitor uses it.

use nightshift_core::port::page::CSRF_HEADER;
use serde_json::{Value, json};

use crate::{Answer, Client, World};

/// A browser on the page.
pub struct Page {
    client: Client,
    cookie: String,
    csrf: String,
    /// The visitor's identity.
    pub person: String,
}

/// A message as the page shows it.
#[derive(Debug, Clone)]
pub struct Shown(pub Value);

impl Shown {
    pub fn id(&self) -> &str {
        self.0["id"].as_str().unwrap_or_default()
    }

    pub fn thread(&self) -> &str {
        self.0["thread"].as_str().unwrap_or_default()
    }

    pub fn title(&self) -> &str {
        self.0["body"]["card"]["title"].as_str().unwrap_or_default()
    }

    /// Everything in it, as it is sent to the page.
    pub fn text(&self) -> String {
        self.0["body"].to_string()
    }

    pub fn is_private(&self) -> bool {
        self.0["private"] == true
    }

    pub fn labels(&self) -> Vec<&str> {
        let buttons = self.0["body"]["card"]["buttons"].as_array();
        let buttons = buttons.into_iter().flatten();
        buttons
            .filter_map(|button| button["label"].as_str())
            .collect()
    }

    fn action(&self, word: &str) -> &Value {
        let buttons = self.0["body"]["card"]["buttons"].as_array();
        let mut buttons = buttons.into_iter().flatten();
        let found = buttons.find(|button| {
            let label = button["label"].as_str();
            label.is_some_and(|label| label.contains(word))
        });
        &found.unwrap_or_else(|| panic!("no button {word:?} on {}", self.0))["action"]
    }
}

impl World {
    /// Somebody opens the page for the first time.
    pub async fn visitor(&self) -> Page {
        let client = self.nobody();
        let answer = client.post("/playground/session", json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
        let cookie = answer.headers["set-cookie"].to_str().expect("a cookie");
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let body = answer.json();
        let word = |name: &str| body[name].as_str().expect("a word").to_owned();
        Page {
            client,
            cookie,
            csrf: word("csrf"),
            person: word("person"),
        }
    }

    /// The visitor types into the page's box, and everything that follows happens.
    pub async fn types(&self, page: &Page, id: &str, text: &str) {
        let answer = page.send(id, text, None).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
        self.settle().await;
    }

    /// The visitor presses a button of a message as they see it.
    pub async fn pushes(&self, page: &Page, message: &Shown, button: &str) {
        let body = json!({
            "kind": "press",
            "id": format!("press-{:08}", self.clock.millis() % 100_000_000),
            "action": message.action(button),
            "thread": message.thread(),
        });
        self.clock.advance(std::time::Duration::from_millis(1));
        let answer = page.post("/playground/clicks", body).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
        self.settle().await;
    }
}

impl Page {
    /// The same browser, after the server came back elsewhere.
    pub fn at(self, world: &World) -> Self {
        // A cookie is named by the port.
        let value = self.cookie.split_once('=').map(|(_, value)| value);
        let port = world.url.rsplit(':').next().unwrap_or_default();
        let name = nightshift_core::port::page::SESSION_COOKIE;
        Self {
            client: world.nobody(),
            cookie: format!("{name}_{port}={}", value.unwrap_or_default()),
            ..self
        }
    }

    /// Sends words as the page's script does; the id is the script's own.
    pub async fn send(&self, id: &str, text: &str, thread: Option<&str>) -> Answer {
        let mut body = json!({"kind": "say", "id": id, "text": text});
        if let Some(thread) = thread {
            body["thread"] = thread.into();
        }
        self.post("/playground/messages", body).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        let request = self.request("POST", path).header(CSRF_HEADER, &self.csrf);
        self.client.send(request.json(&body)).await
    }

    /// A request with this browser's cookie, but without the page's token.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.client
            .request(method, path)
            .header("cookie", &self.cookie)
    }

    pub async fn answer(&self, request: reqwest::RequestBuilder) -> Answer {
        self.client.send(request).await
    }

    /// Everything the visitor sees, in the order of the last change.
    pub async fn sees(&self) -> Vec<Shown> {
        let request = self.request("GET", "/playground/events");
        let mut stream = self.client.listen(request).await;
        let mut seen: Vec<Shown> = Vec::new();
        while let Some(event) = stream.next().await {
            if event.event == "live" {
                return seen;
            }
            let message = Shown(serde_json::from_str(&event.data).expect("JSON"));
            seen.retain(|known| known.id() != message.id());
            seen.push(message);
        }
        panic!("the page's feed ended");
    }

    /// The newest card of a task.
    pub async fn card(&self) -> Shown {
        let seen = self.sees().await;
        let mut cards = seen
            .into_iter()
            .filter(|message| !message.labels().is_empty());
        cards.next_back().expect("a card with buttons")
    }
}
