//! One target for each parser of outside input: a function of bytes that panics when a promise is
//! broken, and never otherwise. libFuzzer (`fuzz/`) and the stable form in the test suite
//! (`stable/`) run the same functions over the same corpus.

pub mod corpus;
pub mod input;
pub mod mutate;
pub mod run;
mod targets;

pub use targets::TARGETS;

/// A parser under test.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    /// Panics when the input breaks a promise.
    pub check: fn(&[u8]),
    /// Words of its format, for the mutations.
    pub words: &'static [&'static str],
    /// Mutations of the short form; fewer where one costs more.
    pub cases: usize,
}

/// The target of this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
