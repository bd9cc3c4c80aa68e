//! Users, their accounts, strangers, the claim code.

use crate::statement::{Sql, statement};

pub(crate) const IDENTITY: Sql = statement!(
    "SELECT u.user_id, u.role, u.kind FROM identity i \
    JOIN app_user u ON u.user_id = i.user_id WHERE i.platform = $1 AND i.account = $2"
);

pub(crate) const CLAIMED: Sql = statement!(
    "SELECT u.user_id, u.role, u.kind FROM identity i \
    JOIN app_user u ON u.user_id = i.user_id \
    WHERE i.platform = $1 AND i.account = $2 AND i.claimed = 1"
);

pub(crate) const MARK_CLAIMED: Sql =
    statement!("UPDATE identity SET claimed = 1 WHERE platform = $1 AND account = $2");

pub(crate) const ANY_CLAIMED: Sql = statement!(
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM identity WHERE claimed = 1) THEN 1 ELSE 0 END"
);

pub(crate) const MEET_USER: Sql = statement!(
    "INSERT INTO app_user (user_id, role, kind, met_at) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (user_id) DO NOTHING"
);

pub(crate) const MEET_IDENTITY: Sql = statement!(
    "INSERT INTO identity \
    (platform, account, user_id, name, met_at) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (platform, account) DO NOTHING"
);

pub(crate) const ACCOUNTS: Sql = statement!(
    "SELECT platform, account FROM identity WHERE user_id = $1 ORDER BY platform, account"
);

pub(crate) const SET_ROLE: Sql = statement!("UPDATE app_user SET role = $2 WHERE user_id = $1");

/// Changes a row only when the word is to be said again.
pub(crate) const REFUSE: Sql = statement!(
    "INSERT INTO stranger (platform, account, refused_at) \
    VALUES ($1, $2, $3) ON CONFLICT (platform, account) DO UPDATE SET \
      refused_at = excluded.refused_at WHERE stranger.refused_at < $4"
);

pub(crate) const DROP_CLAIM: Sql = statement!("DELETE FROM claim");

pub(crate) const SET_CLAIM: Sql = statement!("INSERT INTO claim (code_hash) VALUES ($1)");

pub(crate) const USE_CLAIM: Sql = statement!("DELETE FROM claim WHERE code_hash = $1");
