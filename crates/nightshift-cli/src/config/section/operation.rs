//! The small sections: planner, storage, quotas, notify, timers, retention, limits,
//! telemetry.

use std::collections::BTreeMap;
use std::time::Duration;

use nightshift_app::settings::Channel;
use nightshift_core::id::Platform;
use nightshift_core::secret::Secret;
use nightshift_core::time::Span;
use serde::{Deserialize, Serialize};

use crate::config::size::Size;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Planner {
    pub(crate) kind: PlannerKind,
    /// `None`: the agent that would do the work.
    pub(crate) agent: Option<String>,
    /// `None`: `timers.planning`.
    pub(crate) timeout: Option<Span>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PlannerKind {
    #[default]
    Auto,
    Estimate,
    Agent,
    #[serde(rename = "openai")]
    OpenAi,
    Anthropic,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Storage {
    pub(crate) database: Database,
    pub(crate) url: Option<Secret>,
    pub(crate) password_file: Option<String>,
    pub(crate) password_command: Vec<String>,
    pub(crate) notify_url: Option<Secret>,
    pub(crate) replica: Option<String>,
    pub(crate) results_bucket: Option<String>,
}

impl Storage {
    /// The passwords in the addresses, each for itself and as it is written there.
    pub(crate) fn passwords(&self) -> Vec<Secret> {
        let urls = [&self.url, &self.notify_url].into_iter().flatten();
        let parsed = urls.filter_map(|url| url::Url::parse(url.expose()).ok());
        parsed
            .filter_map(|url| url.password().map(str::to_owned))
            .flat_map(|written| {
                let plain = percent_encoding::percent_decode_str(&written).decode_utf8_lossy();
                [
                    Secret::new(plain.into_owned()),
                    Secret::new(written.clone()),
                ]
            })
            .collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Database {
    #[default]
    Sqlite,
    Postgres,
    CloudSql,
    Rds,
    AzureDb,
}

impl Database {
    /// A provider's: encrypted unless its URL says otherwise.
    pub(crate) fn is_managed(self) -> bool {
        matches!(self, Self::CloudSql | Self::Rds | Self::AzureDb)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Quotas {
    pub(crate) default: Quota,
    pub(crate) users: BTreeMap<String, Quota>,
    pub(crate) teams: BTreeMap<String, Team>,
}

#[expect(clippy::struct_field_names, reason = "the guide's names")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Quota {
    pub(crate) max_tasks_per_day: Option<u64>,
    pub(crate) max_tokens_per_task: Option<u64>,
    pub(crate) max_concurrent_tasks: Option<u64>,
    pub(crate) max_usd_per_day: Option<f64>,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            max_tasks_per_day: Some(10),
            max_tokens_per_task: Some(100_000),
            max_concurrent_tasks: Some(3),
            max_usd_per_day: None,
        }
    }
}

/// A quota that its members share; what it leaves out is not limited.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Team {
    pub(crate) members: Vec<String>,
    pub(crate) max_tasks_per_day: Option<u64>,
    pub(crate) max_tokens_per_task: Option<u64>,
    pub(crate) max_concurrent_tasks: Option<u64>,
    pub(crate) max_usd_per_day: Option<f64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Notify {
    pub(crate) control: Vec<String>,
    pub(crate) alert: Vec<String>,
    pub(crate) log: Vec<String>,
}

impl Notify {
    pub(crate) fn alert(&self) -> Vec<Channel> {
        let channels = self.alert.iter().map(|text| {
            // The loader has checked that there are two parts.
            let (platform, id) = text.split_once(':').unwrap_or((text, ""));
            Channel {
                platform: Platform::new(platform),
                id: id.to_owned(),
            }
        });
        channels.collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Timers {
    pub(crate) lease: Span,
    pub(crate) heartbeat: Span,
    pub(crate) start_within: Span,
    pub(crate) silence: Span,
    pub(crate) stop_grace: Span,
    pub(crate) shutdown: Span,
    pub(crate) retry_backoff: Span,
    pub(crate) top_up: Span,
    pub(crate) poll: Span,
    pub(crate) planning: Span,
    pub(crate) task: Span,
    pub(crate) task_longest: Span,
    pub(crate) dedup: Span,
    pub(crate) approval_reminder: Span,
    /// Zero: only builds for development look.
    pub(crate) self_check: Span,
}

const fn seconds(count: u64) -> Span {
    Span(Duration::from_secs(count))
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            lease: seconds(60),
            heartbeat: seconds(10),
            start_within: seconds(15),
            silence: seconds(30),
            stop_grace: seconds(10),
            // Kubernetes kills after 30 s.
            shutdown: seconds(25),
            retry_backoff: seconds(5),
            top_up: seconds(30 * 60),
            poll: seconds(1),
            planning: seconds(2 * 60),
            task: seconds(15 * 60),
            task_longest: seconds(24 * 60 * 60),
            // Longer than the longest redelivery of any platform.
            dedup: seconds(14 * 24 * 60 * 60),
            // Half of the time that a plan waits by default.
            approval_reminder: seconds(12 * 60 * 60),
            self_check: seconds(0),
        }
    }
}

/// How long what is past is kept; nothing is removed where it is zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Retention {
    pub(crate) tasks: Span,
    pub(crate) output: Span,
    pub(crate) events: Span,
    pub(crate) messages: Span,
    pub(crate) page: Span,
}

impl Retention {
    pub(crate) fn kept(&self) -> nightshift_app::settings::Retention {
        nightshift_app::settings::Retention {
            tasks: self.tasks.0,
            output: self.output.0,
            events: self.events.0,
            messages: self.messages.0,
            page: self.page.0,
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        let kept = nightshift_app::settings::Retention::default();
        Self {
            tasks: Span(kept.tasks),
            output: Span(kept.output),
            events: Span(kept.events),
            messages: Span(kept.messages),
            page: Span(kept.page),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) output_bytes: Size,
    pub(crate) result_file_bytes: Size,
    pub(crate) disk_bytes: Size,
    pub(crate) body_bytes: Size,
    pub(crate) requests_per_minute: u32,
    pub(crate) queue: u64,
    pub(crate) tokens_per_task: u64,
    pub(crate) usd_per_task: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            output_bytes: Size(256 << 20),
            result_file_bytes: Size(64 << 20),
            disk_bytes: Size(10 << 30),
            body_bytes: Size(1 << 20),
            requests_per_minute: 600,
            queue: 10_000,
            tokens_per_task: 1_000_000,
            usd_per_task: 10.0,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Telemetry {
    pub(crate) otlp_endpoint: Option<String>,
}
