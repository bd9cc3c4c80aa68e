//! A writing transaction, watched at its end.

use std::ops::{Deref, DerefMut};
use std::time::Instant;

use sqlx::{Any, AnyConnection, Transaction};

use super::sqlite::Engine;
use super::turns::Turn;
use crate::error::Result;

/// Holds the one writing connection. Dropped before [`Write::commit`], it rolls back.
pub(crate) struct Write<'e> {
    // Dropped before the turn is passed on.
    inner: Transaction<'static, Any>,
    _turn: Turn,
    engine: &'e Engine,
    change: &'static str,
}

impl<'e> Write<'e> {
    pub(super) fn new(
        engine: &'e Engine,
        turn: Turn,
        inner: Transaction<'static, Any>,
        change: &'static str,
    ) -> Self {
        Self {
            inner,
            _turn: turn,
            engine,
            change,
        }
    }

    pub(crate) async fn commit(self) -> Result<()> {
        self.engine.commits(self.change);
        let began = Instant::now();
        let trust = &self.engine.trust;
        self.inner.commit().await.map_err(|e| trust.judge(e))?;
        self.engine.has_committed(self.change, began.elapsed());
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
