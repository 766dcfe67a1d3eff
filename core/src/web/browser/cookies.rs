//! The cookies of the browser's way in, beside the session's.

use std::time::Duration;

use crate::web::cookie::{attributes, value};
use crate::web::public_url::PublicUrl;
use crate::web::request::Headers;

const HOST_PREFIX: &str = "__Host-";
const STATE: &str = "wecom_state_";
const CHOICE: &str = "wecom_choice_";
/// The organisation code that was last of use.
pub(super) const ORGANIZATION: &str = "wecom_organization";
/// The person logged out in this browser.
pub(super) const LOGGED_OUT: &str = "wecom_logged_out";

/// A state is as long as this, in hex digits.
pub(super) const STATE_LENGTH: usize = 32;

/// Writes and reads cookies whose attributes follow the public URL, as the session cookie's do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cookies {
    secure: bool,
}

impl Cookies {
    pub(super) fn new(public_url: &PublicUrl) -> Self {
        Self { secure: public_url.is_https() }
    }

    /// The name of the cookie of a login under way.
    pub(super) fn state(state: &str) -> String {
        format!("{STATE}{state}")
    }

    /// The name of the cookie of a choice among companies.
    pub(super) fn choice(state: &str) -> String {
        format!("{CHOICE}{state}")
    }

    pub(super) fn set(self, name: &str, value: &str, max_age: Duration) -> String {
        format!("{}{name}={value}; Max-Age={}; {}", self.prefix(), max_age.as_secs(), attributes(self.secure))
    }

    pub(super) fn clear(self, name: &str) -> String {
        format!("{}{name}=; Max-Age=0; {}", self.prefix(), attributes(self.secure))
    }

    pub(super) fn read<'a>(self, headers: &'a (impl Headers + ?Sized), name: &str) -> Option<&'a str> {
        let name = format!("{}{name}", self.prefix());
        let found = headers.values("cookie").find_map(|header| value(header, &name))?;
        std::str::from_utf8(found).ok().filter(|value| !value.is_empty())
    }

    /// Every login under way in this browser: state and content.
    pub(super) fn states(self, headers: &(impl Headers + ?Sized)) -> Vec<(&str, &str)> {
        let prefix = self.prefix();
        let pairs = headers.values("cookie").flat_map(|header| header.split(|byte| *byte == b';'));
        pairs
            .filter_map(|pair| {
                let pair = std::str::from_utf8(pair).ok()?.trim();
                let (state, content) = pair.strip_prefix(prefix)?.strip_prefix(STATE)?.split_once('=')?;
                is_state(state).then_some((state, content))
            })
            .collect()
    }

    const fn prefix(self) -> &'static str {
        if self.secure { HOST_PREFIX } else { "" }
    }
}

/// Whether a text can be a state of ours: 32 hex digits in lower case.
pub(super) fn is_state(text: &str) -> bool {
    text.len() == STATE_LENGTH && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "0123456789abcdef0123456789abcdef";

    fn cookies(url: &str) -> Cookies {
        Cookies::new(&PublicUrl::new(url).unwrap())
    }

    #[test]
    fn names_and_attributes_follow_the_public_url() {
        let minutes = Duration::from_mins(10);
        assert_eq!(
            cookies("https://app.example").set(&Cookies::state(ONE), "v", minutes),
            format!("__Host-wecom_state_{ONE}=v; Max-Age=600; Path=/; HttpOnly; SameSite=Lax; Secure")
        );
        assert_eq!(
            cookies("http://127.0.0.1:3000").clear(&Cookies::choice(ONE)),
            format!("wecom_choice_{ONE}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax")
        );
    }

    #[test]
    fn logins_under_way_are_found_among_other_cookies() {
        let line =
            format!("a=b; wecom_state_{ONE}=x; wecom_state_short=y;__Host-wecom_state_{ONE}=z; wecom_state_");
        let headers = [("cookie".to_owned(), line.into_bytes())];
        assert_eq!(cookies("http://127.0.0.1").states(headers.as_slice()), [(ONE, "x")]);
        assert_eq!(cookies("https://a.example").states(headers.as_slice()), [(ONE, "z")]);
        let name = Cookies::state(ONE);
        assert_eq!(cookies("https://a.example").read(headers.as_slice(), &name), Some("z"));
        assert_eq!(cookies("https://a.example").read(headers.as_slice(), ORGANIZATION), None);
    }

    #[test]
    fn states_are_32_hex_digits() {
        assert!(is_state(ONE));
        for bad in ["", &ONE[1..], &ONE.to_uppercase(), "g123456789abcdef0123456789abcdef"] {
            assert!(!is_state(bad), "{bad}");
        }
    }
}
