//! One program for all targets: `NIGHTSHIFT_FUZZ_TARGET` says which. Each needs the whole server
//! compiled and linked; thirty programs would be thirty links.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use nightshift_fuzz::{Target, target};

fn chosen() -> &'static Target {
    static CHOSEN: OnceLock<&Target> = OnceLock::new();
    CHOSEN.get_or_init(|| {
        let name = std::env::var("NIGHTSHIFT_FUZZ_TARGET").unwrap_or_default();
        target(&name).unwrap_or_else(|| panic!("NIGHTSHIFT_FUZZ_TARGET={name} names no target"))
    })
}

fuzz_target!(|data: &[u8]| (chosen().check)(data));
