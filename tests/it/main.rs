//! Journeys through the whole application, as people and programs take them.

mod process_crash;
mod submit;
