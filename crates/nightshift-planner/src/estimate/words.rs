//! What a plan says about itself, in plain words.

use nightshift_core::agent::{AgentSpec, Network};
use nightshift_core::chat::TextUnit;
use nightshift_core::chat::split::shorten;
use nightshift_core::plan::Draft;
use nightshift_core::port::Ask;

use super::figures::{Basis, ENOUGH};

/// Characters of the request that the summary repeats; the card shows the request itself.
const REQUEST_SHOWN: usize = 120;

pub(super) fn summary(ask: &Ask, agent: &AgentSpec) -> String {
    let request = first_line(&ask.text);
    let place = match &ask.project_dir {
        Some(dir) => format!("in the project {dir}"),
        None => "in a workspace of its own".to_owned(),
    };
    let mut sentences = vec![format!("{} works on “{request}” {place}.", agent.name)];
    if let Some(dir) = &ask.wishes.dir {
        sentences.push(format!("It may also write to {dir}."));
    }
    sentences.push(match agent.network() {
        Network::None => "It has no network.".to_owned(),
        Network::Open => "It can reach the network.".to_owned(),
    });
    match ask.feedback.len() {
        0 => {}
        1 => sentences.push("One change asked for is part of its prompt.".to_owned()),
        n => sentences.push(format!("{n} changes asked for are part of its prompt.")),
    }
    sentences.join(" ")
}

pub(super) fn reasoning(ask: &Ask, agent: &AgentSpec, draft: &Draft, basis: Basis) -> String {
    let mut notes = vec![origin(basis)];
    if agent.network() == Network::Open {
        notes.push(format!(
            "Network open: {} needs {}, and until there is an allow-list proxy that opens every \
             host.",
            agent.name,
            agent.hosts.join(", ")
        ));
    }
    if draft.writable_dirs.len() > 1 {
        notes.push("Risk medium: it may write outside its own workspace.".to_owned());
    }
    let unpriced = agent.usd_per_mtok_micros == 0 && draft.estimate.tokens.p90 > 0.0;
    if unpriced && draft.estimate.usd.p90 <= 0.0 {
        notes.push(format!(
            "The cost is unknown: no price is set for {}.",
            agent.name
        ));
    }
    if let (Some(model), None) = (&ask.wishes.model, &agent.model_flag) {
        notes.push(format!(
            "{} has no setting for a model: `{model}` has no effect.",
            agent.name
        ));
    }
    notes.extend(warnings(draft));
    notes.join(" ")
}

/// Where the figures come from; also for named commands.
pub(super) fn origin(basis: Basis) -> String {
    match basis {
        Basis::Past(n) => {
            format!("Estimate from the last {n} comparable tasks that finished here.")
        }
        Basis::Guess { finished: 0 } => {
            "Estimate: a guess: no comparable task has finished here yet.".to_owned()
        }
        Basis::Guess { finished } => format!(
            "Estimate: a guess: only {finished} of the {ENOUGH} comparable tasks it needs have \
             finished here yet."
        ),
    }
}

fn warnings(draft: &Draft) -> Vec<String> {
    let (estimate, ceiling) = (&draft.estimate, &draft.ceiling);
    let mut notes = Vec::new();
    if estimate.tokens.p50 > ceiling.tokens as f64 || estimate.usd.p50 > ceiling.usd {
        notes.push("It may reach the ceiling before it is done.".to_owned());
    }
    if estimate.seconds.p50 > draft.timeout_s as f64 {
        notes.push(format!(
            "It may reach the timeout of {} s before it is done.",
            draft.timeout_s
        ));
    }
    notes
}

/// The first line with words in it, shortened, without control characters.
pub(super) fn first_line(text: &str) -> String {
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    let plain: String = line
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    shorten(&plain, REQUEST_SHOWN, TextUnit::Chars).0
}
