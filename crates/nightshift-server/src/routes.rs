//! One endpoint a file: what it reads, the use case it calls, what it answers.

pub mod events;
pub mod health;
pub mod playground;
pub mod submit;
pub mod tasks;
pub mod webhook;
