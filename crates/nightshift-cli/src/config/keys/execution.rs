//! Keys below `remote.execution`.

use super::TEXTS;
use crate::config::key::{Key, Kind, key};

pub(crate) const EXECUTION: &[Key] = &[
    key(
        "mode",
        Kind::OneOf(&["local", "docker", "remote", "cloud"]),
        "the default executor",
    ),
    key(
        "cloud_provider",
        Kind::OneOf(&["gcp", "aws", "azure"]),
        "whose cloud, in mode cloud",
    ),
    key("local", Kind::Section(LOCAL), "on this machine"),
    key(
        "docker",
        Kind::Section(DOCKER),
        "in containers on this machine",
    ),
    key("remote", Kind::Section(&[]), "on connected runners"),
    key("gcp", Kind::Section(GCP), "on Cloud Run"),
    key("aws", Kind::Section(AWS), "on Lambda"),
    key("azure", Kind::Section(AZURE), "on Azure Functions"),
    key(
        "agents",
        Kind::Map(&Kind::Section(AGENT)),
        "programs that do the work",
    ),
    key(
        "commands",
        Kind::Map(&Kind::Section(COMMAND)),
        "what `run NAME` may run",
    ),
    key(
        "projects",
        Kind::Map(&Kind::Section(PROJECT)),
        "directories by name",
    ),
];

const LOCAL: &[Key] = &[
    key("agent", Kind::Text, "the agent of a task that names none"),
    key(
        "isolation",
        Kind::OneOf(&["auto", "bwrap", "landlock", "none"]),
        "auto never means none",
    ),
    key(
        "working_dir",
        Kind::Path,
        "attempts work below this directory",
    ),
    key("max_concurrent_tasks", Kind::Whole(1), "attempts at once"),
    key("stop_grace", Kind::Span, "by default timers.stop_grace"),
];

const DOCKER: &[Key] = &[key("image", Kind::Text, "the image that tasks run in")];

const REGION: Key = key("region", Kind::Text, "the region");
const BUCKET: Key = key("storage_bucket", Kind::Text, "for results");
const ENDPOINTS: Key = key(
    "endpoints",
    Kind::Section(ENDPOINT),
    "emulators and private endpoints",
);
const ENDPOINT: &[Key] = &[
    key("run", Kind::Endpoint, "Cloud Run"),
    key("logging", Kind::Endpoint, "Cloud Logging"),
    key("lambda", Kind::Endpoint, "Lambda"),
    key("ecs", Kind::Endpoint, "ECS"),
    key("batch", Kind::Endpoint, "Batch"),
    key("logs", Kind::Endpoint, "logs"),
    key("containerapps", Kind::Endpoint, "Container Apps"),
    key("functions", Kind::Endpoint, "Functions"),
    key("storage", Kind::Endpoint, "object storage"),
    key("metadata", Kind::Endpoint, "the metadata server"),
];

const GCP: &[Key] = &[
    key("project", Kind::Text, "the project's id"),
    REGION,
    key("service_account", Kind::Text, "whom tasks run as"),
    key("image", Kind::Text, "the image that tasks run in"),
    BUCKET,
    ENDPOINTS,
];

const AWS: &[Key] = &[
    key("function_name", Kind::Text, "the function"),
    REGION,
    key("role_arn", Kind::Text, "whom tasks run as"),
    BUCKET,
    ENDPOINTS,
];

const AZURE: &[Key] = &[
    key("function_app", Kind::Text, "the function app"),
    REGION,
    key("resource_group", Kind::Text, "its resource group"),
    key("storage_account", Kind::Text, "for results"),
    ENDPOINTS,
];

const AGENT: &[Key] = &[
    key(
        "command",
        TEXTS,
        "program and arguments, exactly; no shell sees them",
    ),
    key(
        "prompt",
        Kind::OneOf(&["stdin", "file"]),
        "how the prompt goes in",
    ),
    key(
        "output",
        Kind::OneOf(&["text", "claude-stream-json", "codex-json"]),
        "how output is read",
    ),
    key("hosts", TEXTS, "hosts it needs; none means no network"),
    key(
        "credential_paths",
        TEXTS,
        "files with its login, read-only inside",
    ),
    key("env", Kind::Map(&Kind::Secret), "variables set for it"),
    key("env_pass", TEXTS, "variables passed on to it, by name"),
    key(
        "model_flag",
        Kind::Text,
        "the argument that chooses a model",
    ),
    key("install_hint", Kind::Text, "what to do when it is missing"),
    key(
        "usd_per_mtok",
        Kind::Number,
        "for the estimate: US dollars per million tokens",
    ),
];

const COMMAND: &[Key] = &[
    key("description", Kind::Text, "one line for people"),
    key(
        "argv",
        TEXTS,
        "program and arguments; {name} is replaced by that argument",
    ),
    key(
        "args",
        Kind::Map(&Kind::Section(ARG)),
        "its arguments, in order",
    ),
    key("timeout", Kind::Span, "by default timers.task"),
    key(
        "risk",
        Kind::OneOf(&["low", "medium", "high"]),
        "shown on the card",
    ),
    key("hosts", TEXTS, "hosts it needs; none means no network"),
];

const ARG: &[Key] = &[
    key(
        "type",
        Kind::OneOf(&["string", "integer", "number", "boolean"]),
        "what it may be",
    ),
    key(
        "pattern",
        Kind::Text,
        "a regular expression for the whole value",
    ),
    key("choices", Kind::List(&Kind::Scalar), "the only values"),
    key("default", Kind::Scalar, "when it is not given"),
];

const PROJECT: &[Key] = &[
    key("path", Kind::Path, "its directory"),
    key("test", TEXTS, "its test command"),
    key("default_agent", Kind::Text, "the agent of its tasks"),
];
