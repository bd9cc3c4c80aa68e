//! The words of our own wire: what the API, its clients and the command line say to each other.
//!
//! Stable from the first release: fields are only ever added. Each view is made from the core's
//! type by the `From` next to it; the core does not know this crate.
#![warn(missing_docs)]

pub mod decide;
pub mod error;
pub mod health;
pub mod list;
pub mod log;
pub mod submit;
pub mod task;

pub use error::{ErrorBody, ErrorDetail, FieldError};
pub use health::Health;
pub use list::List;
pub use log::{LogEnd, LogText};
pub use submit::{Submit, Submitted};
pub use task::TaskView;
