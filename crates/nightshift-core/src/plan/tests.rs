use super::*;

const LIMITS: Limits = Limits {
    max_tokens: 100_000,
    max_usd: 10.0,
    default_timeout_s: 900,
    max_timeout_s: 3600,
};

fn draft() -> Draft {
    Draft {
        summary: "look".into(),
        prompt: "look around".into(),
        agent: Some("stub".into()),
        model: None,
        executor: "local".into(),
        workspace: "/w".into(),
        writable_dirs: vec!["/w".into()],
        tools: vec![],
        network: "none".into(),
        estimate: Estimate::default(),
        ceiling: Ceiling {
            tokens: 1000,
            usd: 1.0,
        },
        timeout_s: 60,
        risk: "low".into(),
        reasoning: String::new(),
        argv: vec![],
    }
}

#[test]
fn the_hash_names_the_content_and_survives_storage() {
    let plan = Plan::check(draft(), &LIMITS).unwrap();
    assert!(plan.is_intact());
    let stored = serde_json::to_string(&plan).unwrap();
    let read: Plan = serde_json::from_str(&stored).unwrap();
    assert_eq!(read, plan);
    let mut changed = read;
    changed.body.prompt.push('!');
    assert!(!changed.is_intact());
}

/// A figure that reads back one bit off would make an approved plan another one.
#[test]
fn whatever_the_figures_a_stored_plan_is_the_approved_one() {
    for step in 1..5000 {
        let mut draft = draft();
        let usd = f64::from(step) / 7.0 * 0.000_3;
        draft.estimate.usd = Range {
            p50: usd,
            p90: usd * 1.6,
        };
        draft.estimate.seconds.p90 = f64::from(step) / 3.0;
        let plan = Plan::check(draft, &LIMITS).unwrap();
        let stored = serde_json::to_string(&plan).unwrap();
        let read: Plan = serde_json::from_str(&stored).unwrap();
        assert!(read.is_intact(), "{stored}");
    }
}

#[test]
fn every_field_counts_for_the_hash() {
    let base = Plan::check(draft(), &LIMITS).unwrap().hash;
    let changes: [fn(&mut Draft); 6] = [
        |d| d.summary.push('x'),
        |d| d.prompt.push('x'),
        |d| d.writable_dirs.push("/x".into()),
        |d| d.network = "open".into(),
        |d| d.ceiling.usd = 2.0,
        |d| d.argv.push("x".into()),
    ];
    for change in changes {
        let mut other = draft();
        change(&mut other);
        assert_ne!(Plan::check(other, &LIMITS).unwrap().hash, base);
    }
}

#[test]
fn a_draft_beyond_the_limits_is_refused() {
    let changes: [fn(&mut Draft); 8] = [
        |d| d.summary.clear(),
        |d| d.prompt.clear(),
        |d| d.ceiling.tokens = 100_001,
        |d| d.ceiling.usd = f64::NAN,
        |d| d.timeout_s = 3601,
        |d| d.risk = "none".into(),
        |d| d.writable_dirs = vec!["relative".into()],
        |d| d.estimate.usd = Range { p50: 2.0, p90: 1.0 },
    ];
    for change in changes {
        let mut other = draft();
        change(&mut other);
        assert!(Plan::check(other, &LIMITS).is_err());
    }
}

#[test]
fn a_hash_shows_its_kind_and_its_digits() {
    let hash = Plan::check(draft(), &LIMITS).unwrap().hash;
    assert_eq!(hash.to_string(), hash.as_str());
    let digits = hash.as_str().strip_prefix("sha256:").unwrap();
    assert_eq!(digits.len(), 64);
    assert_eq!(PlanHash::from_text(hash.as_str()), hash);
}

#[test]
fn whole_figures_are_integers_and_others_are_not_bent() {
    let shown = |p50: f64, p90: f64| serde_json::to_string(&Range { p50, p90 }).unwrap();
    assert_eq!(shown(0.0, 50_000.0), r#"{"p50":0,"p90":50000}"#);
    assert_eq!(shown(0.5, 1e300), r#"{"p50":0.5,"p90":1e+300}"#);
    assert_eq!(shown(-3.0, 1.5), r#"{"p50":-3.0,"p90":1.5}"#);
}

type Change = fn(&mut Draft, fn(usize) -> String);

/// Each limit at n and n + 1.
#[test]
fn a_plan_may_be_as_large_as_its_limits_and_no_larger() {
    let text = |length: usize| "x".repeat(length);
    let accepted: [Change; 9] = [
        |d, text| d.prompt = text(1 << 20),
        |d, text| d.summary = text(16 << 10),
        |d, text| d.reasoning = text(16 << 10),
        |d, _| d.tools = vec![String::new(); 100],
        |d, text| d.tools = vec![text(16 << 10)],
        |d, _| d.ceiling.tokens = 100_000,
        |d, _| d.ceiling.usd = 10.0,
        |d, _| d.ceiling.usd = 0.0,
        |d, _| d.timeout_s = 3600,
    ];
    for (at, change) in accepted.into_iter().enumerate() {
        let mut draft = draft();
        change(&mut draft, text);
        assert!(Plan::check(draft, &LIMITS).is_ok(), "limit {at}");
    }
    let refused: [Change; 12] = [
        |d, text| d.prompt = text((1 << 20) + 1),
        |d, text| d.prompt = text((1 << 20) + 2),
        |d, text| d.summary = text((16 << 10) + 2),
        |d, text| d.reasoning = text((16 << 10) + 1),
        |d, _| d.tools = vec![String::new(); 101],
        |d, _| d.tools = vec![String::new(); 102],
        |d, text| d.tools = vec![text((16 << 10) + 1)],
        |d, text| d.writable_dirs = vec![format!("/{}", text(17 << 10))],
        |d, _| d.ceiling.usd = -0.1,
        |d, _| d.ceiling.usd = f64::INFINITY,
        |d, _| d.ceiling.usd = 10.1,
        |d, _| d.timeout_s = 0,
    ];
    for (at, change) in refused.into_iter().enumerate() {
        let mut draft = draft();
        change(&mut draft, text);
        assert!(Plan::check(draft, &LIMITS).is_err(), "limit {at}");
    }
}
