//! Users and their accounts; strangers, who get no user row; the one-time claim.

use async_trait::async_trait;
use nightshift_core::chat::Identity;
use nightshift_core::id::{Platform, UserId};
use nightshift_core::port::store::{Cause, People, RefusedAct, StoreError, Stranger};
use nightshift_core::time::Timestamp;
use nightshift_core::user::{Kind, Role, User};

use crate::audit::{self, Entry};
use crate::engine::connection::Conn;
use crate::error::Result;
use crate::row::Columns;
use crate::statement::{Sql, query, scalar};
use crate::transaction::{Settling, Tx};
use crate::{SqlStore, deliveries, notices, sql};

#[async_trait]
impl People for SqlStore {
    async fn identity(&self, identity: &Identity) -> Result<Option<User>, StoreError> {
        let mut conn = self.engine.read().await?;
        Ok(find(&mut conn, sql::people::IDENTITY, identity).await?)
    }

    async fn meet(
        &self,
        user: &User,
        identity: &Identity,
        name: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.change("meet", now).await?;
        meet(&mut tx, user, identity, name).await?;
        Ok(tx.commit().await?)
    }

    async fn accounts(&self, user: &UserId) -> Result<Vec<Identity>, StoreError> {
        Ok(self.accounts_of(user).await?)
    }

    async fn turn_away(
        &self,
        cause: &Cause,
        stranger: &Stranger,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tx = self.change_by("turn_away", cause, now).await?;
        Ok(turn_away(tx, stranger).await?)
    }

    async fn set_claim(&self, code_hash: Option<&str>) -> Result<(), StoreError> {
        Ok(self.replace_claim(code_hash).await?)
    }

    async fn claim(
        &self,
        cause: &Cause,
        code_hash: &str,
        identity: &Identity,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        let tx = self.change_by("claim", cause, now).await?;
        Ok(claim(tx, code_hash, identity).await?)
    }

    async fn claimed(&self, identity: &Identity) -> Result<Option<User>, StoreError> {
        let mut conn = self.engine.read().await?;
        Ok(find(&mut conn, sql::people::CLAIMED, identity).await?)
    }

    async fn has_claimed(&self) -> Result<bool, StoreError> {
        Ok(self.any_claimed().await?)
    }
}

impl SqlStore {
    async fn accounts_of(&self, user: &UserId) -> Result<Vec<Identity>> {
        let mut conn = self.engine.read().await?;
        let rows = query(sql::people::ACCOUNTS)
            .bind(user.as_str())
            .fetch_all(&mut conn)
            .await?;
        rows.iter()
            .map(|row| {
                let row = Columns::of(row, "identity");
                Ok(Identity {
                    platform: Platform::new(row.text("platform")?),
                    id: row.text("account")?,
                })
            })
            .collect()
    }

    async fn replace_claim(&self, code_hash: Option<&str>) -> Result<()> {
        let mut tx = self.engine.write("set_claim").await?;
        query(sql::people::DROP_CLAIM).execute(&mut tx).await?;
        if let Some(hash) = code_hash {
            query(sql::people::SET_CLAIM)
                .bind(hash)
                .execute(&mut tx)
                .await?;
        }
        tx.commit().await
    }

    async fn any_claimed(&self) -> Result<bool> {
        let mut conn = self.engine.read().await?;
        let any: i64 = scalar(sql::people::ANY_CLAIMED)
            .fetch_one(&mut conn)
            .await?;
        Ok(any == 1)
    }
}

async fn find(conn: &mut Conn, statement: Sql, identity: &Identity) -> Result<Option<User>> {
    let row = query(statement)
        .bind(identity.platform.as_str())
        .bind(&*identity.id)
        .fetch_optional(conn)
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let row = Columns::of(&row, "app_user");
    Ok(Some(User {
        id: UserId::new(row.text("user_id")?),
        role: row.word("role", Role::from_name)?,
        kind: row.word("kind", kind_from_name)?,
    }))
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Person => "person",
        Kind::Machine => "machine",
    }
}

fn kind_from_name(name: &str) -> Option<Kind> {
    [Kind::Person, Kind::Machine]
        .into_iter()
        .find(|kind| kind_name(*kind) == name)
}

async fn meet(tx: &mut Tx<'_>, user: &User, identity: &Identity, name: Option<&str>) -> Result<()> {
    let now = tx.now.millis();
    query(sql::people::MEET_USER)
        .bind(user.id.as_str())
        .bind(user.role.name())
        .bind(kind_name(user.kind))
        .bind(now)
        .execute(tx.conn())
        .await?;
    query(sql::people::MEET_IDENTITY)
        .bind(identity.platform.as_str())
        .bind(&*identity.id)
        .bind(user.id.as_str())
        .bind(name)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn turn_away(mut tx: Tx<'_>, stranger: &Stranger) -> Result<()> {
    if tx.settle().await? == Settling::Before {
        return Ok(());
    }
    let refused = RefusedAct {
        who: stranger.identity.to_string(),
        action: stranger.action.clone(),
        why: "unknown person".to_owned(),
        task: None,
    };
    deliveries::refuse(&mut tx, &refused);
    if let Some(word) = &stranger.word {
        let now = tx.now.millis();
        let due = query(sql::people::REFUSE)
            .bind(stranger.identity.platform.as_str())
            .bind(&*stranger.identity.id)
            .bind(now)
            .bind(stranger.quiet_since.millis())
            .execute(tx.conn())
            .await?;
        if due.rows_affected() == 1 {
            notices::send(&mut tx, std::slice::from_ref(word)).await?;
        }
    }
    tx.commit().await
}

/// One of all who send the code at once uses it up.
async fn claim(mut tx: Tx<'_>, code_hash: &str, identity: &Identity) -> Result<Option<User>> {
    if tx.settle().await? == Settling::Before {
        return Ok(None);
    }
    let taken = query(sql::people::USE_CLAIM)
        .bind(code_hash)
        .execute(tx.conn())
        .await?;
    if taken.rows_affected() != 1 {
        return Ok(None);
    }
    let user = match find(tx.conn(), sql::people::IDENTITY, identity).await? {
        Some(known) => promote(&mut tx, known).await?,
        None => enrol(&mut tx, identity).await?,
    };
    query(sql::people::MARK_CLAIMED)
        .bind(identity.platform.as_str())
        .bind(&*identity.id)
        .execute(tx.conn())
        .await?;
    let entry = Entry {
        who: user.id.as_str(),
        action: "claim",
        outcome: "done",
        why: None,
        task: None,
    };
    audit::write(&mut tx, &entry);
    tx.commit().await?;
    Ok(Some(user))
}

async fn promote(tx: &mut Tx<'_>, known: User) -> Result<User> {
    query(sql::people::SET_ROLE)
        .bind(known.id.as_str())
        .bind(Role::Admin.name())
        .execute(tx.conn())
        .await?;
    Ok(User {
        role: Role::Admin,
        ..known
    })
}

async fn enrol(tx: &mut Tx<'_>, identity: &Identity) -> Result<User> {
    let user = User {
        id: UserId::new(format!("user_{}_{}", identity.platform, identity.id)),
        role: Role::Admin,
        kind: Kind::Person,
    };
    meet(tx, &user, identity, None).await?;
    promote(tx, user).await
}
