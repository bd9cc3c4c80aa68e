//! The long forms of the chaos tests: `cargo xtask chaos` builds them optimised and runs this.
//!
//! Each prints its seed before it begins, its counters, and a verdict in the last line.

mod options;

use std::process::ExitCode;

use harness::chaos::fail_points::coverage;
use harness::chaos::{fail_points, kill, power, replicas, teeth, zombies};
use options::Options;

const USAGE: &str = "kill [--cycles N] [--seed S] | power-cut [--cuts N] [--seed S] \
    | fail-points [--points N] [--seed S] [--paced] | zombies [--cycles N] [--seed S] [--paced] \
    | teeth [--seed S] | replicas [--tasks N] [--seed S]";

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some((what, options)) = words.split_first() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let options = match options.join(" ").parse::<Options>() {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("{problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    println!("{what}: again with --seed {}", options.seed);
    let good = match what.as_str() {
        "kill" => kill(&options).await,
        "power-cut" => power_cut(&options).await,
        "fail-points" => fail_points(&options).await,
        "zombies" => zombies(&options).await,
        "teeth" => teeth(&options).await,
        "replicas" => replicas(&options).await,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    println!("{what}: {}", if good { "good" } else { "NOT GOOD" });
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// 1,000 kills: nothing acknowledged is lost, nothing runs or is approved twice.
async fn kill(options: &Options) -> bool {
    let plan = kill::Plan {
        seed: options.seed,
        cycles: options.cycles.unwrap_or(1_000),
        cycles_per_round: 25,
        fault: None,
    };
    let whole = kill::run(&plan).await;
    println!("without a fault: {whole}");
    let plan = kill::Plan {
        cycles: 25,
        fault: Some("early-ack"),
        ..plan
    };
    let broken = kill::run(&plan).await;
    println!("early-ack, to be found: {broken}");
    whole.is_good() && broken.losses > 0
}

/// G13: nothing acknowledged is lost in 10,000 power cuts, and the same eyes see what two broken
/// servers lose.
async fn power_cut(options: &Options) -> bool {
    let plan = power::Plan {
        seed: options.seed,
        cuts: options.cuts.unwrap_or(10_000),
        cuts_per_trace: 2_500,
        requests: 250,
        fault: None,
    };
    let whole = power::run(&plan).await;
    println!("as shipped: {whole}");
    let mut good = whole.lossy == 0 && whole.damaged == 0;
    for fault in ["synchronous-normal", "early-ack"] {
        let plan = power::Plan {
            cuts: 500,
            cuts_per_trace: 500,
            requests: 100,
            fault: Some(fault),
            ..plan
        };
        let broken = power::run(&plan).await;
        println!("{fault}, to be found: {broken}");
        good &= broken.lossy > 0;
    }
    good
}

/// Dead at every point of every path; each next life goes on.
async fn fail_points(options: &Options) -> bool {
    let plan = fail_points::Plan {
        seed: options.seed,
        points: options.points,
        paths: fail_points::Path::ALL.to_vec(),
        pace: options.pace,
    };
    let survived = fail_points::run(&plan).await;
    println!(
        "{} points: {}",
        survived.points.len(),
        survived.points.join(" ")
    );
    println!(
        "passed by chance and not this time: {}",
        survived.missed.join(" ")
    );
    for excuse in coverage::excuses() {
        println!("on no path: {excuse}");
    }
    let gaps = coverage::gaps(&survived.commits);
    for gap in &gaps {
        println!("{gap}");
    }
    println!("{}", survived.after);
    survived.after.is_good() && gaps.is_empty()
}

/// Frozen for longer than a lease, and back.
async fn zombies(options: &Options) -> bool {
    let plan = zombies::Plan {
        seed: options.seed,
        cycles: options.cycles.unwrap_or(60),
        pace: options.pace,
    };
    let frozen = zombies::run(&plan).await;
    println!("{frozen}");
    frozen.is_good()
}

/// Three servers on one PostgreSQL, 100,000 no-op tasks: nothing acknowledged is lost, nothing is
/// leased or decided twice; the same eyes see what broken servers do.
async fn replicas(options: &Options) -> bool {
    let plan = replicas::Plan {
        seed: options.seed,
        servers: 3,
        tasks: options.tasks.unwrap_or(100_000),
        clients: 96,
        calm: std::time::Duration::from_secs(4),
        fault: None,
    };
    let whole = replicas::run(&plan).await;
    println!("without a fault: {whole}");
    let mut good = whole.is_good();
    for fault in [
        "no-dedup",
        "early-vote",
        "any-fence,kept-for-ever,deaf",
        "start-twice",
    ] {
        let plan = replicas::Plan {
            // Enough for each kind of trouble to come a few times.
            tasks: 1_500,
            calm: std::time::Duration::from_secs(1),
            fault: Some(fault),
            ..plan
        };
        let broken = replicas::run(&plan).await;
        println!("{fault}, to be found: {broken}");
        good &= !broken.is_good();
    }
    good
}

/// Every broken server is found out.
async fn teeth(options: &Options) -> bool {
    let mut silent = Vec::new();
    for tooth in teeth::TEETH {
        println!("{tooth:?}");
        let found = teeth::bite(tooth, options.seed).await;
        println!("found: {found}");
        if !tooth.verdict.is_of(&found) {
            silent.push(tooth);
        }
    }
    for tooth in &silent {
        println!("not found: {tooth:?}");
    }
    silent.is_empty()
}
