/// How a measured value is spread, since the store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spread {
    pub count: u64,
    /// Known to a fifth.
    pub p50: u64,
    /// Known to a fifth.
    pub p99: u64,
    pub max: u64,
}

/// What the store measures of itself, since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measures {
    /// Deliveries that shared a commit.
    pub batch: Spread,
    /// Commits, in microseconds.
    pub commit_us: Spread,
    /// Waits for the turn to write, in microseconds.
    pub wait_us: Spread,
    /// How often the log was folded into the database beside the commits.
    pub folds: u64,
    /// The log that is not begun anew yet, as last looked at.
    pub log_bytes: u64,
}
