//! The HTTP door: routes, the one table of errors, streams, and the built-in pages.
//!
//! A route reads its request, calls one use case of `nightshift-app`, and shows the answer in the
//! words of `nightshift-protocol`. It decides nothing: who may do what is asked of the core, and
//! a status code is chosen in [`error`] alone.

pub mod audit;
pub mod envelope;
pub mod error;
pub mod extract;
#[doc(hidden)]
pub mod fuzz;
pub mod ready;
pub mod router;
pub mod routes;
pub mod serve;
pub mod server;
pub mod stream;

pub use error::{ApiError, Code};
pub use ready::Readiness;
pub use router::{router, socket_router};
pub use serve::serve;
pub use server::{HttpLimits, Server};
