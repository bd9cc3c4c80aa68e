//! Parts of a request, one file each.

pub mod body;
pub mod caller;
pub mod fields;
pub mod idempotency;
pub mod query;
pub mod room;
pub mod task;

pub use body::RawBody;
pub use caller::{Caller, OperatorSocket};
pub use fields::Fields;
pub use query::Params;
pub use room::Room;
pub use task::TaskPath;
