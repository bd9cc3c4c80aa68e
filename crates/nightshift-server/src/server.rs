//! What all routes share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nightshift_app::App;
use nightshift_core::id::Platform;
use nightshift_core::port::{Intake, PageDoor};

use crate::Readiness;
use crate::audit::Audit;
use crate::ready::StoreProbe;

/// Bounds of what strangers may send.
#[derive(Debug, Clone, Copy)]
pub struct HttpLimits {
    /// Longest body; more is 413.
    pub body_bytes: usize,
    /// Connections served at the same time; more wait in the kernel's queue.
    pub connections: usize,
    /// A submission waits this long for its plan; who wants a later one asks for the task.
    pub plan_wait: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            // The limit of PRODUCT §13: bodies over 1 MB are refused.
            body_bytes: 1 << 20,
            // Far above what one machine is asked for, below the usual limit of open files.
            connections: 4096,
            // Plans without a model take milliseconds; a model takes longer than a client should wait.
            plan_wait: Duration::from_millis(1500),
        }
    }
}

/// The HTTP door of one application.
pub struct Server {
    pub app: Arc<App>,
    /// Where verified deliveries go; the application, unless a benchmark leaves the storing out.
    pub intake: Arc<dyn Intake>,
    /// The built-in chat page's door, where the page is enabled.
    pub door: Option<Arc<dyn PageDoor>>,
    pub limits: HttpLimits,
    pub ready: Readiness,
    /// More paths whose POSTs are deliveries of a platform.
    pub aliases: BTreeMap<String, Platform>,
    pub(crate) audit: Audit,
    pub(crate) probe: StoreProbe,
    pub(crate) started: Instant,
}

impl Server {
    pub fn new(
        app: Arc<App>,
        door: Option<Arc<dyn PageDoor>>,
        limits: HttpLimits,
        aliases: BTreeMap<String, Platform>,
    ) -> Self {
        Self {
            intake: app.clone(),
            app,
            door,
            limits,
            ready: Readiness::default(),
            aliases,
            audit: Audit::default(),
            probe: StoreProbe::default(),
            started: Instant::now(),
        }
    }
}
