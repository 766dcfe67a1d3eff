//! The flow cookies: one for each login under way in a browser, and which of them to evict.

use crate::clock::Timestamp;
use crate::vault::KeyRing;
use crate::web::browser::cookies::BrowserCookies;
use crate::web::browser::pending::{FlowPayload as _, PendingChoice, PendingLink, PendingLogin};
use crate::web::request::Headers;

/// Limits of all flow cookies of a browser together, because servers reject long headers.
const MAX_FLOW_COOKIES: usize = 8;
const MAX_FLOW_COOKIES_BYTES: usize = 6000;

/// How far a login under way is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FlowStage {
    /// The browser is at WeCom.
    Login,
    /// The member is authenticated and chooses a corp.
    Choice,
    /// The host app finds out who the member is.
    Link,
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
            FlowStage::Link => BrowserCookies::link_cookie(self.state),
        }
    }

    /// `None` if the content does not open.
    fn expires_at(&self, keys: &KeyRing) -> Option<Timestamp> {
        match self.stage {
            FlowStage::Login => {
                PendingLogin::open(keys, self.state, self.content).map(|login| login.expires_at)
            }
            FlowStage::Choice => {
                PendingChoice::open(keys, self.state, self.content).map(|choice| choice.expires_at)
            }
            FlowStage::Link => {
                PendingLink::open(keys, self.state, self.content).map(|link| link.expires_at)
            }
        }
    }
}

/// The names of the flow cookies to clear, so that another one of `length` bytes fits: first those of expired logins,
/// then those that do not open, then the oldest. A cookie that does not open may belong to another service on this
/// host, so it stays while there is room.
pub(super) fn cookies_to_evict(
    cookies: BrowserCookies<'_>,
    headers: &(impl Headers + ?Sized),
    keys: &KeyRing,
    now: Timestamp,
    length: usize,
) -> Vec<String> {
    let mut flows: Vec<(Option<Timestamp>, FlowCookie<'_>)> = cookies
        .flow_cookies(headers)
        .into_iter()
        .map(|cookie| (cookie.expires_at(keys), cookie))
        .collect();
    // Newest first; those that do not open last.
    flows.sort_by_key(|(expires_at, _)| std::cmp::Reverse(*expires_at));
    let (mut count, mut bytes) = (1, length);
    let mut evicted = Vec::new();
    for (expires_at, cookie) in flows {
        if expires_at.is_some_and(|at| at <= now) {
            evicted.push(cookie.name());
            continue;
        }
        count += 1;
        bytes += cookie.content.len();
        if count > MAX_FLOW_COOKIES || bytes > MAX_FLOW_COOKIES_BYTES {
            evicted.push(cookie.name());
        }
    }
    evicted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::LoginCode;
    use crate::web::PublicUrl;
    use crate::web::browser::pending::tests::{login, ring};
    use crate::web::cookie::CookieNames;

    #[test]
    fn cookies_to_evict_are_expired_ones_then_unreadable_ones_then_the_oldest() {
        let names = CookieNames::new(&PublicUrl::new("http://127.0.0.1").unwrap());
        let state = |number: usize| format!("{number:032x}");
        let pair = |name: &str, content: &str| format!("wecom_{name}={content}");
        let logins = |expiries: &[i64], return_to: &str| -> Vec<String> {
            let sealed = |(number, expires_at): (usize, &i64)| {
                let content = login(*expires_at, return_to)
                    .seal(&ring(), &state(number))
                    .unwrap();
                pair(&BrowserCookies::login_cookie(&state(number)), &content)
            };
            expiries.iter().enumerate().map(sealed).collect()
        };
        let gone = |pairs: &[String]| {
            let headers = [("cookie".to_owned(), pairs.join("; ").into_bytes())];
            let now = Timestamp::from_millis(100);
            let mut gone = cookies_to_evict(
                BrowserCookies::new(&names),
                headers.as_slice(),
                &ring(),
                now,
                300,
            );
            gone.sort();
            gone
        };
        let (login_of, choice_of) = (
            |number| BrowserCookies::login_cookie(&state(number)),
            |number| BrowserCookies::choice_cookie(&state(number)),
        );
        assert!(gone(&logins(&[200, 201, 202, 203, 204, 205, 206], "/")).is_empty());
        assert_eq!(
            gone(&logins(&[205, 201, 202, 203, 204, 200, 206, 207], "/")),
            [login_of(5)]
        );
        assert_eq!(gone(&logins(&[200, 99, 201], "/")), [login_of(1)]);
        let long = format!("/{}", "a".repeat(1900));
        assert_eq!(gone(&logins(&[200, 201, 202], &long)), [login_of(0)]);

        // Choices count, too.
        let choice = |expires_at| {
            let expires_at = Timestamp::from_millis(expires_at);
            let login_request = login(1, "/").login_request;
            let choice = PendingChoice {
                login_code: LoginCode::new("code"),
                expires_at,
                login_request,
            };
            pair(&choice_of(9), &choice.seal(&ring(), &state(9)).unwrap())
        };
        let mut seven = logins(&[200, 201, 202, 203, 204, 205, 206], "/");
        seven.push(choice(100));
        assert_eq!(gone(&seven), [choice_of(9)], "it is expired");
        seven[7] = choice(300);
        assert_eq!(gone(&seven), [login_of(0)]);

        // Another service's cookie stays while there is room.
        let foreign = pair(&login_of(8), "nonsense");
        assert!(gone(std::slice::from_ref(&foreign)).is_empty());
        seven[7] = foreign;
        assert_eq!(gone(&seven), [login_of(8)]);
    }
}
