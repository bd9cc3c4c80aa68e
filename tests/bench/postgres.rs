//! PostgreSQL: one server and several, beside pgbench, beside each other, and beside dead rows.

mod approval;
mod ground;
mod intake;
mod jobs;
pub(crate) mod peer;
mod replicas;
mod vacuum;

use crate::goals::Goal;
use ground::Ground;

/// `cell` chooses one; `tasks` is how many the cell with the held rows makes on each side.
pub(crate) async fn report(cell: Option<&str>, tasks: Option<u64>) -> anyhow::Result<Vec<Goal>> {
    let wanted = |name: &str| cell.is_none_or(|cell| cell == name);
    let ground = Ground::new()?;
    let mut goals = Vec::new();
    if wanted("intake") {
        goals.extend(intake::report(&ground).await?);
    }
    if wanted("approval") {
        goals.extend(approval::report(&ground).await?);
    }
    if wanted("replicas") {
        goals.extend(replicas::report(&ground).await?);
    }
    if wanted("vacuum") {
        goals.extend(vacuum::report(&ground, tasks).await?);
    }
    Ok(goals)
}
