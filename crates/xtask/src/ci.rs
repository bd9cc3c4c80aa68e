//! Exactly what CI runs.

use crate::run::step;
use crate::{test, tidy};

pub(crate) fn run() -> anyhow::Result<()> {
    step("format", &["cargo", "fmt", "--all", "--check"], &[])?;
    tidy::run()?;
    let deny = [("RUSTFLAGS", "")];
    step(
        "lints",
        &[
            "cargo",
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
        &deny,
    )?;
    step(
        "documentation",
        &[
            "cargo",
            "doc",
            "--workspace",
            "--no-deps",
            "--document-private-items",
            "--locked",
        ],
        &[(
            "RUSTDOCFLAGS",
            "-D warnings -A rustdoc::private_intra_doc_links",
        )],
    )?;
    // The README's second command, as it stands there.
    test::run(&[])
}
