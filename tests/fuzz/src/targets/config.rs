//! Configurations: every mistake becomes a sentence with a place, and no secret is repeated.

use std::collections::BTreeMap;

use nightshift_cli::fuzz;

use crate::input;

pub(super) const WORDS: &[&str] = &[
    "remote:\n",
    "  execution:\n",
    "    local:\n",
    "  auth:\n",
    "    api_keys:\n",
    "  limits:\n",
    "  timers:\n",
    "  trigger_service:\n",
    "    platforms:\n",
    "      slack:\n",
    "enabled: true\n",
    "bot_token: ",
    "signing_secret: ${TOKEN}\n",
    "${TOKEN}",
    "${NONE:-x}",
    "${NONE}",
    "$${",
    "&a ",
    "*a",
    "<<: *a\n",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "|\n",
    ">\n",
    "!!binary ",
    "? ",
    "---\n",
    "~/",
    "256MiB",
    "30s",
    "\t",
    "# ",
    "${file:",
];

const TOKEN: &str = "xoxb-fuzz-secret-token";

fn environment() -> BTreeMap<String, String> {
    [
        ("HOME", "/home/ana"),
        ("TOKEN", TOKEN),
        ("EMPTY", ""),
        ("YAML", "a: [b"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

pub(super) fn configuration(data: &[u8]) {
    // The loader reads the files that a configuration names: no file of this machine is.
    let text = input::text(data).replace("file:/", "file:/nowhere/");
    match fuzz::configuration(&text, &environment()) {
        Ok(accepted) => {
            for secret in accepted.secrets.iter().filter(|secret| secret.len() >= 8) {
                assert!(
                    !accepted.shown.contains(secret.as_str()),
                    "a secret is shown"
                );
            }
            assert!(!accepted.shown.is_empty());
        }
        Err(refused) => {
            assert!(refused.problems > 0, "refused without a reason");
            // YAML ends lines by either character; what is missing at the end is missed behind it.
            let lines = text.matches(['\n', '\r']).count() + 2;
            for line in refused.lines {
                assert!((1..=lines).contains(&line), "line {line} of {lines}");
            }
            // Where a secret may stand, what it was set to is not said.
            assert!(!refused.shown.contains(TOKEN), "{}", refused.shown);
        }
    }
}

/// One value with what is to be filled in.
pub(super) fn value(data: &[u8]) {
    let text = input::text(data);
    let filled = fuzz::expanded(&text, &environment());
    if !text.contains("${") {
        assert_eq!(filled.as_deref(), Some(text.as_str()));
        return;
    }
    let Some(filled) = filled else { return };
    if !text.contains("${YAML}") && !text.contains("${TOKEN}") && !text.contains("${file:") {
        // What is not filled in is text of the value itself.
        assert!(filled.len() <= text.len() + "/home/ana".len() * text.matches("${").count());
    }
}
