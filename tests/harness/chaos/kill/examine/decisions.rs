//! Approvals and votes, by the events.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::Killed;
use super::super::load::Load;
use super::of_kind;

/// A request is granted once, people vote once, and an acknowledged approval stands.
pub(super) fn decided(id: &str, events: &[Value], load: &Load, total: &mut Killed) {
    let mut granted: BTreeMap<String, u32> = BTreeMap::new();
    for event in of_kind(events, "approval.granted") {
        let request = event["data"]["request_id"].to_string();
        *granted.entry(request).or_default() += 1;
    }
    for (request, times) in granted.iter().filter(|(_, times)| **times > 1) {
        total.doubles += 1;
        total.found(format!("{id}: {request} was granted {times} times"));
    }
    let mut voted = BTreeSet::new();
    for event in of_kind(events, "approval.voted") {
        let data = &event["data"];
        if !voted.insert((data["request_id"].to_string(), data["user"].to_string())) {
            total.doubles += 1;
            total.found(format!("{id}: {} voted twice", data["user"]));
        }
    }
    let by_admin = of_kind(events, "approval.granted").any(|event| event["actor"] == "user_dora");
    if load.approved.iter().any(|approved| approved == id) && !by_admin {
        total.losses += 1;
        total.found(format!(
            "the approval of {id} was acknowledged and lost: {events:#?}"
        ));
    }
}
