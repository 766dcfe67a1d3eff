//! Failpoints, at which a test aborts the process as `kill -9` would. Without `cfg(wecom_login_failpoints)`, which `build.rs`
//! sets, there are none.

/// The environment variable that names the failpoint at which the process aborts.
#[cfg(wecom_login_failpoints)]
const ABORT_AT_VARIABLE: &str = "WECOM_LOGIN_ABORT_AT";

/// Aborts the process if the environment variable names this failpoint.
#[cfg(wecom_login_failpoints)]
pub(crate) fn reach(name: &str) {
    static ABORT_AT: std::sync::LazyLock<Option<String>> =
        std::sync::LazyLock::new(|| std::env::var(ABORT_AT_VARIABLE).ok());
    if ABORT_AT.as_deref() == Some(name) {
        // Unlike `exit`, this runs no destructor and flushes nothing.
        std::process::abort();
    }
}

/// Does nothing.
#[cfg(not(wecom_login_failpoints))]
pub(crate) const fn reach(_name: &str) {}
