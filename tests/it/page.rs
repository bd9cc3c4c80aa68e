//! The built-in page in a real browser, served by the built binary.

mod hostile;
mod login;
mod newcomer;
mod phone;
mod restart;
mod revise;
mod stage;
mod strangers;
mod together;
