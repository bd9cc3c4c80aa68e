//! The goals beside what was measured in this run: one table at the end.

/// A figure with the aim that it has.
pub(crate) struct Goal {
    pub(crate) id: &'static str,
    pub(crate) what: String,
    pub(crate) measured: f64,
    pub(crate) aim: Aim,
}

#[derive(Clone, Copy)]
pub(crate) enum Aim {
    AtLeast(f64),
    AtMost(f64),
    /// Both ends count.
    Between(f64, f64),
}

impl Aim {
    fn is_met(self, measured: f64) -> bool {
        match self {
            Self::AtLeast(least) => measured >= least,
            Self::AtMost(most) => measured <= most,
            Self::Between(least, most) => (least..=most).contains(&measured),
        }
    }
}

impl std::fmt::Display for Aim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, "≥ {least}"),
            Self::AtMost(most) => write!(f, "≤ {most}"),
            Self::Between(least, most) => write!(f, "{least} … {most}"),
        }
    }
}

pub(crate) fn print(goals: &[Goal]) {
    println!(
        "\n{:4} {:72} {:>10} {:>12} {:>5}",
        "goal", "what", "measured", "aim", "met"
    );
    for goal in goals {
        let met = if goal.aim.is_met(goal.measured) {
            "yes"
        } else {
            "no"
        };
        let aim = goal.aim.to_string();
        println!(
            "{:4} {:72} {:>10.3} {aim:>12} {met:>5}",
            goal.id, goal.what, goal.measured
        );
        let line = serde_json::json!({"bench": "goals", "goal": goal.id, "what": goal.what,
            "measured": goal.measured, "aim": aim, "met": met == "yes"});
        eprintln!("{line}");
    }
}
