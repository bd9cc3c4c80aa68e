//! The agents that need no more than their name in the configuration.

use std::collections::BTreeMap;

use nightshift_core::agent::{AgentSpec, OutputFormat, PromptBy};

/// Every known agent. Each sees a home of its own with a copy of its credentials: what it
/// refreshes or remembers there ends with the attempt.
pub fn presets() -> Vec<AgentSpec> {
    vec![claude_code(), codex()]
}

fn claude_code() -> AgentSpec {
    AgentSpec {
        name: "claude-code".to_owned(),
        argv: words(&[
            "claude",
            "-p",
            "--output-format",
            "stream-json",
            // Without it the program refuses this output format.
            "--verbose",
            "--permission-mode",
            "acceptEdits",
        ]),
        prompt: PromptBy::Stdin,
        output: OutputFormat::ClaudeStreamJson,
        hosts: words(&["api.anthropic.com"]),
        credential_paths: words(&[".claude/.credentials.json"]),
        env_pass: words(&[
            "ANTHROPIC_API_KEY",
            "ANTHROPIC_AUTH_TOKEN",
            "ANTHROPIC_BASE_URL",
            "CLAUDE_CODE_OAUTH_TOKEN",
        ]),
        env_set: BTreeMap::from([
            ("DISABLE_AUTOUPDATER".to_owned(), "1".to_owned()),
            (
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC".to_owned(),
                "1".to_owned(),
            ),
        ]),
        model_flag: Some("--model".to_owned()),
        install_hint: "Install Claude Code (`npm install -g @anthropic-ai/claude-code`) where the \
                       server's PATH finds `claude`, and log in once."
            .to_owned(),
        usd_per_mtok_micros: 8_000_000,
    }
}

fn codex() -> AgentSpec {
    AgentSpec {
        name: "codex".to_owned(),
        argv: words(&[
            "codex",
            "exec",
            "--json",
            "--skip-git-repo-check",
            "-s",
            "workspace-write",
            // The prompt comes from standard input.
            "-",
        ]),
        prompt: PromptBy::Stdin,
        output: OutputFormat::CodexJson,
        hosts: words(&["api.openai.com", "chatgpt.com", "auth.openai.com"]),
        credential_paths: words(&[".codex/auth.json", ".codex/config.toml"]),
        env_pass: words(&["CODEX_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"]),
        env_set: BTreeMap::new(),
        model_flag: Some("--model".to_owned()),
        install_hint: "Install Codex (`npm install -g @openai/codex`) where the server's PATH \
                       finds `codex`, and log in once (`codex login`)."
            .to_owned(),
        usd_per_mtok_micros: 4_000_000,
    }
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|&word| word.to_owned()).collect()
}
