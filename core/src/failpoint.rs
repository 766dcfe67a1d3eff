//! Places at which a test ends the process as `kill -9` would. In a build without the feature `failpoints` there are none.

/// Names the place at which the process ends.
#[cfg(feature = "failpoints")]
const VARIABLE: &str = "WECOM_LOGIN_ABORT_AT";

/// The work is at this place.
#[cfg(feature = "failpoints")]
pub(crate) fn reach(place: &str) {
    static ABORT_AT: std::sync::LazyLock<Option<String>> =
        std::sync::LazyLock::new(|| std::env::var(VARIABLE).ok());
    if ABORT_AT.as_deref() == Some(place) {
        // No destructor runs and nothing is flushed.
        std::process::abort();
    }
}

/// The work is at this place.
#[cfg(not(feature = "failpoints"))]
pub(crate) const fn reach(_place: &str) {}
