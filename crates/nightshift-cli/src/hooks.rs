//! What a build for tests changes in the server. Plain values, given by its own `main`: no
//! configuration, flag or variable leads here.

use std::sync::Arc;

use nightshift_app::Ports;
use nightshift_store::Conditions;

/// Something put around the ports, once the adapters are chosen.
pub(crate) type AroundPorts = Arc<dyn Fn(Ports) -> Ports + Send + Sync>;

/// Nothing, in the shipped binary.
#[derive(Clone, Default)]
pub struct Hooks {
    pub store: Conditions,
    pub ports: Option<AroundPorts>,
}
