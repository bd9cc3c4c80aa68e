//! `remote.execution.{docker,remote,gcp,aws,azure}`: places other than this machine's processes.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Docker {
    pub(crate) image: Option<String>,
}

/// Connected runners; they need no key here.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Runners {}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Gcp {
    pub(crate) project: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) service_account: Option<String>,
    pub(crate) image: Option<String>,
    pub(crate) storage_bucket: Option<String>,
    pub(crate) endpoints: Endpoints,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Aws {
    pub(crate) function_name: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) role_arn: Option<String>,
    pub(crate) storage_bucket: Option<String>,
    pub(crate) endpoints: Endpoints,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Azure {
    pub(crate) function_app: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) resource_group: Option<String>,
    pub(crate) storage_account: Option<String>,
    pub(crate) endpoints: Endpoints,
}

/// Addresses of emulators and private endpoints, by service.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Endpoints {
    pub(crate) run: Option<String>,
    pub(crate) logging: Option<String>,
    pub(crate) lambda: Option<String>,
    pub(crate) ecs: Option<String>,
    pub(crate) batch: Option<String>,
    pub(crate) logs: Option<String>,
    pub(crate) containerapps: Option<String>,
    pub(crate) functions: Option<String>,
    pub(crate) storage: Option<String>,
    pub(crate) metadata: Option<String>,
}
