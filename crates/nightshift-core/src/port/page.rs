//! The door of the built-in chat page: who a browser is, proven by a signed cookie.

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

/// Issues and checks page sessions. Pure: a session is a signed name, nothing is stored.
pub trait PageDoor: Send + Sync {
    /// A session for this person (an identity id).
    fn issue(&self, person: &str) -> PageSession;

    /// The session of a cookie, or `None` when its signature is not ours.
    fn open(&self, cookie: &str) -> Option<PageSession>;

    /// Compares in constant time.
    fn csrf_holds(&self, session: &PageSession, shown: &str) -> bool;
}
