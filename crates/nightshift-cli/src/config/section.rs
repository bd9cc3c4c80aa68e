//! The typed tree. Every section's defaults stand beside its type.

pub(crate) mod approvals;
pub(crate) mod auth;
pub(crate) mod cloud;
pub(crate) mod execution;
pub(crate) mod operation;
pub(crate) mod platforms;

use serde::{Deserialize, Serialize};

use approvals::Approvals;
use auth::Auth;
use execution::Execution;
use operation::{Limits, Notify, Planner, Quotas, Retention, Storage, Telemetry, Timers};
use platforms::TriggerService;

/// The whole configuration.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) remote: Remote,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Remote {
    pub(crate) enabled: bool,
    pub(crate) trigger_service: TriggerService,
    pub(crate) execution: Execution,
    pub(crate) planner: Planner,
    pub(crate) auth: Auth,
    pub(crate) approvals: Approvals,
    pub(crate) quotas: Quotas,
    pub(crate) storage: Storage,
    pub(crate) notify: Notify,
    pub(crate) timers: Timers,
    pub(crate) retention: Retention,
    pub(crate) limits: Limits,
    pub(crate) telemetry: Telemetry,
}

impl Default for Remote {
    fn default() -> Self {
        Self {
            enabled: true,
            trigger_service: TriggerService::default(),
            execution: Execution::default(),
            planner: Planner::default(),
            auth: Auth::default(),
            approvals: Approvals::default(),
            quotas: Quotas::default(),
            storage: Storage::default(),
            notify: Notify::default(),
            timers: Timers::default(),
            retention: Retention::default(),
            limits: Limits::default(),
            telemetry: Telemetry::default(),
        }
    }
}
