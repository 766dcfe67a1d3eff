//! Arbitrary bytes as a callback's envelope and as its message.
//! `cargo +nightly fuzz run callback`
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "each target runs one of the bodies")]
#[path = "../../core/tests/fuzz_bodies/mod.rs"]
mod fuzz_bodies;

fuzz_target!(|data: &[u8]| fuzz_bodies::callback(data));
