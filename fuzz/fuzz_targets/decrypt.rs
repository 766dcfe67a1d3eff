//! Arbitrary bytes at every layer of a callback's cipher.
//! `cargo +nightly fuzz run decrypt`
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "each target runs one of the bodies")]
#[path = "../../core/tests/fuzz_bodies/mod.rs"]
mod fuzz_bodies;

fuzz_target!(|data: &[u8]| fuzz_bodies::decrypt(data));
