//! The workspace against a tiny app that does as each test wants.

mod app;
mod blocks;
mod calls;
mod contracts;
mod deliveries;
mod faults;
mod files;
mod interactions;
mod sockets;
