//! The cookies of the browser login, next to the session cookie.

use std::time::Duration;

use cookie::Cookie;

use crate::web::browser::flow_cookie::{FlowCookie, FlowStage};
use crate::web::cookie::{CookieNames, set_cookie};
use crate::web::request::Headers;

const LOGIN_COOKIE_PREFIX: &str = "state_";
const CHOICE_COOKIE_PREFIX: &str = "choice_";
const LINK_COOKIE_PREFIX: &str = "link_";
/// Holds the organization code of the last login.
pub(super) const ORGANIZATION_COOKIE: &str = "organization";
/// Holds the id of the corp of the last login, where that named it by its id.
pub(super) const CORP_COOKIE: &str = "corp";
/// Holds the mark of a logout in this browser.
pub(super) const LOGGED_OUT_COOKIE: &str = "logged_out";

const STATE_HEX_DIGITS: usize = 32;

/// Writes and reads cookies whose names and attributes follow the public URL, as the session cookie's do.
#[derive(Clone, Copy, Debug)]
pub(super) struct BrowserCookies<'n> {
    names: &'n CookieNames,
}

impl<'n> BrowserCookies<'n> {
    pub(super) const fn new(names: &'n CookieNames) -> Self {
        Self { names }
    }

    /// The name of the cookie of a login whose browser is at WeCom.
    pub(super) fn login_cookie(state: &str) -> String {
        format!("{LOGIN_COOKIE_PREFIX}{state}")
    }

    /// The name of the cookie of a login that waits for the choice of a corp.
    pub(super) fn choice_cookie(state: &str) -> String {
        format!("{CHOICE_COOKIE_PREFIX}{state}")
    }

    /// The name of the cookie of a login that waits for the host app to find out who the person is.
    pub(super) fn link_cookie(state: &str) -> String {
        format!("{LINK_COOKIE_PREFIX}{state}")
    }

    pub(super) fn set(self, name: &str, value: &str, max_age: Duration) -> String {
        let name = self.names.full_name(name);
        set_cookie(&name, value, max_age, self.names.attributes())
    }

    pub(super) fn clear(self, name: &str) -> String {
        self.set(name, "", Duration::ZERO)
    }

    /// The value of the first cookie of this name; an empty value counts as no cookie.
    pub(super) fn read<'a>(
        self,
        headers: &'a (impl Headers + ?Sized),
        name: &str,
    ) -> Option<&'a str> {
        let full_name = self.names.full_name(name);
        let (_, value) = pairs(headers).find(|(name, _)| *name == full_name)?;
        Some(value).filter(|value| !value.is_empty())
    }

    /// Every login under way in this browser.
    pub(super) fn flow_cookies<'a>(
        self,
        headers: &'a (impl Headers + ?Sized),
    ) -> Vec<FlowCookie<'a>> {
        let prefixes = [
            (FlowStage::Login, LOGIN_COOKIE_PREFIX),
            (FlowStage::Choice, CHOICE_COOKIE_PREFIX),
            (FlowStage::Link, LINK_COOKIE_PREFIX),
        ]
        .map(|(stage, prefix)| (stage, self.names.full_name(prefix)));
        let flow_cookie = |(name, content): (&'a str, &'a str)| {
            let (stage, state) = prefixes
                .iter()
                .find_map(|(stage, prefix)| Some((*stage, name.strip_prefix(&**prefix)?)))?;
            is_state(state).then_some(FlowCookie {
                stage,
                state,
                content,
            })
        };
        pairs(headers).filter_map(flow_cookie).collect()
    }
}

/// Name and value of every cookie. Cookies of other services that are not UTF-8 are skipped.
fn pairs(headers: &(impl Headers + ?Sized)) -> impl Iterator<Item = (&str, &str)> {
    headers
        .values("cookie")
        .flat_map(|line| line.split(|byte| *byte == b';'))
        .filter_map(|pair| {
            let cookie = Cookie::parse(std::str::from_utf8(pair).ok()?).ok()?;
            let (name, value) = (cookie.name_raw()?, cookie.value_raw()?);
            let unquoted = value
                .strip_prefix('"')
                .and_then(|value| value.strip_suffix('"'));
            Some((name, unquoted.unwrap_or(value)))
        })
}

/// Whether a text has the form of a `state`: 32 lower-case hex digits.
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
    fn set_and_clear_follow_the_public_url() {
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
    fn flow_cookies_are_found_among_other_cookies() {
        let line = format!(
            "a=b; wecom_state_{ONE}=x; wecom_state_short=y;__Host-wecom_state_{ONE}=z; wecom_state_;\twecom_choice_{ONE}=c"
        );
        let headers = [("cookie".to_owned(), line.into_bytes())];
        let (http, https) = (names("http://127.0.0.1"), names("https://a.example"));
        let flow = |stage, content| FlowCookie {
            stage,
            state: ONE,
            content,
        };
        assert_eq!(
            BrowserCookies::new(&http).flow_cookies(headers.as_slice()),
            [flow(FlowStage::Login, "x"), flow(FlowStage::Choice, "c")]
        );
        let https = BrowserCookies::new(&https);
        assert_eq!(
            https.flow_cookies(headers.as_slice()),
            [flow(FlowStage::Login, "z")]
        );
        let name = BrowserCookies::login_cookie(ONE);
        assert_eq!(https.read(headers.as_slice(), &name), Some("z"));
        assert_eq!(https.read(headers.as_slice(), ORGANIZATION_COOKIE), None);
    }

    #[test]
    fn is_state_accepts_only_32_lower_case_hex_digits() {
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
