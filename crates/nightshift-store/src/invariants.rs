//! The auditor: what must hold of the stored rows, asked of the rows themselves.

use nightshift_core::port::store::StoreError;

use crate::SqlStore;
use crate::error::Result;
use crate::sql::invariant;

impl SqlStore {
    /// One sentence for each invariant that is broken, with the first rows that break it.
    pub async fn check_invariants(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.broken_invariants().await?)
    }

    async fn broken_invariants(&self) -> Result<Vec<String>> {
        let mut tx = self.engine.snapshot().await?;
        let mut broken = Vec::new();
        for (name, sentence, statement) in invariant::ALL {
            let rows: Vec<String> = sqlx::query_scalar(*statement).fetch_all(&mut *tx).await?;
            if !rows.is_empty() {
                let shown = rows.len().min(5);
                broken.push(format!(
                    "{name}: {sentence}; broken by {} rows: {}",
                    rows.len(),
                    rows[..shown].join(", ")
                ));
            }
        }
        Ok(broken)
    }
}
