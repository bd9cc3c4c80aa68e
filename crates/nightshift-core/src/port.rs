//! What the outside world must offer. One trait a file, its contract in bullet points.

pub mod chat;
pub mod clock;
pub mod executor;
pub mod page;
pub mod planner;
pub mod replicas;
pub mod store;

pub use chat::{
    ChatError, ChatKind, ChatPlatform, ChatSource, Intake, Marker, Received, Refused, WebhookReply,
    WebhookRequest,
};
pub use clock::{Clock, Ids};
pub use executor::{ExecError, Executor, Exit, ExitKind, Job, JobEvent, Running, Signal};
pub use page::PageDoor;
pub use planner::{Ask, Planner, PlannerError};
pub use replicas::{Files, Replicas};
pub use store::{Store, StoreError, StoreKind};
