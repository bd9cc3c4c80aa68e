use super::*;
use crate::port::store::ClockMark;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + seconds * 1000)
}

fn nanos(at: Timestamp) -> i128 {
    i128::from(at.millis()) * NANOS_PER_MILLI
}

fn up(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn it_is_the_machines_time_while_nobody_sets_that() {
    let mut steady = Steady::begin(at(0), up(100));
    for second in 1..100 {
        let wall = at(second);
        assert_eq!(steady.read(up(100 + second as u64), nanos(wall)), wall);
    }
}

#[test]
fn a_leap_of_the_machines_clock_is_none_of_ours() {
    for leap in [DAY, -DAY, 365 * DAY, -50 * 365 * DAY] {
        let mut steady = Steady::begin(at(0), up(0));
        let mut before = at(0);
        for second in 1..=HOUR {
            let now = steady.read(up(second as u64), nanos(at(second + leap)));
            let step = now.millis() - before.millis();
            assert!(
                (949..=1051).contains(&step),
                "{leap}: a second is {step} ms"
            );
            before = now;
        }
        let gained = before.millis() - at(HOUR).millis();
        assert_eq!(gained.abs(), 180_000, "three minutes in an hour");
        assert_eq!(gained.signum(), leap.signum());
    }
}

#[test]
fn it_draws_near_until_both_agree_and_stays_there() {
    let mut steady = Steady::begin(at(0), up(0));
    let wall = |second: i64| at(second + 60);
    let mut now = at(0);
    for second in 1..=1300 {
        now = steady.read(up(second as u64), nanos(wall(second)));
        assert!(now <= wall(second), "it never overtakes");
    }
    assert_eq!(now, wall(1300));
}

#[test]
fn the_machines_sleep_is_time_that_has_passed() {
    let mut steady = Steady::begin(at(0), up(0));
    assert_eq!(steady.read(up(8 * 3600), nanos(at(8 * HOUR))), at(8 * HOUR));
}

#[test]
fn reading_often_is_reading_once() {
    let (mut often, mut once) = (Steady::begin(at(0), up(0)), Steady::begin(at(0), up(0)));
    let mut last = at(0);
    for milli in 1..=10_000_u64 {
        let uptime = Duration::from_millis(milli);
        let next = often.read(
            uptime,
            nanos(at(-DAY)) + i128::from(milli) * NANOS_PER_MILLI,
        );
        assert!(next >= last, "it goes back");
        last = next;
    }
    let at_once = once.read(up(10), nanos(at(10 - DAY)));
    assert!((last.millis() - at_once.millis()).abs() <= 1);
}

#[test]
fn an_uptime_that_goes_back_stops_time_and_no_more() {
    let mut steady = Steady::begin(at(0), up(100));
    let now = steady.read(up(110), nanos(at(10)));
    assert_eq!(steady.read(up(50), nanos(at(11))), now);
    assert_eq!(steady.read(up(111), nanos(at(11))), at(11));
}

fn kept(mark: i64, uptime: Option<(i64, u64)>, newest: i64) -> KeptClock {
    KeptClock {
        mark: Some(ClockMark {
            at: at(mark),
            uptime: uptime.map(|(boot, since)| Uptime {
                boot,
                since: up(since),
            }),
        }),
        newest_event: Some(at(newest)),
    }
}

fn now(boot: i64, since: u64) -> Uptime {
    Uptime {
        boot,
        since: up(since),
    }
}

#[test]
fn the_first_life_begins_with_the_machines_clock() {
    assert_eq!(resume(&KeptClock::default(), Some(now(1, 5)), at(7)), at(7));
}

#[test]
fn in_one_run_of_the_machine_its_clock_has_no_say() {
    let kept = kept(0, Some((1, 100)), 0);
    for wall in [at(30), at(DAY), at(-DAY)] {
        assert_eq!(resume(&kept, Some(now(1, 130)), wall), at(30));
    }
}

#[test]
fn after_a_restart_of_the_machine_its_clock_is_believed_forward_only() {
    let kept = kept(0, Some((1, 100)), 5);
    assert_eq!(resume(&kept, Some(now(2, 3)), at(DAY)), at(DAY));
    assert_eq!(resume(&kept, Some(now(2, 3)), at(-DAY)), at(5));
    assert_eq!(resume(&kept, None, at(-DAY)), at(5));
}

#[test]
fn time_goes_on_from_the_newest_event() {
    // The life before ran faster than the machine's uptime: it was making up for a leap.
    let kept = kept(0, Some((1, 100)), 40);
    assert_eq!(resume(&kept, Some(now(1, 130)), at(30)), at(40));
}

#[test]
fn an_uptime_before_the_marks_is_another_machine() {
    let kept = kept(0, Some((1, 100)), 0);
    assert_eq!(resume(&kept, Some(now(1, 90)), at(50)), at(50));
}
