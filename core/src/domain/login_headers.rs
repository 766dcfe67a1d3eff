//! The headers of the request that a login came with.

use std::fmt;

use http::{HeaderMap, HeaderValue};

/// The headers of the request that a login came with, for a binder that knows the person by a session of the host app's
/// own. Empty where the host app logs a person in by code and hands on none.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct LoginHeaders(HeaderMap);

impl LoginHeaders {
    /// The first value of a header, if it is text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }

    /// The value of a cookie, as it was sent.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let lines = self.0.get_all(http::header::COOKIE);
        lines
            .iter()
            .filter_map(|line| HeaderValue::to_str(line).ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(of, value)| (of == name).then_some(value))
    }
}

impl From<HeaderMap> for LoginHeaders {
    fn from(headers: HeaderMap) -> Self {
        Self(headers)
    }
}

/// The names alone: the values are cookies and tokens.
impl fmt::Debug for LoginHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append("cookie", HeaderValue::from_static("asid=1; sid=2;x"));
        headers.append("cookie", HeaderValue::from_static("other=3"));
        headers.append("authorization", HeaderValue::from_static("Bearer hush"));
        let headers = LoginHeaders::from(headers);
        assert_eq!(headers.cookie("sid"), Some("2"));
        assert_eq!(headers.cookie("other"), Some("3"));
        assert_eq!(headers.cookie("x"), None);
        assert_eq!(headers.get("authorization"), Some("Bearer hush"));
        assert!(!format!("{headers:?}").contains("hush"));
    }
}
