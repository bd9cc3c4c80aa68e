//! Keys that are set, understood, and without effect in this version.

use super::section::Config;
use super::section::operation::{Limits, Quotas, Telemetry, Timers};

pub(crate) fn of(config: &Config) -> Vec<String> {
    let remote = &config.remote;
    let mut warnings = Vec::new();
    let mut warn = |set: bool, sentence: &str| {
        if set {
            warnings.push(sentence.to_owned());
        }
    };
    warn(
        remote.quotas != Quotas::default(),
        "remote.quotas is not enforced by this version",
    );
    let notify = &remote.notify;
    warn(
        !notify.control.is_empty(),
        "remote.notify.control is not used by this version: nothing is posted to these channels",
    );
    warn(
        !notify.log.is_empty(),
        "remote.notify.log is not used by this version: nothing is posted to these channels",
    );
    warn(
        remote.telemetry != Telemetry::default(),
        "remote.telemetry is not used by this version: no traces are sent",
    );
    warn(
        remote.storage.results_bucket.is_some(),
        "remote.storage.results_bucket is not used by this version: results stay on this machine",
    );
    for (path, set) in without_effect(config) {
        if set {
            warnings.push(format!("remote.{path} has no effect in this version"));
        }
    }
    warnings
}

/// Timers, limits and other single keys that nothing reads yet, and whether they are set.
fn without_effect(config: &Config) -> Vec<(String, bool)> {
    let (timers, usual) = (&config.remote.timers, Timers::default());
    let (limits, bounds) = (&config.remote.limits, Limits::default());
    let mut keys: Vec<(String, bool)> = [
        ("timers.silence", timers.silence != usual.silence),
        ("timers.top_up", timers.top_up != usual.top_up),
        ("timers.poll", timers.poll != usual.poll),
        ("timers.dedup", timers.dedup != usual.dedup),
        ("limits.disk_bytes", limits.disk_bytes != bounds.disk_bytes),
        (
            "limits.requests_per_minute",
            limits.requests_per_minute != bounds.requests_per_minute,
        ),
        ("limits.queue", limits.queue != bounds.queue),
    ]
    .map(|(path, set)| (path.to_owned(), set))
    .into();
    for (name, project) in &config.remote.execution.projects {
        keys.push((
            format!("execution.projects.{name}.test"),
            project.test.is_some(),
        ));
    }
    keys
}
