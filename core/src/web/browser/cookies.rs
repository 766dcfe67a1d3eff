//! The cookies of the browser's way in, beside the session's.

use std::time::Duration;

use crate::web::cookie::{CookieNames, find_cookie};
use crate::web::request::Headers;

const LOGIN_COOKIE_PREFIX: &str = "state_";
const CHOICE_COOKIE_PREFIX: &str = "choice_";
/// The organisation code that was last of use.
pub(super) const ORGANIZATION_COOKIE: &str = "organization";
/// The person logged out in this browser.
pub(super) const LOGGED_OUT_COOKIE: &str = "logged_out";

/// A state is as long as this, in hex digits.
pub(super) const STATE_HEX_DIGITS: usize = 32;

/// Writes and reads cookies whose names and attributes follow the public URL, as the session cookie's do.
#[derive(Clone, Copy, Debug)]
pub(super) struct BrowserCookies<'n> {
    names: &'n CookieNames,
}

/// How far the login is that a cookie is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FlowStage {
    /// The browser is at WeCom.
    Login,
    /// The person is proven and chooses among companies.
    Choice,
}

/// The cookie of a login under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FlowCookie<'a> {
    pub(super) stage: FlowStage,
    pub(super) state: &'a str,
    pub(super) content: &'a str,
}

impl FlowCookie<'_> {
    /// The cookie's name.
    pub(super) fn name(&self) -> String {
        match self.stage {
            FlowStage::Login => BrowserCookies::login_cookie(self.state),
            FlowStage::Choice => BrowserCookies::choice_cookie(self.state),
        }
    }
}

impl<'n> BrowserCookies<'n> {
    pub(super) const fn new(names: &'n CookieNames) -> Self {
        Self { names }
    }

    /// The name of the cookie of a login under way.
    pub(super) fn login_cookie(state: &str) -> String {
        format!("{LOGIN_COOKIE_PREFIX}{state}")
    }

    /// The name of the cookie of a choice among companies.
    pub(super) fn choice_cookie(state: &str) -> String {
        format!("{CHOICE_COOKIE_PREFIX}{state}")
    }

    pub(super) fn set(self, name: &str, value: &str, max_age: Duration) -> String {
        let attributes = self.names.attributes();
        format!(
            "{}={value}; Max-Age={}; {attributes}",
            self.names.full_name(name),
            max_age.as_secs()
        )
    }

    pub(super) fn clear(self, name: &str) -> String {
        format!(
            "{}=; Max-Age=0; {}",
            self.names.full_name(name),
            self.names.attributes()
        )
    }

    pub(super) fn read<'a>(
        self,
        headers: &'a (impl Headers + ?Sized),
        name: &str,
    ) -> Option<&'a str> {
        let name = self.names.full_name(name);
        let found = headers
            .values("cookie")
            .find_map(|header| find_cookie(header, &name))?;
        std::str::from_utf8(found)
            .ok()
            .filter(|value| !value.is_empty())
    }

    /// Every login under way in this browser.
    pub(super) fn flow_cookies<'a>(
        self,
        headers: &'a (impl Headers + ?Sized),
    ) -> Vec<FlowCookie<'a>> {
        let names = [
            (FlowStage::Login, self.names.full_name(LOGIN_COOKIE_PREFIX)),
            (
                FlowStage::Choice,
                self.names.full_name(CHOICE_COOKIE_PREFIX),
            ),
        ];
        let pairs = headers
            .values("cookie")
            .flat_map(|header| header.split(|byte| *byte == b';'));
        pairs
            .filter_map(|pair| {
                let (name, content) = std::str::from_utf8(pair.trim_ascii())
                    .ok()?
                    .split_once('=')?;
                let (stage, state) = names
                    .iter()
                    .find_map(|(stage, prefix)| Some((*stage, name.strip_prefix(&**prefix)?)))?;
                is_state(state).then_some(FlowCookie {
                    stage,
                    state,
                    content,
                })
            })
            .collect()
    }
}

/// Whether a text can be a state of ours: 32 hex digits in lower case.
pub(super) fn is_state(text: &str) -> bool {
    text.len() == STATE_HEX_DIGITS
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
            BrowserCookies::new(&https).set(&BrowserCookies::login_cookie(ONE), "v", minutes),
            format!(
                "__Host-wecom_state_{ONE}=v; Max-Age=600; Path=/; HttpOnly; SameSite=Lax; Secure"
            )
        );
        assert_eq!(
            BrowserCookies::new(&names("http://127.0.0.1:3000"))
                .clear(&BrowserCookies::choice_cookie(ONE)),
            format!("wecom_choice_{ONE}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax")
        );
        let own = https.with_prefix("crm").unwrap();
        assert!(
            BrowserCookies::new(&own)
                .clear(LOGGED_OUT_COOKIE)
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
        let carried = |stage, content| FlowCookie {
            stage,
            state: ONE,
            content,
        };
        assert_eq!(
            BrowserCookies::new(&http).flow_cookies(headers.as_slice()),
            [
                carried(FlowStage::Login, "x"),
                carried(FlowStage::Choice, "c")
            ]
        );
        let https = BrowserCookies::new(&https);
        assert_eq!(
            https.flow_cookies(headers.as_slice()),
            [carried(FlowStage::Login, "z")]
        );
        let name = BrowserCookies::login_cookie(ONE);
        assert_eq!(https.read(headers.as_slice(), &name), Some("z"));
        assert_eq!(https.read(headers.as_slice(), ORGANIZATION_COOKIE), None);
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
