//! Journeys through the whole application, as people and programs take them.

mod approve;
mod cancel;
mod process_crash;
mod query;
mod reject;
mod revise;
mod stranger;
mod submit;
