//! The table of all keys.

mod auth;
mod execution;
mod service;

use super::key::{Key, Kind, key};

pub(crate) const ROOT: &[Key] = &[key(
    "remote",
    Kind::Section(REMOTE),
    "everything of NightShift",
)];

pub(crate) const PLATFORMS: [&str; 5] = ["slack", "discord", "telegram", "whatsapp", "web"];

const TEXTS: Kind = Kind::List(&Kind::Text);

const REMOTE: &[Key] = &[
    key(
        "enabled",
        Kind::Flag,
        "false serves the API and the pages, but no platform",
    ),
    key(
        "trigger_service",
        Kind::Section(service::TRIGGER),
        "where asks come in",
    ),
    key(
        "execution",
        Kind::Section(execution::EXECUTION),
        "where and by what tasks are run",
    ),
    key("planner", Kind::Section(PLANNER), "who makes plans"),
    key("auth", Kind::Section(auth::AUTH), "who may do what"),
    key(
        "approvals",
        Kind::Section(auth::APPROVALS),
        "who lets a plan through",
    ),
    key("quotas", Kind::Section(QUOTAS), "how much a user may use"),
    key("storage", Kind::Section(STORAGE), "where state is kept"),
    key(
        "notify",
        Kind::Section(NOTIFY),
        "channels for what is no task's",
    ),
    key("timers", Kind::Section(TIMERS), "every wait"),
    key(
        "retention",
        Kind::Section(RETENTION),
        "how long what is past is kept",
    ),
    key("limits", Kind::Section(LIMITS), "every limit"),
    key("telemetry", Kind::Section(TELEMETRY), "traces for others"),
];

const PLANNER: &[Key] = &[
    key(
        "kind",
        Kind::OneOf(&["auto", "estimate", "agent", "openai", "anthropic"]),
        "estimate needs no model; auto asks the agent where there is one",
    ),
    key(
        "agent",
        Kind::Text,
        "the agent that plans; by default the one that works",
    ),
    key("timeout", Kind::Span, "by default timers.planning"),
];

const QUOTAS: &[Key] = &[
    key("default", Kind::Section(QUOTA), "for everybody"),
    key("users", Kind::Map(&Kind::Section(QUOTA)), "by user"),
    key(
        "teams",
        Kind::Map(&Kind::Section(TEAM)),
        "shared by their members",
    ),
];

const MAX_TASKS: Key = key("max_tasks_per_day", Kind::Whole(0), "tasks in 24 hours");
const MAX_TOKENS: Key = key("max_tokens_per_task", Kind::Whole(0), "tokens of one task");
const MAX_AT_ONCE: Key = key("max_concurrent_tasks", Kind::Whole(0), "tasks at once");
const MAX_USD: Key = key("max_usd_per_day", Kind::Number, "US dollars in 24 hours");
const QUOTA: &[Key] = &[MAX_TASKS, MAX_TOKENS, MAX_AT_ONCE, MAX_USD];
const TEAM: &[Key] = &[
    key("members", TEXTS, "user ids"),
    MAX_TASKS,
    MAX_TOKENS,
    MAX_AT_ONCE,
    MAX_USD,
];

const STORAGE: &[Key] = &[
    key(
        "database",
        Kind::OneOf(&["sqlite", "postgres", "cloud_sql", "rds", "azure_db"]),
        "sqlite keeps all in the data directory",
    ),
    key("url", Kind::Secret, "of the database, with its password"),
    key(
        "password_file",
        Kind::Path,
        "a file with the database's password alone, read for each new connection",
    ),
    key(
        "password_command",
        TEXTS,
        "a program and its arguments that print the database's password or a provider's token",
    ),
    key(
        "notify_url",
        Kind::Secret,
        "of the database past a pooler, for the hints between replicas",
    ),
    key(
        "replica",
        Kind::Text,
        "what this server is called among the replicas; by default the machine's name",
    ),
    key(
        "results_bucket",
        Kind::Text,
        "a bucket, with or without a scheme",
    ),
];

const CHANNELS: Kind = Kind::List(&Kind::Identity);
const NOTIFY: &[Key] = &[
    key("control", CHANNELS, "pause, lock, kill"),
    key("alert", CHANNELS, "what a person should look at"),
    key("log", CHANNELS, "everything else"),
];

const TIMERS: &[Key] = &[
    key(
        "lease",
        Kind::Span,
        "an attempt without a heartbeat is lost after this",
    ),
    key("heartbeat", Kind::Span, "between two heartbeats"),
    key("start_within", Kind::Span, "from the lease to the start"),
    key(
        "silence",
        Kind::Span,
        "a running agent that says nothing is called silent",
    ),
    key("stop_grace", Kind::Span, "between TERM and KILL"),
    key("shutdown", Kind::Span, "for everything to end at SIGTERM"),
    key(
        "retry_backoff",
        Kind::Span,
        "before the second try; doubled at each",
    ),
    key("top_up", Kind::Span, "for an answer at the ceiling"),
    key(
        "poll",
        Kind::Span,
        "between two looks at the store without a hint",
    ),
    key("planning", Kind::Span, "for a planner's answer"),
    key("task", Kind::Span, "the timeout of a task that names none"),
    key(
        "task_longest",
        Kind::Span,
        "the longest timeout that can be asked for",
    ),
    key("dedup", Kind::Span, "how long deliveries are remembered"),
    key(
        "approval_reminder",
        Kind::Span,
        "before a plan expires its people are reminded; 0s for never",
    ),
    key(
        "self_check",
        Kind::Span,
        "between two looks at whether stored rows contradict each other; 0s for none",
    ),
];

const RETENTION: &[Key] = &[
    key(
        "tasks",
        Kind::Span,
        "a task at its end, with all that belongs to it; 0d for ever",
    ),
    key("output", Kind::Span, "what attempts wrote; 0d for ever"),
    key("events", Kind::Span, "events about no task; 0d for ever"),
    key(
        "messages",
        Kind::Span,
        "our record of messages about no task; 0d for ever",
    ),
    key(
        "page",
        Kind::Span,
        "messages of the built-in page; 0d for ever",
    ),
];

const LIMITS: &[Key] = &[
    key(
        "output_bytes",
        Kind::Size,
        "output kept of an attempt: head and tail beyond",
    ),
    key(
        "result_file_bytes",
        Kind::Size,
        "one result file; larger ones are only listed",
    ),
    key("disk_bytes", Kind::Size, "what an attempt may write"),
    key("body_bytes", Kind::Size, "the body of a request"),
    key("requests_per_minute", Kind::Whole(1), "of one caller"),
    key("queue", Kind::Whole(1), "tasks that are not at an end"),
    key(
        "tokens_per_task",
        Kind::Whole(1),
        "the highest ceiling of a plan",
    ),
    key(
        "usd_per_task",
        Kind::Number,
        "the highest ceiling of a plan, US dollars",
    ),
];

const TELEMETRY: &[Key] = &[key(
    "otlp_endpoint",
    Kind::Endpoint,
    "an OpenTelemetry collector",
)];
