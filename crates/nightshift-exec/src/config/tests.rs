use super::*;

fn section(json: &str) -> Result<AgentSection, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

fn refusal(name: &str, json: &str) -> String {
    section(json)
        .unwrap()
        .resolve(name)
        .unwrap_err()
        .to_string()
}

#[test]
fn an_empty_mapping_under_a_presets_name_is_the_preset() {
    for preset in presets() {
        assert_eq!(section("{}").unwrap().resolve(&preset.name), Ok(preset));
    }
}

#[test]
fn a_preset_keeps_what_the_section_leaves_out() {
    let spec = section(r#"{"command": ["/opt/claude"], "env": {"A": "1"}}"#)
        .unwrap()
        .resolve("claude-code")
        .unwrap();
    assert_eq!(spec.argv, ["/opt/claude"]);
    assert_eq!(spec.output, OutputFormat::ClaudeStreamJson);
    assert_eq!(spec.env_set.get("A").map(String::as_str), Some("1"));
    assert!(!spec.hosts.is_empty());
}

#[test]
fn a_custom_agent_has_no_network_unless_it_names_hosts() {
    let spec = section(r#"{"command": ["/opt/agent.sh", "--flag"], "prompt": "file"}"#)
        .unwrap()
        .resolve("stub")
        .unwrap();
    assert_eq!(spec.network().name(), "none");
    assert_eq!(spec.prompt, PromptBy::File);
}

#[test]
fn what_cannot_be_is_refused_by_its_key() {
    assert_eq!(
        refusal("stub", "{}"),
        "remote.execution.agents.stub.command: expected the program and its arguments; \
         only claude-code and codex are known without"
    );
    assert_eq!(
        refusal("stub", r#"{"command": []}"#),
        "remote.execution.agents.stub.command: expected the program and its arguments"
    );
    assert_eq!(
        refusal("codex", r#"{"credential_paths": ["../.ssh"]}"#),
        "remote.execution.agents.codex.credential_paths: `../.ssh` is not a path below the \
         service's home"
    );
    assert_eq!(
        refusal("codex", r#"{"env": {"A=B": "1"}}"#),
        "remote.execution.agents.codex.env: `A=B` is not the name of a variable"
    );
    assert!(section(r#"{"comand": []}"#).is_err());
}

#[test]
fn the_working_directory_is_below_home_unless_it_says_otherwise() {
    let local = LocalSection::default();
    assert_eq!(
        local.working_dir_in(Path::new("/home/ana")),
        Path::new("/home/ana/nightshift-work")
    );
    let elsewhere: LocalSection = serde_json::from_str(r#"{"working_dir": "/srv/w"}"#).unwrap();
    assert_eq!(
        elsewhere.working_dir_in(Path::new("/home/ana")),
        Path::new("/srv/w")
    );
    let relative: LocalSection = serde_json::from_str(r#"{"working_dir": "w"}"#).unwrap();
    assert!(relative.check().is_err());
}
