//! A writing transaction, watched at its end.

use std::ops::{Deref, DerefMut};
use std::time::Instant;

use sqlx::{Any, AnyConnection, Transaction};

use super::CommitWatch;
use crate::error::Result;

/// Holds the one writing connection. Dropped before [`Write::commit`], it rolls back.
pub(crate) struct Write<'e> {
    inner: Transaction<'static, Any>,
    change: &'static str,
    watch: Option<&'e dyn CommitWatch>,
}

impl<'e> Write<'e> {
    pub(super) fn new(
        inner: Transaction<'static, Any>,
        change: &'static str,
        watch: Option<&'e dyn CommitWatch>,
    ) -> Self {
        Self {
            inner,
            change,
            watch,
        }
    }

    pub(crate) async fn commit(self) -> Result<()> {
        let Some(watch) = self.watch else {
            return Ok(self.inner.commit().await?);
        };
        watch.before(self.change);
        let began = Instant::now();
        self.inner.commit().await?;
        watch.after(self.change, began.elapsed());
        Ok(())
    }
}

impl Deref for Write<'_> {
    type Target = AnyConnection;

    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}

impl DerefMut for Write<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.inner
    }
}
