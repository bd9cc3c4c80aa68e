use super::*;

fn read(format: OutputFormat, text: &str) -> (Found, Vec<JobEvent>) {
    let mut whole = None;
    // However the bytes are cut, the same is read.
    for step in [1, 7, 4096] {
        let mut reading = Reading::new(format);
        let mut events = Vec::new();
        for piece in text.as_bytes().chunks(step) {
            reading.bytes(piece, &mut events);
        }
        reading.end(&mut events);
        let now = (reading.found, events);
        assert_eq!(whole.get_or_insert_with(|| now.clone()), &now);
    }
    whole.unwrap()
}

fn steps(events: &[JobEvent]) -> Vec<&str> {
    let mut steps = Vec::new();
    for event in events {
        if let JobEvent::Step(text) = event {
            steps.push(text.as_str());
        }
    }
    steps
}

const CLAUDE: &str = r#"{"type":"system","subtype":"init","session_id":"ses-1","tools":["Bash"]}
a line that is no JSON
{"type":"assistant","message":{"id":"m1","content":[{"type":"tool_use","name":"Bash","input":{"command":"ls\n -l"}}],"usage":{"input_tokens":10,"output_tokens":1}}}
{"type":"user","message":{"role":"user","content":[{"type":"tool_result","content":"a"}]}}
{"type":"assistant","message":{"id":"m1","content":[{"type":"text","text":"done"}],"usage":{"input_tokens":10,"output_tokens":4}}}
"#;

#[test]
fn claude_tells_its_session_steps_answer_and_cost() {
    let result = r#"{"type":"result","subtype":"success","is_error":false,"result":"done","total_cost_usd":0.25,"usage":{"input_tokens":20,"cache_creation_input_tokens":3,"cache_read_input_tokens":5,"output_tokens":10},"permission_denials":[{"tool_name":"Bash"},{"tool_name":"Bash"}]}"#;
    let (found, events) = read(OutputFormat::ClaudeStreamJson, &format!("{CLAUDE}{result}"));
    assert_eq!(events[0], JobEvent::Session("ses-1".to_owned()));
    assert_eq!(steps(&events), ["Bash: ls -l", "done"]);
    assert_eq!(found.answer(), "done\n\n(Not allowed to use: Bash.)");
    assert_eq!((found.usage.tokens, found.usage.usd), (38, 0.25));
    assert_eq!(found.verdict(ExitKind::Code(0)), ExitKind::Code(0));
}

#[test]
fn an_agent_that_cannot_reach_its_provider_says_so_while_it_tries() {
    let (_, events) = read(
        OutputFormat::ClaudeStreamJson,
        r#"{"type":"system","subtype":"api_retry","attempt":1,"max_retries":10,"error_status":401,"error":"authentication_failed"}"#,
    );
    let refused = "Provider refused (401 authentication_failed), try 1 of 10";
    assert_eq!(steps(&events), [refused]);
    let (found, events) = read(
        OutputFormat::CodexJson,
        r#"{"type":"error","message":"Reconnecting... 1/5"}
{"type":"turn.completed","usage":{}}"#,
    );
    assert_eq!(steps(&events), ["Reconnecting... 1/5"]);
    assert_eq!(found.verdict(ExitKind::Code(0)), ExitKind::Code(0));
}

#[test]
fn claude_that_is_not_logged_in_is_the_providers_refusal() {
    let (found, _) = read(
        OutputFormat::ClaudeStreamJson,
        r#"{"type":"result","subtype":"success","is_error":true,"result":"Not logged in · Please run /login","usage":{}}"#,
    );
    let refusal = ExitKind::Provider("Not logged in · Please run /login".to_owned());
    assert_eq!(found.verdict(ExitKind::Code(1)), refusal);
    assert_eq!(found.verdict(ExitKind::Signal(9)), ExitKind::Signal(9));
}

#[test]
fn claude_that_gives_up_with_exit_code_0_has_failed() {
    let (found, _) = read(
        OutputFormat::ClaudeStreamJson,
        r#"{"type":"result","subtype":"error_max_turns","is_error":true,"usage":{}}"#,
    );
    assert_eq!(
        found.verdict(ExitKind::Code(0)),
        ExitKind::AgentError("error_max_turns".to_owned())
    );
    assert_eq!(found.verdict(ExitKind::Code(3)), ExitKind::Code(3));
}

#[test]
fn claude_that_never_got_to_its_stream_is_quoted() {
    let (found, _) = read(
        OutputFormat::ClaudeStreamJson,
        "\u{1b}[31mNo conversation found\u{1b}[0m\n",
    );
    assert_eq!(found.answer(), "No conversation found");
}

#[test]
fn codex_tells_its_thread_commands_answer_and_tokens() {
    let (found, events) = read(
        OutputFormat::CodexJson,
        r#"{"type":"thread.started","thread_id":"t-1"}
{"type":"item.completed","item":{"id":"i0","type":"error","message":"only a warning"}}
{"type":"turn.started"}
{"type":"item.started","item":{"id":"i1","type":"command_execution","command":"cargo test"}}
{"type":"item.completed","item":{"id":"i2","type":"agent_message","text":"first"}}
{"type":"item.completed","item":{"id":"i3","type":"agent_message","text":"last"}}
{"type":"turn.completed","usage":{"input_tokens":7,"cached_input_tokens":5,"output_tokens":2}}
{"type":"turn.completed","usage":{"input_tokens":1,"output_tokens":1}}
"#,
    );
    assert_eq!(events[0], JobEvent::Session("t-1".to_owned()));
    assert_eq!(steps(&events), ["Run: cargo test", "first", "last"]);
    assert_eq!(
        (found.answer(), found.usage.tokens),
        ("last".to_owned(), 11)
    );
    assert_eq!(found.verdict(ExitKind::Code(0)), ExitKind::Code(0));
}

#[test]
fn codex_whose_turn_failed_has_failed() {
    let (found, _) = read(
        OutputFormat::CodexJson,
        r#"{"type":"turn.failed","error":{"message":"unexpected status 401 Unauthorized"}}"#,
    );
    assert_eq!(
        found.verdict(ExitKind::Code(1)),
        ExitKind::Provider("unexpected status 401 Unauthorized".to_owned())
    );
}

#[test]
fn a_text_answer_is_all_of_it_without_colours_and_cut_in_the_middle() {
    let (found, events) = read(OutputFormat::Text, "\u{1b}[1mhello\u{1b}[0m\n");
    assert_eq!((found.answer().as_str(), events.len()), ("hello", 0));
    let mut reading = Reading::new(OutputFormat::Text);
    reading.bytes(&vec![b'x'; 300 << 10], &mut Vec::new());
    reading.end(&mut Vec::new());
    let answer = reading.found.answer();
    assert!(answer.contains("[… 45056 bytes left out …]"));
}

#[test]
fn whatever_an_agent_says_it_used_can_be_stored_and_is_never_a_refund() {
    let most = u64::MAX;
    let claude = format!(
        "{{\"type\":\"assistant\",\"message\":{{\"id\":\"a\",\"usage\":{{\"input_tokens\":{most},\"output_tokens\":1}}}}}}\n\
         {{\"type\":\"assistant\",\"message\":{{\"id\":\"b\",\"usage\":{{\"input_tokens\":{most}}}}}}}\n\
         {{\"type\":\"result\",\"result\":\"x\",\"total_cost_usd\":-1,\"usage\":{{}}}}\n"
    );
    let turn = format!("{{\"type\":\"turn.completed\",\"usage\":{{\"input_tokens\":{most}}}}}\n");
    for (format, text) in [
        (OutputFormat::ClaudeStreamJson, claude),
        (OutputFormat::CodexJson, turn.repeat(2)),
    ] {
        let usage = read(format, &text).0.usage;
        assert_eq!(usage.tokens, i64::MAX as u64);
        assert!(usage.usd >= 0.0);
    }
}
