//! Columns ↔ domain. What cannot be read is an error that names table, column and row.

use nightshift_core::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::error::{Error, Result};
use crate::statement::{List, read_back};

/// The columns of one row of a statement on `table`; the first column names the row in errors.
pub(crate) struct Columns<'r> {
    row: &'r AnyRow,
    table: &'static str,
}

impl<'r> Columns<'r> {
    pub(crate) fn of(row: &'r AnyRow, table: &'static str) -> Self {
        Self { row, table }
    }

    pub(crate) fn text(&self, column: &'static str) -> Result<String> {
        self.get(column).map(read_back)
    }

    pub(crate) fn maybe_text(&self, column: &'static str) -> Result<Option<String>> {
        let text: Option<String> = self.get(column)?;
        Ok(text.map(read_back))
    }

    pub(crate) fn int(&self, column: &'static str) -> Result<i64> {
        self.get(column)
    }

    pub(crate) fn maybe_int(&self, column: &'static str) -> Result<Option<i64>> {
        self.get(column)
    }

    pub(crate) fn float(&self, column: &'static str) -> Result<f64> {
        self.get(column)
    }

    pub(crate) fn bytes(&self, column: &'static str) -> Result<Vec<u8>> {
        self.get(column)
    }

    pub(crate) fn count(&self, column: &'static str) -> Result<u32> {
        let value = self.int(column)?;
        u32::try_from(value).map_err(|e| self.corrupt(column, &e))
    }

    pub(crate) fn flag(&self, column: &'static str) -> Result<bool> {
        Ok(self.int(column)? != 0)
    }

    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp> {
        self.int(column).map(Timestamp::from_millis)
    }

    pub(crate) fn maybe_time(&self, column: &'static str) -> Result<Option<Timestamp>> {
        let millis: Option<i64> = self.get(column)?;
        Ok(millis.map(Timestamp::from_millis))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T> {
        let text = self.text(column)?;
        serde_json::from_str(&text).map_err(|e| self.corrupt(column, &e))
    }

    pub(crate) fn maybe_json<T: DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>> {
        match self.maybe_text(column)? {
            None => Ok(None),
            Some(text) => serde_json::from_str(&text)
                .map(Some)
                .map_err(|e| self.corrupt(column, &e)),
        }
    }

    /// A word of a closed set.
    pub(crate) fn word<T>(
        &self,
        column: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T> {
        let text = self.text(column)?;
        read(&text).ok_or_else(|| self.corrupt(column, &format!("unknown word `{text}`")))
    }

    pub(crate) fn corrupt(&self, column: &'static str, why: &dyn ToString) -> Error {
        Error::Corrupt {
            table: self.table,
            column,
            row: self.name(),
            why: why.to_string(),
        }
    }

    fn get<T>(&self, column: &'static str) -> Result<T>
    where
        T: sqlx::Decode<'r, sqlx::Any> + sqlx::Type<sqlx::Any>,
    {
        self.row
            .try_get(column)
            .map_err(|e| self.corrupt(column, &e))
    }

    fn name(&self) -> String {
        self.row
            .try_get::<String, _>(0)
            .or_else(|_| self.row.try_get::<i64, _>(0).map(|n| n.to_string()))
            .unwrap_or_else(|_| "?".to_owned())
    }
}

/// A batch, for a statement that takes its rows out of it.
pub(crate) fn list<T: Serialize + ?Sized>(values: &T) -> List {
    List(serde_json::to_string(values).expect("invariant: plain data with text keys"))
}

/// JSON text for a column.
pub(crate) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("invariant: what we store is plain data with text keys")
}
