//! How a browser gets its session: freely where everybody is welcome, else for an API key.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use nightshift_core::authorise::Actor;
use nightshift_core::port::PageDoor;
use nightshift_core::port::page::{PageSession, SESSION_COOKIE};
use nightshift_core::user::Known;
use serde_json::json;

use super::guard::OwnPage;
use super::visitor::{Visitor, identity, session_of, user_of};
use crate::Server;
use crate::error::{ApiError, Code};
use crate::extract::{Fields, RawBody};

/// A guest's name is all they have: it should outlive the browser. Renewed at each visit.
const COOKIE_SECONDS: u32 = 30 * 24 * 3600;
const GUEST: &str = "guest-";

/// The session of the cookie, a new one for a guest, or that a login is needed.
pub(super) async fn open(
    State(server): State<Arc<Server>>,
    page: OwnPage,
    mut headers: HeaderMap,
) -> Result<Response, ApiError> {
    let door = page.door.as_ref();
    // Whatever token an old page still shows: the cookie counts.
    headers.remove(nightshift_core::port::page::CSRF_HEADER);
    if let Some(session) = session_of(door, &headers)
        && user_of(&server, door, &session.person).await?.is_some()
    {
        return Ok(welcome(&session, &page.port));
    }
    match guest(&server, door).await? {
        Some(session) => Ok(welcome(&session, &page.port)),
        None => Ok(Json(json!({ "login": true })).into_response()),
    }
}

/// Somebody new, where the service is open or its list names everybody on the page.
async fn guest(server: &Server, door: &dyn PageDoor) -> Result<Option<PageSession>, ApiError> {
    let person = format!(
        "{GUEST}{}",
        hex::encode(&server.app.ports.ids.entropy()[..5])
    );
    let account = identity(door, &person);
    let settings = &server.app.settings;
    if settings.directory.find(&account) == Known::Stranger {
        let Some(user) = &settings.open_api else {
            return Ok(None);
        };
        let now = server.app.now();
        server.app.store().meet(user, &account, None, now).await?;
    }
    Ok(Some(door.issue(&person)))
}

/// A session for the holder of a key.
pub(super) async fn login(
    State(server): State<Arc<Server>>,
    page: OwnPage,
    body: RawBody,
) -> Result<Response, ApiError> {
    let mut fields = Fields::optional(&body)?;
    let key = fields.text("key").unwrap_or_default();
    fields.finish()?;
    let Some(Actor::User(user)) = server.app.key_holder(&key) else {
        return Err(ApiError::unauthenticated("unknown key on the page"));
    };
    let door = page.door.as_ref();
    // Their own account on the page where the configuration gives them one.
    let listed = server
        .app
        .settings
        .directory
        .account_of(&user.id, &door.platform());
    let account = listed.unwrap_or_else(|| identity(door, user.id.as_str()));
    let now = server.app.now();
    server.app.store().meet(&user, &account, None, now).await?;
    match user_of(&server, door, &account.id).await? {
        Some(known) if known.id == user.id => Ok(welcome(&door.issue(&account.id), &page.port)),
        _ => Err(ApiError::new(
            Code::Forbidden,
            "this name on the page belongs to somebody else",
        )),
    }
}

/// Forgets the session in this browser.
pub(super) async fn logout(
    page: OwnPage,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    super::speak::check_token(&visitor, &headers)?;
    let mut response = Json(json!({})).into_response();
    set_cookie(&mut response, &page.port, "", 0);
    Ok(response)
}

fn welcome(session: &PageSession, port: &str) -> Response {
    let body = json!({
        "person": session.person,
        "csrf": session.csrf,
        "guest": session.person.starts_with(GUEST),
    });
    let mut response = Json(body).into_response();
    set_cookie(&mut response, port, &session.cookie, COOKIE_SECONDS);
    response
}

fn set_cookie(response: &mut Response, port: &str, value: &str, seconds: u32) {
    let cookie = format!(
        "{SESSION_COOKIE}_{port}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict"
    );
    let cookie = HeaderValue::from_str(&cookie).expect("invariant: hex, digits and fixed words");
    response.headers_mut().insert(header::SET_COOKIE, cookie);
}
