//! A deterministic simulation of service, executor and platform.
