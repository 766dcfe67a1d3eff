//! What a binder answers about a member who logs in.

use crate::error::{Error, ErrorKind, Result};

/// The longest id of a user of the host app, in bytes.
const MAX_USER_ID_BYTES: usize = 255;

/// Which user of the host app a member is. Made from a user id, or from an `Option` of one:
///
/// ```
/// use wecom_login::Binding;
///
/// assert_eq!(Binding::from("7"), Binding::User("7".to_owned()));
/// assert_eq!(Binding::from(None::<String>), Binding::Nobody);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Binding {
    /// The user of this id.
    User(String),
    /// The app does not know yet, and asks the person: a browser is sent to this page of the app, a path such as `/link`
    /// or an absolute URL, with a parameter `ticket`. It is sent as it is: where the public URL has a path, as in
    /// `https://example.com/app`, the page is `/app/link`. Of another host than the public URL's, the page can show the
    /// form, but the POST that finishes the login has to go to the public URL's: the cookie that binds the ticket to the
    /// browser is sent to no other. A login that is answered in JSON gets `USER_AUTH_MISS` with the
    /// address as `url` and the ticket as `ticket`.
    ///
    /// The app finds out which of its users the person is, in its own way, and finishes the login: in a browser with
    /// [`WecomLogin::finish_login`](crate::WecomLogin::finish_login), otherwise with
    /// [`AuthService::finish_login`](crate::AuthService::finish_login).
    Link(String),
    /// None of them: the login is refused with `USER_AUTH_MISS`.
    Nobody,
}

impl Binding {
    /// The page of the app that asks the person.
    #[must_use]
    pub fn link(url: impl Into<String>) -> Self {
        Self::Link(url.into())
    }
}

impl From<String> for Binding {
    fn from(user_id: String) -> Self {
        Self::User(user_id)
    }
}

impl From<&str> for Binding {
    fn from(user_id: &str) -> Self {
        Self::User(user_id.to_owned())
    }
}

impl From<Option<String>> for Binding {
    fn from(user_id: Option<String>) -> Self {
        user_id.map_or(Self::Nobody, Self::User)
    }
}

/// Checks an id of a user of the host app.
pub(crate) fn check_user_id(user_id: &str) -> Result<()> {
    if user_id.trim().is_empty() || user_id.len() > MAX_USER_ID_BYTES {
        return Err(Error::new(
            ErrorKind::ApiParams,
            "a user id is 1 to 255 bytes and not blank",
        ));
    }
    Ok(())
}
