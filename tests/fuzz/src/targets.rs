//! The list of targets. A new parser of outside input gets a line here and a folder of seeds.

mod address;
mod agent;
mod api;
mod command;
mod config;
mod page;
mod planner;
mod render;
mod scrub;
mod slack;
mod split;
mod stored;
mod values;

use crate::Target;

const fn of(
    name: &'static str,
    check: fn(&[u8]),
    cases: usize,
    words: &'static [&'static str],
) -> Target {
    Target {
        name,
        check,
        words,
        cases,
    }
}

pub const TARGETS: &[Target] = &[
    of("slack_webhook", slack::webhook, 1800, slack::WORDS),
    of("slack_frame", slack::frame, 1800, slack::WORDS),
    of("slack_answer", slack::answer, 1800, slack::WORDS),
    of("slack_text", slack::typed, 2400, slack::WORDS),
    of("slack_card", render::card, 600, render::WORDS),
    of("slack_form", render::form, 600, render::WORDS),
    of("command", command::said, 4500, command::WORDS),
    of("command_call", command::call, 2400, command::WORDS),
    of("split", split::split_text, 900, split::WORDS),
    of("shorten", split::shorten_text, 1800, split::WORDS),
    of("scrub", scrub::text_and_stream, 1500, scrub::WORDS),
    of("values", values::words, 4500, values::WORDS),
    of("stored", stored::rows, 1800, stored::WORDS),
    of("plan", stored::plan, 1200, stored::WORDS),
    of("planner_reply", planner::reply, 900, planner::WORDS),
    of("agent_claude", agent::claude, 900, agent::WORDS),
    of("agent_codex", agent::codex, 900, agent::WORDS),
    of("agent_text", agent::text_output, 900, agent::WORDS),
    of("terminal", agent::terminal, 1500, agent::WORDS),
    of("output_cut", agent::cut, 1500, agent::WORDS),
    of("sandbox_line", agent::sandbox_line, 1800, agent::WORDS),
    of("process_line", agent::process_line, 1800, agent::WORDS),
    of("api_submission", api::submission, 1500, api::WORDS),
    of("api_decision", api::decision, 1500, api::WORDS),
    of("api_query", api::query, 1500, api::WORDS),
    of("api_stream", api::stream, 1500, api::WORDS),
    of("api_file_name", api::file_name, 1500, api::WORDS),
    of("page_gesture", page::gesture, 1500, page::WORDS),
    of("page_session", page::session, 900, page::WORDS),
    of("page_message", page::message, 1200, page::WORDS),
    of("address", address::address, 1800, address::WORDS),
    of("config", config::configuration, 180, config::WORDS),
    of("config_value", config::value, 2400, config::WORDS),
];
