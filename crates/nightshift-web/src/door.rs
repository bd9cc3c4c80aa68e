//! Page sessions: a signed name in a cookie, and a token bound to it.

use hmac::{Hmac, KeyInit, Mac};
use nightshift_core::card::Attachment;
use nightshift_core::chat::{Delivery, Gesture};
use nightshift_core::id::{Platform, Seq};
use nightshift_core::port::page::{CSRF_HEADER, PageSession, session_cookies};
use nightshift_core::port::store::PageMessage;
use nightshift_core::port::{PageDoor, WebhookRequest};
use nightshift_core::time::Timestamp;
use sha2::Sha256;

use crate::body::{self, Body};
use crate::inbound;

/// Signs and checks the sessions of one installation.
pub struct WebDoor {
    key: [u8; 32],
}

impl std::fmt::Debug for WebDoor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebDoor(***)")
    }
}

impl WebDoor {
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// Who makes this call: a session of ours, and the token that belongs to it.
    pub(crate) fn verify(&self, request: &WebhookRequest) -> Option<String> {
        let shown = request.header(CSRF_HEADER)?;
        let session = session_cookies(request.header("cookie")?)
            .filter_map(|cookie| self.open(cookie))
            .find(|session| self.csrf_holds(session, shown))?;
        Some(session.person)
    }

    /// The two uses of the key never sign the same bytes.
    fn mac(&self, what: &str, of: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key)
            .expect("invariant: HMAC takes keys of any length");
        mac.update(what.as_bytes());
        mac.update(b":");
        mac.update(of.as_bytes());
        mac
    }

    fn sign(&self, what: &str, of: &str) -> String {
        hex::encode(self.mac(what, of).finalize().into_bytes())
    }

    /// In constant time.
    fn holds(&self, what: &str, of: &str, digits: &str) -> bool {
        hex::decode(digits).is_ok_and(|shown| self.mac(what, of).verify_slice(&shown).is_ok())
    }

    fn session(&self, person: String, cookie: String) -> PageSession {
        let csrf = self.sign("csrf", &cookie);
        PageSession {
            person,
            cookie,
            csrf,
        }
    }
}

impl PageDoor for WebDoor {
    fn platform(&self) -> Platform {
        crate::platform()
    }

    fn channel(&self) -> String {
        crate::CHANNEL.to_owned()
    }

    fn issue(&self, person: &str) -> PageSession {
        // In hex: a name may hold characters that a cookie may not.
        let name = hex::encode(person);
        let cookie = format!("{name}.{}", self.sign("session", &name));
        self.session(person.to_owned(), cookie)
    }

    fn open(&self, cookie: &str) -> Option<PageSession> {
        let (name, digits) = cookie.split_once('.')?;
        if !self.holds("session", name, digits) {
            return None;
        }
        let person = String::from_utf8(hex::decode(name).ok()?).ok()?;
        Some(self.session(person, cookie.to_owned()))
    }

    fn csrf_holds(&self, session: &PageSession, shown: &str) -> bool {
        self.holds("csrf", &session.cookie, shown)
    }

    fn said(&self, delivery: &Delivery, now: Timestamp) -> Option<PageMessage> {
        let Gesture::Say { text } = &delivery.inbound.gesture else {
            return None;
        };
        let id = inbound::message_id(delivery)?;
        let at = &delivery.inbound.at;
        let body = Body::Said { text: text.clone() };
        Some(PageMessage {
            seq: Seq(0),
            channel: at.channel.clone(),
            // The message that opens a thread is not in it.
            thread: at.thread.clone().filter(|thread| *thread != id),
            author: Some(delivery.inbound.from.id.clone()),
            only_for: None,
            body: body.to_json(),
            at: now,
            id,
        })
    }

    fn shown(&self, message: &PageMessage) -> String {
        body::shown(message)
    }

    fn file(&self, message: &PageMessage) -> Option<Attachment> {
        body::file(message)
    }
}
