use nightshift_core::plan::{Actual, Plan, Range};
use nightshift_core::port::Ask;
use nightshift_core::wording::card;

use super::EstimatePlanner;
use crate::samples::{REQUEST, ask, claude, disk, past, script};

/// What the person would approve.
fn plan(ask: &Ask) -> Plan {
    let draft = EstimatePlanner.draft(ask).unwrap();
    Plan::check(draft, &ask.limits).unwrap()
}

#[test]
fn the_same_ask_gives_the_same_plan() {
    assert_eq!(plan(&ask()), plan(&ask()));
}

#[test]
fn the_guess_for_an_ai_agent_looks_as_the_guide_shows() {
    let plan = plan(&ask());
    insta::assert_snapshot!(card::estimate(&plan), @"Estimated Tokens: ~50000 (p90 80000) · Estimated Time: ~180s · ~$0.40, ceiling $1.00");
    insta::assert_snapshot!(plan.body.summary, @"claude-code works on “Analyze recent papers on transformer architectures published in the last 6 months” in a workspace of its own. It can reach the network.");
    insta::assert_snapshot!(plan.body.reasoning, @"Estimate: a guess: no comparable task has finished here yet. Network open: claude-code needs api.anthropic.com, and until there is an allow-list proxy that opens every host.");
}

#[test]
fn the_agent_gets_the_words_exactly_as_given() {
    let text = "--flag \"; rm -rf ~ #\n\0 $(touch /tmp/x)\r\n";
    let plan = plan(&Ask {
        text: text.into(),
        ..ask()
    });
    assert_eq!(plan.body.prompt, text);
    assert!(!plan.body.summary.contains(char::is_control));
}

#[test]
fn every_change_asked_for_is_in_the_prompt_and_in_the_hash() {
    let mut ask = ask();
    let mut hashes = vec![plan(&ask).hash];
    for feedback in ["use only open access", "and make it shorter"] {
        ask.feedback.push(feedback.into());
        hashes.push(plan(&ask).hash);
    }
    assert_eq!(
        plan(&ask).body.prompt,
        format!(
            "{REQUEST}\n\nChanges asked for: use only open access\n\nChanges asked for: and make it shorter"
        )
    );
    hashes.dedup();
    assert_eq!(hashes.len(), 3);
}

#[test]
fn five_finished_tasks_replace_the_guess() {
    let mut ask = ask();
    ask.history = past(4);
    let body = plan(&ask).body;
    assert!(
        body.reasoning
            .starts_with("Estimate: a guess: only 4 of the 5")
    );
    assert!((body.estimate.tokens.p50 - 50_000.0).abs() < f64::EPSILON);
    ask.history = past(5);
    let body = plan(&ask).body;
    insta::assert_snapshot!(body.reasoning.split(" Network").next().unwrap(), @"Estimate from the last 5 comparable tasks that finished here.");
    let range = |p50, p90| Range { p50, p90 };
    assert_eq!(body.estimate.seconds, range(30.0, 50.0));
    assert_eq!(body.estimate.tokens, range(30_000.0, 50_000.0));
    assert_eq!(body.estimate.usd, range(0.3, 0.5));
    assert_eq!(body.ceiling.tokens, 75_000);
    assert!((body.ceiling.usd - 1.0).abs() < f64::EPSILON);
}

#[test]
fn percentiles_are_values_that_occurred_in_whatever_order_they_came() {
    let mut ask = ask();
    ask.history = past(20);
    let seconds = plan(&ask).body.estimate.seconds;
    let expected = Range {
        p50: 100.0,
        p90: 180.0,
    };
    assert_eq!(seconds, expected);
    ask.history.actuals.reverse();
    assert_eq!(plan(&ask).body.estimate.seconds, expected);
}

#[test]
fn broken_figures_of_the_past_are_left_out() {
    let mut ask = ask();
    ask.history = past(5);
    let broken = Actual {
        tokens: 1,
        usd: f64::NAN,
        seconds: -1.0,
    };
    ask.history.actuals.push(broken);
    assert!(plan(&ask).body.reasoning.contains("the last 5 comparable"));
}

#[test]
fn the_ceiling_stays_below_the_limit_and_a_wish_decides_its_price() {
    let mut ask = ask();
    assert_eq!(plan(&ask).body.ceiling.tokens, 100_000);
    ask.limits.max_usd = 0.5;
    assert!((plan(&ask).body.ceiling.usd - 0.5).abs() < f64::EPSILON);
    ask.wishes.max_cost_usd = Some(0.2);
    let body = plan(&ask).body;
    assert!((body.ceiling.usd - 0.2).abs() < f64::EPSILON);
    assert!(body.reasoning.contains("may reach the ceiling"));
}

#[test]
fn a_wish_beyond_the_limits_is_refused_not_bent() {
    let mut dear = ask();
    dear.wishes.max_cost_usd = Some(11.0);
    let mut slow = ask();
    slow.wishes.timeout_s = Some(3601);
    for ask in [dear, slow] {
        let draft = EstimatePlanner.draft(&ask).unwrap();
        assert!(Plan::check(draft, &ask.limits).is_err());
    }
}

#[test]
fn a_longer_request_is_expected_to_cost_more() {
    let long = Ask {
        text: "word ".repeat(20_000),
        ..ask()
    };
    let (short, long) = (plan(&ask()).body, plan(&long).body);
    assert!(long.estimate.tokens.p50 > short.estimate.tokens.p50);
    assert!(long.estimate.usd.p90 > short.estimate.usd.p90);
    assert!(long.reasoning.contains("may reach the ceiling"));
}

#[test]
fn a_program_that_asks_no_model_uses_no_tokens() {
    let ask = Ask {
        agent: Some(script()),
        ..ask()
    };
    let body = plan(&ask).body;
    assert_eq!(body.estimate.tokens, Range::default());
    assert_eq!(body.estimate.usd, Range::default());
    assert!(body.estimate.seconds.p50 > 0.0);
    assert_eq!(body.network, "none");
    assert!(body.summary.ends_with("It has no network."));
}

#[test]
fn an_agent_without_a_price_says_that_its_cost_is_unknown() {
    let mut agent = claude();
    agent.usd_per_mtok_micros = 0;
    let ask = Ask {
        agent: Some(agent),
        ..ask()
    };
    assert!(plan(&ask).body.reasoning.contains("The cost is unknown"));
}

#[test]
fn a_model_that_cannot_be_set_is_not_passed_over_in_silence() {
    let mut ask = Ask {
        agent: Some(script()),
        ..ask()
    };
    ask.wishes.model = Some("opus".into());
    let body = plan(&ask).body;
    assert!(body.reasoning.contains("`opus` has no effect"));
}

#[test]
fn writing_outside_the_own_workspace_is_a_medium_risk() {
    assert_eq!(plan(&ask()).body.risk, super::Risk::Low);
    let mut ask = ask();
    ask.project_dir = Some("/srv/demo".into());
    ask.wishes.dir = Some("/srv/demo".into());
    let body = plan(&ask).body;
    assert_eq!(body.risk, super::Risk::Medium);
    assert_eq!(body.writable_dirs, ["/work/task", "/srv/demo"]);
    assert!(body.summary.contains("in the project /srv/demo"));
}

#[test]
fn a_command_is_planned_as_it_is_configured() {
    let body = plan(&disk()).body;
    assert_eq!(body.argv, ["df", "-h", "/"]);
    assert_eq!((body.agent, body.prompt.as_str()), (None, ""));
    assert_eq!(body.estimate.tokens, Range::default());
    assert_eq!(body.timeout_s, 30);
    assert_eq!(body.network, "none");
    insta::assert_snapshot!(body.summary, @"Runs the command disk: free space.");
}

#[test]
fn a_wish_makes_a_command_s_time_shorter_but_never_longer() {
    for (wish, expected) in [(3, 3), (300, 30)] {
        let mut ask = disk();
        ask.wishes.timeout_s = Some(wish);
        assert_eq!(plan(&ask).body.timeout_s, expected);
    }
}

#[test]
fn a_command_with_hosts_or_a_past_says_so() {
    let mut ask = disk();
    ask.history = past(10);
    if let Some(command) = &mut ask.command {
        command.hosts.push("example.org".into());
    }
    let body = plan(&ask).body;
    assert_eq!(body.network, "open");
    assert!(body.reasoning.contains("example.org"));
    assert!((body.estimate.seconds.p90 - 90.0).abs() < f64::EPSILON);
}

#[test]
fn a_change_asked_of_a_command_is_answered_not_swallowed() {
    let mut ask = disk();
    let before = plan(&ask).hash;
    ask.feedback.push("look at /srv".into());
    let after = plan(&ask);
    assert_ne!(after.hash, before);
    assert!(after.body.reasoning.contains("“look at /srv”"));
    assert_eq!(after.body.argv, ["df", "-h", "/"]);
}

#[test]
fn a_task_whose_agent_or_command_is_gone_gets_no_plan() {
    let agentless = Ask {
        agent: None,
        ..ask()
    };
    let commandless = Ask {
        command: None,
        ..disk()
    };
    for ask in [agentless, commandless] {
        assert!(EstimatePlanner.draft(&ask).is_err());
    }
}
