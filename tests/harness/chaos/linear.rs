//! Whether what clients saw of a decision can be told as a story in which one call happened after
//! the other: the decision is made once, and whoever is told that it was made asked after it, or at
//! the same time.

use std::time::Instant;

/// What a caller was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// This call decided.
    Granted,
    /// Somebody had decided before.
    Decided,
    /// No answer, or a failure: it may have decided.
    Nothing,
}

/// One call: when it was made, when it was answered, and what was said.
#[derive(Debug, Clone)]
pub struct Call {
    pub by: String,
    pub asked: Instant,
    pub answered: Instant,
    pub told: Told,
}

/// Looks for an order of the calls that explains all answers: each call happens at one moment
/// between its question and its answer; the first that happens is told that it decided.
///
/// - The answer is who may have decided, one name for each order that was found; none where no
///   order explains what was told.
pub fn deciders(calls: &[Call]) -> Vec<String> {
    let mut found: Vec<String> = calls
        .iter()
        .enumerate()
        .filter(|(first, _)| explains(calls, *first))
        .map(|(_, call)| call.by.clone())
        .collect();
    // Nobody needs to have been heard at all.
    if calls.iter().all(|call| call.told == Told::Nothing) {
        found.push("nobody".to_owned());
    }
    found
}

/// Whether all answers fit when this call was the one that decided.
fn explains(calls: &[Call], first: usize) -> bool {
    let decider = &calls[first];
    if decider.told == Told::Decided {
        return false;
    }
    calls.iter().enumerate().all(|(n, call)| match call.told {
        _ if n == first => true,
        // A second one that decided.
        Told::Granted => false,
        // It happened after the decision: so it was answered after the decider had asked.
        Told::Decided => call.answered >= decider.asked,
        Told::Nothing => true,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn call(by: &str, from: u64, to: u64, told: Told) -> Call {
        let begin = Instant::now();
        // All of one test begin within a moment that does not matter: steps are seconds.
        let at = |second| begin + Duration::from_secs(second);
        Call {
            by: by.into(),
            asked: at(from),
            answered: at(to),
            told,
        }
    }

    #[test]
    fn one_decides_and_the_others_are_told() {
        let calls = [
            call("a", 0, 10, Told::Decided),
            call("b", 5, 20, Told::Granted),
            call("c", 30, 40, Told::Decided),
        ];
        assert_eq!(deciders(&calls), ["b"]);
    }

    #[test]
    fn two_deciders_are_no_story() {
        let calls = [
            call("a", 0, 10, Told::Granted),
            call("b", 0, 10, Told::Granted),
        ];
        assert_eq!(deciders(&calls), [] as [&str; 0]);
    }

    #[test]
    fn a_decision_that_is_told_before_anybody_could_make_it_is_no_story() {
        let calls = [
            call("a", 0, 10, Told::Decided),
            call("b", 20, 30, Told::Granted),
        ];
        assert_eq!(deciders(&calls), [] as [&str; 0]);
    }

    #[test]
    fn who_was_not_answered_may_have_decided() {
        let calls = [
            call("a", 0, 5, Told::Nothing),
            call("b", 10, 20, Told::Decided),
        ];
        assert_eq!(deciders(&calls), ["a"]);
        // But not after others were told so.
        let calls = [
            call("a", 30, 40, Told::Nothing),
            call("b", 10, 20, Told::Decided),
        ];
        assert_eq!(deciders(&calls), [] as [&str; 0]);
    }
}
