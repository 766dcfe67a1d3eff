//! The response to a callback.

use bytes::Bytes;

/// The response to a callback. Every one is `text/plain; charset=utf-8` with `nosniff` and a policy that lets nothing
/// run, because the plaintext of a URL check is reflected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotifyResponse {
    /// The HTTP status.
    pub status: u16,
    /// `success`, the plaintext of a URL check, or nothing.
    pub body: Bytes,
}

impl NotifyResponse {
    /// The methods of a callback.
    pub(crate) const METHODS: &[&str] = &["GET", "HEAD", "POST"];

    const HEADERS: [(&'static str, &'static str); 4] = [
        ("content-type", "text/plain; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'"),
        ("cache-control", "no-store"),
    ];

    /// The headers of the response, their names in lower case. A 405 has `Allow`.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let allow = (self.status == 405).then(|| ("allow", Self::METHODS.join(", ")));
        Self::HEADERS
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .chain(allow)
            .collect()
    }

    pub(crate) const fn rejection(status: u16) -> Self {
        Self {
            status,
            body: Bytes::new(),
        }
    }

    pub(super) const fn success() -> Self {
        Self {
            status: 200,
            body: Bytes::from_static(b"success"),
        }
    }
}
