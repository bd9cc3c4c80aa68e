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
    of("slack_webhook", slack::webhook, 600, slack::WORDS),
    of("slack_frame", slack::frame, 600, slack::WORDS),
    of("slack_answer", slack::answer, 600, slack::WORDS),
    of("slack_text", slack::typed, 800, slack::WORDS),
    of("slack_card", render::card, 200, render::WORDS),
    of("slack_form", render::form, 200, render::WORDS),
    of("command", command::said, 1500, command::WORDS),
    of("command_call", command::call, 800, command::WORDS),
    of("split", split::split_text, 300, split::WORDS),
    of("shorten", split::shorten_text, 600, split::WORDS),
    of("scrub", scrub::text_and_stream, 500, scrub::WORDS),
    of("values", values::words, 1500, values::WORDS),
    of("stored", stored::rows, 600, stored::WORDS),
    of("plan", stored::plan, 400, stored::WORDS),
    of("planner_reply", planner::reply, 300, planner::WORDS),
    of("agent_claude", agent::claude, 300, agent::WORDS),
    of("agent_codex", agent::codex, 300, agent::WORDS),
    of("agent_text", agent::text_output, 300, agent::WORDS),
    of("terminal", agent::terminal, 500, agent::WORDS),
    of("output_cut", agent::cut, 500, agent::WORDS),
    of("sandbox_line", agent::sandbox_line, 600, agent::WORDS),
    of("process_line", agent::process_line, 600, agent::WORDS),
    of("api_submission", api::submission, 500, api::WORDS),
    of("api_decision", api::decision, 500, api::WORDS),
    of("api_query", api::query, 500, api::WORDS),
    of("api_stream", api::stream, 500, api::WORDS),
    of("api_file_name", api::file_name, 500, api::WORDS),
    of("page_gesture", page::gesture, 500, page::WORDS),
    of("page_session", page::session, 300, page::WORDS),
    of("page_message", page::message, 400, page::WORDS),
    of("address", address::address, 600, address::WORDS),
    of("config", config::configuration, 60, config::WORDS),
    of("config_value", config::value, 800, config::WORDS),
];
