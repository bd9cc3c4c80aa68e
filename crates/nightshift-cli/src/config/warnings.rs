//! Keys that are set, understood, and without effect in this version.

use super::section::Config;
use super::section::operation::{Limits, Notify, Quotas, Telemetry};

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
    warn(
        remote.notify != Notify::default(),
        "remote.notify is not used by this version: nothing is posted to these channels",
    );
    warn(
        remote.telemetry != Telemetry::default(),
        "remote.telemetry is not used by this version: no traces are sent",
    );
    warn(
        remote.storage.results_bucket.is_some(),
        "remote.storage.results_bucket is not used by this version: results stay on this machine",
    );
    warn(
        remote.limits.disk_bytes != Limits::default().disk_bytes,
        "remote.limits.disk_bytes is not enforced by this version",
    );
    warnings
}
