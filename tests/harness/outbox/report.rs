//! What became of a rush, asked of the platform alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nightshift_core::chat::budget::{Act, Budget, Scope};
use nightshift_core::time::Timestamp;
use nightshift_core::wording::ending::MAYBE_DUPLICATE;

use super::platform::{RatedPlatform, State};
use super::{CardOf, Rush};

/// What arrived, and how much of the permitted rate was used.
#[derive(Debug)]
pub struct Report {
    /// Messages that were to be sent, cards aside.
    pub wanted: usize,
    pub lost: usize,
    /// Messages that arrived before an earlier one of their conversation.
    pub inversions: usize,
    pub duplicates: usize,
    /// Copies that do not say that they may be one.
    pub unlabelled: usize,
    /// Calls whose outcome was hidden from the sender, its deaths included.
    pub ambiguous: usize,
    /// Calls beyond the permitted rate, or before a `Retry-After` was over.
    pub violations: Vec<String>,
    /// Cards that do not show their last change.
    pub stale_cards: usize,
    pub broken_invariants: Vec<String>,
    /// Virtual time until the last message was there.
    pub took: Duration,
    /// Posts made, in parts of the posts that were permitted while there was enough to send.
    pub use_of_rate: f64,
}

impl Report {
    /// One sentence for everything that must never happen.
    pub fn wrongs(&self) -> Vec<String> {
        let mut wrongs = self.violations.clone();
        wrongs.extend(self.broken_invariants.iter().cloned());
        for (count, what) in [
            (self.lost, "messages are lost"),
            (self.inversions, "messages are out of order"),
            (self.unlabelled, "copies do not say so"),
            (self.stale_cards, "cards are out of date"),
            (
                self.duplicates.saturating_sub(self.ambiguous),
                "copies without an ambiguous call",
            ),
        ] {
            if count > 0 {
                wrongs.push(format!("{count} {what}"));
            }
        }
        wrongs
    }
}

pub(super) fn of(
    rush: &Rush,
    platform: &RatedPlatform,
    begun: Timestamp,
    cards: &[CardOf],
    broken_invariants: Vec<String>,
) -> Report {
    let state = platform.state();
    let wanted = rush.conversations * rush.messages;
    let mut seen: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    let (mut inversions, mut duplicates, mut unlabelled) = (0, 0, 0);
    for shown in &state.shown {
        let Some((conversation, n)) = said(&shown.text) else {
            continue;
        };
        let before = seen.entry(conversation).or_default();
        if before.contains(&n) {
            duplicates += 1;
            unlabelled += usize::from(!shown.text.contains(MAYBE_DUPLICATE));
        } else {
            inversions += usize::from(before.last().is_some_and(|last| *last > n));
            before.insert(n);
        }
    }
    let last = state.shown.iter().map(|shown| shown.at).max().unwrap_or(0);
    Report {
        wanted,
        lost: wanted - seen.values().map(BTreeSet::len).sum::<usize>(),
        inversions,
        duplicates,
        unlabelled,
        ambiguous: state.ambiguous,
        violations: state.violations.clone(),
        stale_cards: cards.iter().filter(|card| is_stale(&state, card)).count(),
        broken_invariants,
        took: Timestamp::from_millis(last).since(begun),
        use_of_rate: use_of_rate(rush, &state, begun.millis()),
    }
}

/// `c12 3` is message 3 of conversation 12.
fn said(text: &str) -> Option<(&str, usize)> {
    let (conversation, n) = text.lines().next()?.split_once(' ')?;
    let number = conversation.strip_prefix('c')?.parse::<usize>();
    Some((number.ok().map(|_| conversation)?, n.parse().ok()?))
}

fn is_stale(state: &State, card: &CardOf) -> bool {
    let copies = state.shown.iter();
    let newest = copies
        .filter(|shown| shown.text.contains(card.task.as_str()))
        .map(|shown| shown.at)
        .max();
    newest.is_none_or(|at| at < card.changed_at)
}

/// The part of the limit that binds: the one that is used most.
fn use_of_rate(rush: &Rush, state: &State, begun: i64) -> f64 {
    let posts = rush.limits.iter();
    posts
        .filter(|limit| limit.acts.contains(&Act::Post))
        .map(|limit| use_of(limit, state, begun))
        .fold(0.0, f64::max)
}

fn use_of(limit: &Budget, state: &State, begun: i64) -> f64 {
    let mut places: BTreeMap<Option<&str>, Vec<i64>> = BTreeMap::new();
    for (at, _, channel) in calls(state, limit) {
        let place = (limit.scope == Scope::Channel).then_some(&**channel);
        places.entry(place).or_default().push(*at);
    }
    let (mut used, mut permitted) = (0.0, 0.0);
    for (place, calls) in places {
        // At the end there is less to send than might be sent: the last hundredth does not count.
        let enough = calls.len() - calls.len() / 100;
        let until = calls[enough - 1];
        let open = until - begun - told(state, place, begun, until);
        used += enough as f64;
        permitted += f64::from(limit.burst) + (open / limit.every_ms()) as f64;
    }
    used / f64::max(permitted, 1.0)
}

fn calls<'s>(state: &'s State, limit: &Budget) -> impl Iterator<Item = &'s (i64, Act, String)> {
    let acts = limit.acts;
    let calls = state.permitted.iter();
    calls.filter(move |(_, act, _)| acts.contains(act))
}

/// Milliseconds between `begun` and `until` in which posts were not permitted.
fn told(state: &State, place: Option<&str>, begun: i64, until: i64) -> i64 {
    let mut spans: Vec<(i64, i64)> = state
        .told
        .iter()
        .filter(|(_, _, act, only)| {
            *act == Act::Post && (only.is_none() || only.as_deref() == place)
        })
        .map(|(from, to, _, _)| (*from.max(&begun), *to.min(&until)))
        .collect();
    spans.sort_unstable();
    let (mut sum, mut end) = (0, begun);
    for (from, to) in spans {
        sum += (to - from.max(end)).max(0);
        end = end.max(to);
    }
    sum
}
