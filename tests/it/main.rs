//! Journeys through the whole application, as people and programs take them.

mod api;
mod approve;
mod bad_config;
mod cancel;
mod cli;
mod http_errors;
mod outbox;
mod page;
mod process_crash;
mod process_disk;
mod process_secrets;
mod process_shutdown;
mod prompts;
mod query;
mod reject;
mod replay;
mod restart;
mod revise;
mod sandbox;
mod secrets;
mod socket_mode;
mod stranger;
mod submit;
mod web;
mod timed;
