//! The door of the built-in chat page: who a browser is, proven by a signed cookie, and the form
//! in which the page keeps and shows its messages.

use crate::card::Attachment;
use crate::chat::Delivery;
use crate::id::Platform;
use crate::port::store::PageMessage;
use crate::time::Timestamp;

/// Cookies whose names begin like this may hold a session. Browsers share cookies between the
/// ports of a host, so each server adds its port to the name.
pub const SESSION_COOKIE: &str = "nightshift_page";

/// Carries [`PageSession::csrf`] with every POST.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// What a browser needs to speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageSession {
    /// The identity id of the person on the page's platform.
    pub person: String,
    /// Value of the session cookie; a credential.
    pub cookie: String,
    /// Sent back in a header with every POST; bound to the cookie.
    pub csrf: String,
}

/// Issues and checks page sessions, and knows the page's own formats. Pure: a session is a signed
/// name, nothing is stored.
pub trait PageDoor: Send + Sync {
    /// The platform that the page's people are on.
    fn platform(&self) -> Platform;

    /// Where everybody on the page talks.
    fn channel(&self) -> String;

    /// A session for this person (an identity id).
    fn issue(&self, person: &str) -> PageSession;

    /// The session of a cookie, or `None` when its signature is not ours.
    fn open(&self, cookie: &str) -> Option<PageSession>;

    /// Compares in constant time.
    fn csrf_holds(&self, session: &PageSession, shown: &str) -> bool;

    /// A person's own words as a message of the page; `None` when the delivery holds no words.
    fn said(&self, delivery: &Delivery, now: Timestamp) -> Option<PageMessage>;

    /// A message as the page's script reads it, in JSON; without the content of files.
    fn shown(&self, message: &PageMessage) -> String;

    /// The file that a message carries.
    fn file(&self, message: &PageMessage) -> Option<Attachment>;
}

/// The values in a `Cookie` header that may be a session's.
pub fn session_cookies(header: &str) -> impl Iterator<Item = &str> {
    header.split(';').filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.starts_with(SESSION_COOKIE).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::session_cookies;

    #[test]
    fn sessions_are_found_among_other_cookies() {
        let header =
            "theme=dark; nightshift_page=a.b;nightshift_page_8080=c=d; other; nightshift=x";
        let found: Vec<&str> = session_cookies(header).collect();
        assert_eq!(found, ["a.b", "c=d"]);
    }
}
