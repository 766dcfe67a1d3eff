//! The cookies of the browser's way in, beside the session's.

use std::time::Duration;

use crate::web::cookie::{CookieNames, value};
use crate::web::request::Headers;

const STATE: &str = "state_";
const CHOICE: &str = "choice_";
/// The organisation code that was last of use.
pub(super) const ORGANIZATION: &str = "organization";
/// The person logged out in this browser.
pub(super) const LOGGED_OUT: &str = "logged_out";

/// A state is as long as this, in hex digits.
pub(super) const STATE_LENGTH: usize = 32;

/// Writes and reads cookies whose names and attributes follow the public URL, as the session cookie's do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cookies<'n>(&'n CookieNames);

/// How far the login is that a cookie is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The browser is at WeCom.
    Login,
    /// The person is proven and chooses among companies.
    Choice,
}

/// The cookie of a login under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Carried<'a> {
    pub(super) step: Step,
    pub(super) state: &'a str,
    pub(super) content: &'a str,
}

impl Carried<'_> {
    /// The cookie's name.
    pub(super) fn name(&self) -> String {
        match self.step {
            Step::Login => Cookies::state(self.state),
            Step::Choice => Cookies::choice(self.state),
        }
    }
}

impl<'n> Cookies<'n> {
    pub(super) const fn new(names: &'n CookieNames) -> Self {
        Self(names)
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
        let attributes = self.0.attributes();
        format!(
            "{}={value}; Max-Age={}; {attributes}",
            self.0.of(name),
            max_age.as_secs()
        )
    }

    pub(super) fn clear(self, name: &str) -> String {
        format!("{}=; Max-Age=0; {}", self.0.of(name), self.0.attributes())
    }

    pub(super) fn read<'a>(
        self,
        headers: &'a (impl Headers + ?Sized),
        name: &str,
    ) -> Option<&'a str> {
        let name = self.0.of(name);
        let found = headers
            .values("cookie")
            .find_map(|header| value(header, &name))?;
        std::str::from_utf8(found)
            .ok()
            .filter(|value| !value.is_empty())
    }

    /// Every login under way in this browser.
    pub(super) fn under_way<'a>(self, headers: &'a (impl Headers + ?Sized)) -> Vec<Carried<'a>> {
        let names = [
            (Step::Login, self.0.of(STATE)),
            (Step::Choice, self.0.of(CHOICE)),
        ];
        let pairs = headers
            .values("cookie")
            .flat_map(|header| header.split(|byte| *byte == b';'));
        pairs
            .filter_map(|pair| {
                let (name, content) = std::str::from_utf8(pair.trim_ascii())
                    .ok()?
                    .split_once('=')?;
                let (step, state) = names
                    .iter()
                    .find_map(|(step, prefix)| Some((*step, name.strip_prefix(&**prefix)?)))?;
                is_state(state).then_some(Carried {
                    step,
                    state,
                    content,
                })
            })
            .collect()
    }
}

/// Whether a text can be a state of ours: 32 hex digits in lower case.
pub(super) fn is_state(text: &str) -> bool {
    text.len() == STATE_LENGTH
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::public_url::PublicUrl;

    const ONE: &str = "0123456789abcdef0123456789abcdef";

    fn names(url: &str) -> CookieNames {
        CookieNames::new(&PublicUrl::new(url).unwrap())
    }

    #[test]
    fn names_and_attributes_follow_the_public_url() {
        let minutes = Duration::from_mins(10);
        let https = names("https://app.example");
        assert_eq!(
            Cookies::new(&https).set(&Cookies::state(ONE), "v", minutes),
            format!(
                "__Host-wecom_state_{ONE}=v; Max-Age=600; Path=/; HttpOnly; SameSite=Lax; Secure"
            )
        );
        assert_eq!(
            Cookies::new(&names("http://127.0.0.1:3000")).clear(&Cookies::choice(ONE)),
            format!("wecom_choice_{ONE}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax")
        );
        let own = https.with_prefix("crm").unwrap();
        assert!(
            Cookies::new(&own)
                .clear(LOGGED_OUT)
                .starts_with("__Host-crm_logged_out=;")
        );
    }

    #[test]
    fn logins_under_way_are_found_among_other_cookies() {
        let line = format!(
            "a=b; wecom_state_{ONE}=x; wecom_state_short=y;__Host-wecom_state_{ONE}=z; wecom_state_;\twecom_choice_{ONE}=c"
        );
        let headers = [("cookie".to_owned(), line.into_bytes())];
        let (http, https) = (names("http://127.0.0.1"), names("https://a.example"));
        let carried = |step, content| Carried {
            step,
            state: ONE,
            content,
        };
        assert_eq!(
            Cookies::new(&http).under_way(headers.as_slice()),
            [carried(Step::Login, "x"), carried(Step::Choice, "c")]
        );
        let https = Cookies::new(&https);
        assert_eq!(
            https.under_way(headers.as_slice()),
            [carried(Step::Login, "z")]
        );
        let name = Cookies::state(ONE);
        assert_eq!(https.read(headers.as_slice(), &name), Some("z"));
        assert_eq!(https.read(headers.as_slice(), ORGANIZATION), None);
    }

    #[test]
    fn states_are_32_hex_digits() {
        assert!(is_state(ONE));
        for bad in [
            "",
            &ONE[1..],
            &ONE.to_uppercase(),
            "g123456789abcdef0123456789abcdef",
        ] {
            assert!(!is_state(bad), "{bad}");
        }
    }
}
