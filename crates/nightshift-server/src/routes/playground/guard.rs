//! What keeps other sites in the same browser out of the page.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::Response;
use std::net::IpAddr;
use std::sync::Arc;

use nightshift_core::port::PageDoor;

use crate::Server;
use crate::error::{ApiError, Code};

/// The page's own files, its own server, and pictures that are written into it; nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

/// The page is enabled, and this request is addressed to it by a name that nobody can rebind,
/// from the page itself.
pub(super) struct OwnPage {
    pub(super) door: Arc<dyn PageDoor>,
    /// The server's port as the browser sees it.
    pub(super) port: String,
}

impl FromRequestParts<Arc<Server>> for OwnPage {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Self, ApiError> {
        let visit = Addressed::from_request_parts(parts, server).await?;
        if !is_from_page(&parts.headers, &visit.host, &parts.method) {
            let message = "this belongs to the page; another site may not call it";
            return Err(ApiError::new(Code::Forbidden, message));
        }
        Ok(Self {
            door: visit.door,
            port: visit.port,
        })
    }
}

/// The same for the page itself, to which a link from anywhere may lead.
pub(super) struct Addressed {
    door: Arc<dyn PageDoor>,
    host: String,
    port: String,
}

impl FromRequestParts<Arc<Server>> for Addressed {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Self, ApiError> {
        let door = server
            .door
            .clone()
            .ok_or_else(|| ApiError::not_found("page here; the configuration can enable it"))?;
        let host = parts.headers.get(header::HOST);
        let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
        let (name, port) = split(host);
        if !is_fixed(name) {
            let message = "the page answers under localhost or an IP address only";
            return Err(ApiError::new(Code::Forbidden, message));
        }
        Ok(Self {
            door,
            host: host.to_owned(),
            port: port.to_owned(),
        })
    }
}

fn split(host: &str) -> (&str, &str) {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (name, port),
        _ => (host, "80"),
    }
}

/// A name that always means the same machine: another site cannot make its own name lead here.
fn is_fixed(name: &str) -> bool {
    let bare = name.strip_prefix('[').and_then(|n| n.strip_suffix(']'));
    name.eq_ignore_ascii_case("localhost") || bare.unwrap_or(name).parse::<IpAddr>().is_ok()
}

fn is_from_page(headers: &HeaderMap, host: &str, method: &Method) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let same_origin = match text("origin") {
        None => true,
        Some(origin) => origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"))
            .is_some_and(|of| of.eq_ignore_ascii_case(host)),
    };
    let same_site = match text("sec-fetch-site") {
        None | Some("same-origin") => true,
        // Typed by the person: a link to a file, never a form.
        Some("none") => *method == Method::GET,
        Some(_) => false,
    };
    same_origin && same_site
}

pub(super) async fn page_headers(mut response: Response) -> Response {
    let policy = HeaderValue::from_static(POLICY);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_cannot_be_rebound_reach_the_page() {
        for good in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:8080",
            "[::1]:80",
            "10.0.0.7",
        ] {
            assert!(is_fixed(split(good).0), "{good}");
        }
        for bad in [
            "",
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "[::1",
            ":8080",
        ] {
            assert!(!is_fixed(split(bad).0), "{bad}");
        }
        assert_eq!(split("[::1]:8080"), ("[::1]", "8080"));
        assert_eq!(split("localhost"), ("localhost", "80"));
    }

    #[test]
    fn calls_of_other_sites_and_of_other_ports_are_refused() {
        let from = |method: Method, pairs: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            is_from_page(&headers, "localhost:8080", &method)
        };
        assert!(from(Method::POST, &[]));
        assert!(from(
            Method::POST,
            &[
                ("origin", "http://localhost:8080"),
                ("sec-fetch-site", "same-origin")
            ]
        ));
        assert!(from(Method::GET, &[("sec-fetch-site", "none")]));
        assert!(!from(Method::POST, &[("sec-fetch-site", "none")]));
        assert!(!from(Method::POST, &[("origin", "http://localhost:3000")]));
        assert!(!from(Method::POST, &[("origin", "null")]));
        assert!(!from(Method::GET, &[("sec-fetch-site", "same-site")]));
        assert!(!from(Method::GET, &[("sec-fetch-site", "cross-site")]));
    }
}
