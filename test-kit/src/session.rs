//! A session of a test, in the forms that a request carries.

use std::fmt;

use wecom_login::{SessionToken, WecomLogin};

/// The session of somebody who is logged in.
#[derive(Clone)]
pub struct TestSession {
    token: SessionToken,
    cookie: String,
}

impl TestSession {
    pub(crate) fn new(handle: &WecomLogin, token: SessionToken) -> Self {
        let set_cookie = handle.session_cookie(&token);
        let cookie = set_cookie.split(';').next().unwrap_or_default().to_owned();
        Self { token, cookie }
    }

    /// The token.
    #[must_use]
    pub fn token(&self) -> &str {
        self.token.expose()
    }

    /// The value of the header `Authorization`.
    #[must_use]
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.token.expose())
    }

    /// The value of the header `Cookie`, as a browser sends it. An unsafe method needs
    /// `Sec-Fetch-Site: same-origin` beside it.
    #[must_use]
    pub fn cookie(&self) -> &str {
        &self.cookie
    }
}

impl fmt::Debug for TestSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TestSession")
    }
}
