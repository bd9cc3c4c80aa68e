//! Faults of the executor.

use std::sync::Arc;

use async_trait::async_trait;
use nightshift_app::Ports;
use nightshift_core::id::Fence;
use nightshift_core::port::Signal;
use nightshift_core::port::executor::{ExecError, Executor, Job, JobEvent, Running};

use crate::fault::{Fault, Runs};

/// Far beyond every fence of a test.
const UNLEASED: i64 = 1000;

pub(crate) fn around(mut ports: Ports, faults: &[Fault]) -> Ports {
    for fault in faults {
        if let Fault::Runs(runs) = fault {
            for executor in ports.executors.values_mut() {
                *executor = Arc::new(Faulty {
                    inner: executor.clone(),
                    runs: *runs,
                });
            }
        }
    }
    ports
}

struct Faulty {
    inner: Arc<dyn Executor>,
    runs: Runs,
}

impl Faulty {
    /// Starts it and hears it to its end; nobody knows of it.
    async fn start_beside(&self, job: Job) -> Result<(), ExecError> {
        let mut running = self.inner.start(job).await?;
        #[expect(clippy::disallowed_methods, reason = "the fault itself")]
        tokio::spawn(async move { while running.next().await.is_some() {} });
        Ok(())
    }
}

#[async_trait]
impl Executor for Faulty {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn isolation(&self) -> Result<String, String> {
        self.inner.isolation()
    }

    async fn start(&self, job: Job) -> Result<Box<dyn Running>, ExecError> {
        match self.runs {
            Runs::Twice => self.start_beside(job.clone()).await?,
            Runs::Unleased => {
                let mut other = job.clone();
                other.fence = Fence(job.fence.0 + UNLEASED);
                self.start_beside(other).await?;
            }
            Runs::Deaf => {}
        }
        let running = self.inner.start(job).await?;
        Ok(match self.runs {
            Runs::Deaf => Box::new(Deaf(running)),
            Runs::Twice | Runs::Unleased => running,
        })
    }

    async fn sweep_strays(&self) -> usize {
        self.inner.sweep_strays().await
    }
}

/// Hears no signal.
struct Deaf(Box<dyn Running>);

#[async_trait]
impl Running for Deaf {
    async fn next(&mut self) -> Option<JobEvent> {
        self.0.next().await
    }

    fn signal(&self, _: Signal) {}
}
