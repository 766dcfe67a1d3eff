//! Sets `cfg(wecom_login_failpoints)` for the tests of this workspace: in a debug build, if `WECOM_LOGIN_FAILPOINTS` is
//! `1`. The `.cargo/config.toml` of the repository sets it, so that tests and examples need one build.
//!
//! It is no feature: any crate of a host app's tree could switch a feature on. Release builds never have failpoints.

use std::env;

const VARIABLE: &str = "WECOM_LOGIN_FAILPOINTS";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    println!("cargo::rustc-check-cfg=cfg(wecom_login_failpoints)");
    let is_wanted = env::var(VARIABLE).is_ok_and(|value| value == "1");
    let is_debug_build = env::var("PROFILE").is_ok_and(|profile| profile == "debug");
    if is_wanted && is_debug_build {
        println!("cargo::rustc-cfg=wecom_login_failpoints");
    }
}
