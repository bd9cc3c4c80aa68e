//! The only place that builds outgoing clients: timeouts, no redirects, one provider of TLS, a
//! list of hosts that may be called, and no secret in an error.
//!
//! Invariant: a request leaves only when [`Reach`] allows its address. With an address on this
//! machine as base, nothing but that address is ever called.

pub mod base_url;
pub mod client;
#[doc(hidden)]
pub mod fuzz;
pub mod redact;
pub mod retry;
pub mod socket;
pub mod tls;

pub use base_url::{BadUrl, BaseUrl, Reach};
pub use client::{Answer, Client, HttpError, HttpKind};
pub use redact::redact;
pub use retry::retry;
pub use socket::Socket;
pub use url::Url;
