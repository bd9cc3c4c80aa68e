//! The protocol of browser drivers: JSON over HTTP, errors with names.

use serde_json::Value;

/// The key under which the protocol names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Errors of a page that is being redrawn: look again.
const NOT_YET: [&str; 4] = [
    "no such element",
    "stale element reference",
    "element click intercepted",
    "element not interactable",
];

/// Why there is no value.
#[derive(Debug)]
pub(super) enum Unanswered {
    NotYet,
    /// Also a dialog that nobody expected.
    Wrong(String),
}

/// One call; `body` is sent unless it is null.
pub(super) async fn call(
    http: &reqwest::Client,
    method: &str,
    url: &str,
    body: Value,
) -> Result<Value, Unanswered> {
    let mut request = http.request(method.parse().expect("a method"), url);
    if !body.is_null() {
        request = request.json(&body);
    }
    let wrong = |error: reqwest::Error| Unanswered::Wrong(error.to_string());
    let response = request.send().await.map_err(wrong)?;
    let well = response.status().is_success();
    let mut answer: Value = response.json().await.map_err(wrong)?;
    let value = answer["value"].take();
    if well {
        return Ok(value);
    }
    match value["error"].as_str() {
        Some(name) if NOT_YET.contains(&name) => Err(Unanswered::NotYet),
        _ => Err(Unanswered::Wrong(format!("{value:#}"))),
    }
}

/// The protocol's name of an element.
pub(super) fn element(value: &Value) -> Option<String> {
    value[ELEMENT].as_str().map(str::to_owned)
}

/// Pictures come as base64.
pub(super) fn base64(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let digits: Vec<u8> = text.bytes().filter_map(digit).collect();
    let bytes = digits.chunks(4).flat_map(|four| {
        let joined = four.iter().enumerate().fold(0_u32, |sum, (at, digit)| {
            sum | u32::from(*digit) << (18 - 6 * at)
        });
        joined.to_be_bytes()[1..four.len()].to_vec()
    });
    bytes.collect()
}
