//! Whatever is written is shown as it was written.

use serde_json::{Value, json};

use super::stage::{APPROVE, Demo, Seat};

const SCRIPT: &str = "<img src=x onerror=alert(1)><script>alert(2)</script>";
const MARKUP: &str = "**bold** _soft_ <https://example.com|link> &lt;b&gt; @everyone";

/// What a text could have become if it were read as HTML.
async fn is_only_text(seat: &Seat) {
    let script = "return document.querySelectorAll(
        '#messages :is(img, script, iframe, object, em, b, i), #messages a:not(.file)').length;";
    let made = seat.browser.script(script, json!([])).await;
    assert_eq!(made, Value::from(0), "text became elements");
}

#[tokio::test]
async fn markup_of_people_and_agents_stays_text() {
    let demo = Demo::start().await;
    let ana = demo.visitor().await;
    // The demo's file name carries the text into the agent's own output.
    let text = format!("{SCRIPT} {MARKUP} write <img>.txt");
    ana.says(&text).await;
    let plan = ana.plan().await;
    assert!(plan.text.contains(&text), "{}", plan.text);
    let said = ana.sees("the words", |message| message.from == "me").await;
    assert_eq!(said.text, text);
    is_only_text(&ana).await;
    ana.presses(&plan, APPROVE).await;
    let answer = ana.card("✅ Task completed").await;
    assert!(
        answer.text.contains("wrote <img>.txt"),
        "the agent's words: {}",
        answer.text
    );
    // A dialog would have failed every look since.
    is_only_text(&ana).await;
}

#[tokio::test]
async fn a_request_of_a_hundred_kilobytes_is_readable_to_its_end() {
    let demo = Demo::start().await;
    let ana = demo.visitor().await;
    let text = format!("{} the very end", "many words ".repeat(9_300));
    ana.pastes(&text).await;
    let plan = ana.plan().await;
    let said = ana.sees("the words", |message| message.from == "me").await;
    assert_eq!(said.length, text.len());
    assert!(plan.text.contains("(Details shows the whole request.)"));
    ana.presses(&plan, "Details").await;
    let file = ana
        .sees("a file with all of it", |message| message.file.is_some())
        .await;
    let name = file.file.as_deref().expect("a name");
    ana.presses(&file, name).await;
    let bytes = ana.browser.downloaded(name).await;
    let whole = String::from_utf8(bytes).expect("text");
    assert!(whole.contains(&text), "{} bytes", whole.len());
}

#[tokio::test]
async fn the_page_may_load_and_run_only_its_own_files() {
    let demo = Demo::start().await;
    for path in ["/playground", "/playground/app.js", "/playground/style.css"] {
        let answer = demo.api.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        let policy = answer.headers["content-security-policy"]
            .to_str()
            .expect("text");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert_eq!(
            answer.headers["x-content-type-options"], "nosniff",
            "{path}"
        );
    }
    let ana = demo.visitor().await;
    let script = "
        return await new Promise((done) => {
            document.addEventListener('securitypolicyviolation', (event) => done(event.violatedDirective));
            const inline = document.createElement('script');
            inline.textContent = 'alert(3)';
            document.body.append(inline);
            setTimeout(() => done('nothing'), 2000);
        });";
    let violated = ana.browser.promise(script, json!([])).await;
    assert_eq!(violated, "script-src-elem");
}
