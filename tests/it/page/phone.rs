//! The page in a pocket.

use serde_json::json;

use super::stage::{APPROVE, Demo, Seat};

/// A thumb's width, in CSS pixels.
const THUMB: f64 = 40.0;

async fn fits(seat: &Seat, when: &str) {
    let script = "
        const wide = document.scrollingElement.scrollWidth - innerWidth;
        const main = document.querySelector('main');
        const box = document.querySelector('#text').getBoundingClientRect();
        const at = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
        const buttons = [...document.querySelectorAll('button')].filter((one) => one.offsetParent);
        return {
            wide: Math.max(wide, main.scrollWidth - main.clientWidth),
            reachable: at?.id === 'text' && box.bottom <= innerHeight,
            small: buttons.map((one) => [one.innerText, one.getBoundingClientRect().height])
                .filter(([, height]) => height < arguments[0]),
            buttons: buttons.length,
        };";
    let seen = seat.browser.script(script, json!([THUMB])).await;
    assert!(seen["wide"].as_f64() <= Some(0.0), "{when}: {seen}");
    assert_eq!(seen["reachable"], true, "{when}: {seen}");
    assert_eq!(seen["small"], json!([]), "{when}: {seen}");
    assert_ne!(seen["buttons"], 0, "{when}: {seen}");
}

#[tokio::test]
async fn on_a_phone_nothing_is_cut_off_and_everything_can_be_pressed() {
    let demo = Demo::start().await;
    let ana = Seat::sized(&demo.server.url, 360, 740).await;
    fits(&ana, "at first").await;
    let unbroken = "/a/very/long/path".repeat(20);
    ana.says(&format!("lines 40 {unbroken}")).await;
    let plan = ana.plan().await;
    fits(&ana, "with a plan").await;
    ana.presses(&plan, "Details").await;
    ana.presses(&plan, APPROVE).await;
    ana.card("✅ Task completed").await;
    fits(&ana, "with an answer").await;
    ana.says("run disk").await;
    let plan = ana.plan().await;
    ana.presses(&plan, APPROVE).await;
    ana.sees("a wide table", |message| {
        message.text.contains("Mounted on")
    })
    .await;
    fits(&ana, "with a table").await;
    ana.browser.press("#messages", "Reply").await;
    fits(&ana, "while replying").await;
}
