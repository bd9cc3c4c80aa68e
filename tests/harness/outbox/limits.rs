//! What a platform permits, counted by the calls themselves: in any span that ends now no more
//! than its rate and its burst. Deliberately another computation than ours.

use std::collections::BTreeMap;

use nightshift_core::chat::budget::{Act, Budget, Scope};

#[derive(Debug, Default)]
pub(super) struct Limits {
    all: &'static [Budget],
    /// Limit and channel → times of the permitted calls.
    calls: BTreeMap<(&'static str, String), Vec<i64>>,
}

impl Limits {
    pub(super) fn new(all: &'static [Budget]) -> Self {
        Self {
            all,
            calls: BTreeMap::new(),
        }
    }

    /// Permits the call, or tells how many milliseconds it is too early.
    pub(super) fn take(&mut self, act: Act, channel: &str, now: i64) -> Result<(), i64> {
        let counting: Vec<&Budget> = self.counting(act, channel);
        let mut early = 0;
        for limit in &counting {
            let calls = self.calls.entry(place(limit, channel)).or_default();
            early = early.max(too_early(calls, limit, now));
        }
        if early > 0 {
            return Err(early);
        }
        for limit in counting {
            self.calls
                .entry(place(limit, channel))
                .or_default()
                .push(now);
        }
        Ok(())
    }

    /// The call was refused after all.
    pub(super) fn untake(&mut self, act: Act, channel: &str) {
        for limit in self.counting(act, channel) {
            self.calls.entry(place(limit, channel)).or_default().pop();
        }
    }

    fn counting(&self, act: Act, channel: &str) -> Vec<&'static Budget> {
        let all = self.all.iter();
        all.filter(|limit| limit.scope != Scope::Conversation && limit.counts(act, channel))
            .collect()
    }
}

fn place(limit: &Budget, channel: &str) -> (&'static str, String) {
    let channel = match limit.scope {
        Scope::Channel => channel,
        Scope::Platform | Scope::Workspace | Scope::Conversation => "",
    };
    (limit.name, channel.to_owned())
}

/// With one more call now: in every span that ends now, calls · every ≤ length + burst · every.
fn too_early(calls: &[i64], limit: &Budget, now: i64) -> i64 {
    let (every, burst) = (limit.every_ms(), i64::from(limit.burst));
    let spans = calls.iter().rev().zip(2_i64..);
    spans
        .take_while(|(at, _)| now - **at <= 3_600_000)
        .map(|(at, count)| (count - burst) * every - (now - at))
        .max()
        .unwrap_or(0)
        .max(0)
}
