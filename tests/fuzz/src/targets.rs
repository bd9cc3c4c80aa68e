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
    of("slack_webhook", slack::webhook, 1200, slack::WORDS),
    of("slack_frame", slack::frame, 1200, slack::WORDS),
    of("slack_answer", slack::answer, 1200, slack::WORDS),
    of("slack_text", slack::typed, 1600, slack::WORDS),
    of("slack_card", render::card, 400, render::WORDS),
    of("slack_form", render::form, 400, render::WORDS),
    of("command", command::said, 3000, command::WORDS),
    of("command_call", command::call, 1600, command::WORDS),
    of("split", split::split_text, 600, split::WORDS),
    of("shorten", split::shorten_text, 1200, split::WORDS),
    of("scrub", scrub::text_and_stream, 1000, scrub::WORDS),
    of("values", values::words, 3000, values::WORDS),
    of("stored", stored::rows, 1200, stored::WORDS),
    of("plan", stored::plan, 800, stored::WORDS),
    of("planner_reply", planner::reply, 600, planner::WORDS),
    of("agent_claude", agent::claude, 600, agent::WORDS),
    of("agent_codex", agent::codex, 600, agent::WORDS),
    of("agent_text", agent::text_output, 600, agent::WORDS),
    of("terminal", agent::terminal, 1000, agent::WORDS),
    of("output_cut", agent::cut, 1000, agent::WORDS),
    of("sandbox_line", agent::sandbox_line, 1200, agent::WORDS),
    of("process_line", agent::process_line, 1200, agent::WORDS),
    of("api_submission", api::submission, 1000, api::WORDS),
    of("api_decision", api::decision, 1000, api::WORDS),
    of("api_query", api::query, 1000, api::WORDS),
    of("api_stream", api::stream, 1000, api::WORDS),
    of("api_file_name", api::file_name, 1000, api::WORDS),
    of("page_gesture", page::gesture, 1000, page::WORDS),
    of("page_session", page::session, 600, page::WORDS),
    of("page_message", page::message, 800, page::WORDS),
    of("address", address::address, 1200, address::WORDS),
    of("config", config::configuration, 120, config::WORDS),
    of("config_value", config::value, 1600, config::WORDS),
];
