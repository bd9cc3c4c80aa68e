//! Who sits at the page: a session of ours, and a user who is still known.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use nightshift_app::Problem;
use nightshift_core::authorise::Actor;
use nightshift_core::chat::Identity;
use nightshift_core::port::PageDoor;
use nightshift_core::port::page::{CSRF_HEADER, PageSession, session_cookies};
use nightshift_core::user::{Known, User};

use super::guard::OwnPage;
use crate::Server;
use crate::error::ApiError;

/// Somebody with a session.
pub(super) struct Visitor {
    pub(super) door: Arc<dyn PageDoor>,
    pub(super) session: PageSession,
    pub(super) user: User,
}

impl Visitor {
    pub(super) fn actor(&self) -> Actor {
        Actor::User(self.user.clone())
    }
}

impl FromRequestParts<Arc<Server>> for Visitor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Self, ApiError> {
        let OwnPage { door, .. } = OwnPage::from_request_parts(parts, server).await?;
        let session = session_of(door.as_ref(), &parts.headers)
            .ok_or_else(|| ApiError::unauthenticated("no session of the page"))?;
        let user = user_of(server, door.as_ref(), &session.person).await?;
        let user = user.ok_or_else(|| ApiError::unauthenticated("a session of nobody known"))?;
        Ok(Self {
            door,
            session,
            user,
        })
    }
}

/// The session that the shown token belongs to; without a token, the first of ours.
pub(super) fn session_of(door: &dyn PageDoor, headers: &HeaderMap) -> Option<PageSession> {
    let cookies = headers.get_all(header::COOKIE).iter();
    let mut sessions = cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(session_cookies)
        .filter_map(|cookie| door.open(cookie));
    match headers.get(CSRF_HEADER) {
        None => sessions.next(),
        Some(shown) => {
            let shown = shown.to_str().unwrap_or_default();
            sessions.find(|session| door.csrf_holds(session, shown))
        }
    }
}

pub(super) fn identity(door: &dyn PageDoor, person: &str) -> Identity {
    Identity {
        platform: door.platform(),
        id: person.to_owned(),
    }
}

/// The user behind a person of the page, by what the configuration says today.
pub(super) async fn user_of(
    server: &Server,
    door: &dyn PageDoor,
    person: &str,
) -> Result<Option<User>, Problem> {
    let account = identity(door, person);
    let settings = &server.app.settings;
    match settings.directory.find(&account) {
        Known::Static(user) | Known::Listed(user) => Ok(Some(user)),
        Known::Stranger => {
            let user = server.app.store().identity(&account).await?;
            Ok(user
                .filter(|user| server.app.is_still_known(&user.id))
                .map(|user| {
                    let role = settings.directory.role_of(&user.id);
                    User {
                        role: role.unwrap_or(user.role),
                        ..user
                    }
                }))
        }
    }
}
