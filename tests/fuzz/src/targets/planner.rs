//! What a planning agent replies.

use nightshift_core::plan::{Plan, Risk};
use nightshift_planner::fuzz;

use crate::input;

pub(super) const WORDS: &[&str] = &[
    "\"summary\":",
    "\"prompt\":",
    "\"tools\":[]",
    "\"estimate\":",
    "\"ceiling\":{",
    "\"tokens\":{\"p50\":1,\"p90\":2}",
    "\"usd\":",
    "\"timeout_s\":",
    "\"risk\":\"low\"",
    "\"reasoning\":",
    "\"structured_output\":{",
    "\"result\":\"",
    "```json\n",
    "\"agent\":\"x\"",
    "\"argv\":[\"sh\"]",
    "\"network\":\"open\"",
    "xoxb-planner-secret",
    "{",
    "}",
    "1e999",
];

/// A reply fills in words and figures within their limits, and nothing else.
pub(super) fn reply(data: &[u8]) {
    let ask = fuzz::ask();
    let (base, read) = fuzz::draft(&ask, &input::text(data));
    let draft = match read {
        Ok(draft) => draft,
        Err(why) => return assert!(!why.is_empty()),
    };
    assert_eq!((&draft.agent, &draft.model), (&base.agent, &base.model));
    assert_eq!(
        (&draft.executor, &draft.workspace),
        (&base.executor, &base.workspace)
    );
    assert_eq!(
        (&draft.writable_dirs, &draft.network, &draft.argv),
        (&base.writable_dirs, &base.network, &base.argv)
    );
    assert!(
        draft.prompt.starts_with(&ask.text),
        "not the person's words"
    );
    assert!(draft.timeout_s <= ask.limits.max_timeout_s);
    let risk = |name: &str| Risk::from_name(name).expect("a risk");
    assert!(risk(&draft.risk) >= risk(&base.risk), "made light of");
    for text in [&draft.summary, &draft.prompt, &draft.reasoning] {
        assert!(!text.contains(fuzz::SECRET));
    }
    let plan = Plan::check(draft, &ask.limits).expect("a draft that is a plan");
    assert!(plan.is_intact());
}
