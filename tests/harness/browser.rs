//! A real browser, as a person uses it: headless Chromium behind its own driver.
//!
//! What a page shows changes at any moment: everything here looks again until a deadline.

mod driver;
mod wire;

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::process::eventually;
use driver::Driver;
use wire::Unanswered;

pub const ENTER: &str = "\u{E007}";
pub const TAB: &str = "\u{E004}";

/// What can be pressed.
const PRESSABLE: &str = "button, a, summary, input, textarea";

/// One window with a profile of its own; gone when dropped.
pub struct Browser {
    driver: Driver,
}

impl Browser {
    /// The window of a desk.
    pub async fn open() -> Self {
        Self::sized(1200, 900).await
    }

    /// A window whose page is so large, as on a phone.
    pub async fn sized(width: u32, height: u32) -> Self {
        Self {
            driver: Driver::start(width, height).await,
        }
    }

    pub async fn goto(&self, url: &str) {
        self.told("POST", "url", json!({ "url": url })).await;
    }

    /// The value of a script's `return`; its arguments are `arguments[0]` and so on.
    pub async fn script(&self, text: &str, arguments: Value) -> Value {
        let body = json!({ "script": text, "args": arguments });
        self.told("POST", "execute/sync", body).await
    }

    /// The same for a script whose `return` is a promise.
    pub async fn promise(&self, text: &str, arguments: Value) -> Value {
        // A promise that is returned is awaited: the protocol says so.
        self.script(&format!("return (async () => {{ {text} }})();"), arguments)
            .await
    }

    /// Presses what has an accessible name that begins so, within the element of `scope`.
    pub async fn press(&self, scope: &str, name: &str) {
        eventually(&format!("“{name}” in {scope} is pressed"), async || {
            let element = self.named(scope, name).await?;
            self.tried("POST", &format!("element/{element}/click"), json!({}))
                .await
        })
        .await;
    }

    /// Presses what has an accessible name that begins so, unless it goes away before it is
    /// pressed; whether it was pressed.
    pub async fn press_unless_gone(&self, scope: &str, name: &str) -> bool {
        eventually(
            &format!("“{name}” in {scope} is pressed or gone"),
            async || {
                let Some(element) = self.named(scope, name).await else {
                    return Some(false);
                };
                let path = format!("element/{element}/click");
                self.tried("POST", &path, json!({})).await.map(|_| true)
            },
        )
        .await
    }

    /// Types into what has this accessible name.
    pub async fn type_into(&self, name: &str, text: &str) {
        eventually(&format!("“{name}” takes text"), async || {
            let element = self.named("body", name).await?;
            let path = format!("element/{element}/value");
            self.tried("POST", &path, json!({ "text": text })).await
        })
        .await;
    }

    /// Keys, to whatever has the focus.
    pub async fn keys(&self, keys: &str) {
        let actions: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })))
            .collect();
        let source = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.told("POST", "actions", json!({ "actions": [source] }))
            .await;
    }

    /// The accessible name of what has the focus.
    pub async fn focused(&self) -> String {
        eventually("something has the focus", async || {
            let active = self.tried("GET", "element/active", Value::Null).await?;
            let path = format!("element/{}/computedlabel", wire::element(&active)?);
            let label = self.tried("GET", &path, Value::Null).await?;
            label.as_str().map(str::to_owned)
        })
        .await
    }

    /// The bytes of a file that the page gave, once it is here.
    pub async fn downloaded(&self, name: &str) -> Vec<u8> {
        let file = self.driver.downloads().join(name);
        eventually(&format!("{name} is downloaded"), async || {
            std::fs::read(&file).ok().filter(|bytes| !bytes.is_empty())
        })
        .await
    }

    /// A picture of the window, for whoever wants to know why a test failed; returns where it is.
    pub async fn picture(&self) -> PathBuf {
        let shot = self.told("GET", "screenshot", Value::Null).await;
        let bytes = wire::base64(shot.as_str().expect("a picture"));
        let file = tempfile::Builder::new()
            .prefix("nightshift-page-")
            .suffix(".png")
            .tempfile()
            .expect("a file");
        std::fs::write(file.path(), bytes).expect("a picture");
        file.into_temp_path().keep().expect("a file that stays")
    }

    async fn named(&self, scope: &str, name: &str) -> Option<String> {
        let css = |selector: &str| json!({ "using": "css selector", "value": selector });
        let scope = self.tried("POST", "element", css(scope)).await?;
        let path = format!("element/{}/elements", wire::element(&scope)?);
        let found = self.tried("POST", &path, css(PRESSABLE)).await?;
        for element in found.as_array()? {
            let element = wire::element(element)?;
            let path = format!("element/{element}/computedlabel");
            let label = self.tried("GET", &path, Value::Null).await?;
            if label.as_str()?.starts_with(name) {
                return Some(element);
            }
        }
        None
    }

    /// The answer, or `None` where the page is not that far yet.
    async fn tried(&self, method: &str, path: &str, body: Value) -> Option<Value> {
        match self.driver.call(method, path, body).await {
            Ok(value) => Some(value),
            Err(Unanswered::NotYet) => None,
            Err(Unanswered::Wrong(why)) => panic!("{method} {path}: {why}"),
        }
    }

    async fn told(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.tried(method, path, body).await;
        answer.unwrap_or_else(|| panic!("{method} {path}: the page is not there"))
    }
}
