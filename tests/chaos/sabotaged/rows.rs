//! Faults in the database itself: triggers that do once more what was done.

use std::path::PathBuf;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, raw_sql};

use crate::fault::{Fault, Rows};

/// An event of this kind is written twice.
macro_rules! once_more {
    ($kind:literal) => {
        concat!(
            "CREATE TRIGGER IF NOT EXISTS sabotage AFTER INSERT ON event WHEN NEW.kind = '",
            $kind,
            "' BEGIN \
               INSERT INTO event (at, kind, task_id, task_n, actor, data) \
               VALUES (NEW.at, NEW.kind, NEW.task_id, -NEW.task_n, NEW.actor, NEW.data); \
             END"
        )
    };
}

const RUN_AGAIN: &str = "CREATE TRIGGER IF NOT EXISTS sabotage AFTER UPDATE OF state ON task \
     WHEN NEW.state = 'completed' AND NEW.attempt_no = 1 BEGIN \
       UPDATE task SET state = 'queued', completed_at = NULL, queued_at = NEW.state_at, \
         run_at = NEW.state_at \
       WHERE task_id = NEW.task_id; \
     END";

fn trigger(rows: Rows) -> &'static str {
    match rows {
        Rows::GrantTwice => once_more!("approval.granted"),
        Rows::VoteTwice => once_more!("approval.voted"),
        Rows::RunAgain => RUN_AGAIN,
    }
}

/// Puts the trigger into the database, which is open by now.
pub(crate) fn falsify(faults: &[Fault]) {
    let wanted = faults.iter().find_map(|fault| match fault {
        Fault::Rows(rows) => Some(trigger(*rows)),
        _ => None,
    });
    let Some(statement) = wanted else { return };
    // The server's own runtime waits for us.
    let done = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(install(statement))
    });
    let done = done.join().expect("no panic");
    done.expect("the trigger is installed");
}

async fn install(statement: &'static str) -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "the test's word to its server")]
    let dir = PathBuf::from(std::env::var("NIGHTSHIFT_DATA_DIR")?);
    let options = SqliteConnectOptions::new().filename(dir.join("nightshift.sqlite"));
    let mut database = options.connect().await?;
    raw_sql(statement).execute(&mut database).await?;
    Ok(database.close().await?)
}
