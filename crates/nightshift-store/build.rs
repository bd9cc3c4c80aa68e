//! Migrations are embedded: a new file must recompile the crate.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
