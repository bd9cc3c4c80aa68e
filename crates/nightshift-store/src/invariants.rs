//! The auditor: what must hold of the stored rows, asked of the rows themselves.

use nightshift_core::port::store::StoreError;
use sqlx::AnyConnection;

use crate::SqlStore;
use crate::error::Result;
use crate::sql::invariant;
use crate::statement::Dialect;

/// Rows that are named of those that break an invariant.
const SHOWN: usize = 5;

impl SqlStore {
    /// One sentence for each invariant that is broken, with the first rows that break it.
    pub async fn check_invariants(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.audit().await?)
    }

    async fn audit(&self) -> Result<Vec<String>> {
        let mut conn = self.engine.snapshot().await?;
        let dialect = conn.dialect();
        Ok(broken(conn.any(), dialect).await?)
    }
}

/// Of one moment: the connection is inside a transaction.
pub(crate) async fn broken(
    conn: &mut AnyConnection,
    dialect: Dialect,
) -> Result<Vec<String>, sqlx::Error> {
    let mut broken = Vec::new();
    for one in invariant::ALL.into_iter().flatten() {
        // Asked seldom: the server need not remember it.
        let rows: Vec<String> = sqlx::query_scalar(one.sql.on(dialect))
            .persistent(false)
            .fetch_all(&mut *conn)
            .await?;
        if !rows.is_empty() {
            broken.push(format!(
                "{}: {}; broken by {} rows: {}",
                one.name,
                one.sentence,
                rows.len(),
                rows[..rows.len().min(SHOWN)].join(", ")
            ));
        }
    }
    Ok(broken)
}
