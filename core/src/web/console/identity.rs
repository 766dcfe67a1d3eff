//! Who asks: whoever logged in with the admin key, or a user of the host app whom the predicate may let in.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::random;
use crate::vault::KeyRing;
use crate::web::admin::{AdminIdentity, AdminKey};
use crate::web::config::HttpConfig;
use crate::web::console::form;
use crate::web::console::request::{CONSOLE_PATH, ConsoleRequest};
use crate::web::cookie::{find_cookies, set_cookie};
use crate::web::request::Headers;

const COOKIE: &str = "admin";
/// How long a login with the admin key lasts.
const LOGIN_TTL: Duration = Duration::from_hours(8);
/// Cookies of this name that are looked at: a page of a sibling host may have set some.
const MAX_COOKIES: usize = 4;

/// An administrator, and what binds forms to the login.
pub(super) struct Identity {
    pub(super) administrator: AdminIdentity,
    pub(super) form_key: String,
}

/// A login with the admin key, as the browser keeps it: sealed, and bound to that key. Nothing is stored, so that it
/// works while the database does not.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeyLogin {
    #[serde(rename = "x")]
    expires_at: Timestamp,
    #[serde(rename = "i")]
    id: String,
}

impl Identity {
    /// The administrator who asks; `None` if nobody is logged in.
    ///
    /// # Errors
    /// The session cannot be looked up.
    pub(super) async fn find(console: &ConsoleRequest<'_>) -> Result<Option<Self>> {
        let deps = console.deps;
        let (config, headers) = (&deps.config, &console.request.headers);
        let admin = &config.admin;
        if let Some(key) = admin.key()
            && let Some(login) = key_login(config, &deps.keys, key, headers, deps.store.now())
        {
            return Ok(Some(Self {
                administrator: AdminIdentity::Key,
                form_key: login.id,
            }));
        }
        let method = console.request.method.as_str();
        let of_session = config.administrator_of_session(&deps.sessions, method, headers);
        match of_session.await {
            Ok(Some(AdminIdentity::User(user, predicate))) => Ok(Some(Self {
                form_key: user.session_id().to_owned(),
                administrator: AdminIdentity::User(user, predicate),
            })),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == ErrorKind::TokenInvalid => Ok(None),
            // Whoever has the key can log in although sessions cannot be looked up.
            Err(error) if error.kind() == ErrorKind::StoreUnavailable && admin.key().is_some() => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// The `Set-Cookie` of a login with this key that begins now.
///
/// # Errors
/// `INTERNAL_ERROR`: it cannot be sealed.
pub(super) fn login_cookie(
    config: &HttpConfig,
    keys: &KeyRing,
    key: &AdminKey,
    now: Timestamp,
) -> Result<String> {
    let login = KeyLogin {
        expires_at: now + LOGIN_TTL,
        id: random::hex::<16>(),
    };
    let text = serde_json::to_vec(&login).map_err(|error| {
        Error::new(ErrorKind::Internal, "a login cannot be serialized").with_source(error)
    })?;
    let sealed = form::seal(keys, "login", key.digest(), &text)?;
    Ok(cookie(config, &sealed, LOGIN_TTL))
}

/// The `Set-Cookie` that ends a login with the admin key.
pub(super) fn clear_cookie(config: &HttpConfig) -> String {
    cookie(config, "", Duration::ZERO)
}

fn cookie(config: &HttpConfig, value: &str, max_age: Duration) -> String {
    let names = &config.cookie_names;
    let attributes = names.strict_attributes_below(&config.path_of(CONSOLE_PATH));
    let name = names.full_name_below_path(COOKIE);
    set_cookie(&name, value, max_age, &attributes)
}

fn key_login(
    config: &HttpConfig,
    keys: &KeyRing,
    key: &AdminKey,
    headers: &(impl Headers + ?Sized),
    now: Timestamp,
) -> Option<KeyLogin> {
    let name = config.cookie_names.full_name_below_path(COOKIE);
    headers
        .values("cookie")
        .flat_map(|header| find_cookies(header, &name))
        .take(MAX_COOKIES)
        .find_map(|sealed| {
            let sealed = std::str::from_utf8(sealed).ok()?;
            let text = form::open(keys, "login", key.digest(), sealed)?;
            let login: KeyLogin = serde_json::from_slice(&text).ok()?;
            (now < login.expires_at).then_some(login)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::DataKey;
    use crate::web::admin::AdminAuth;
    use crate::web::client::TrustedProxies;
    use crate::web::mount::Mount;
    use crate::web::public_url::PublicUrl;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn config(url: &str, mount: &str) -> HttpConfig {
        let (url, mount) = (PublicUrl::new(url).unwrap(), Mount::new(mount).unwrap());
        HttpConfig::new(url, mount, AdminAuth::default(), TrustedProxies::default())
    }

    fn ring() -> KeyRing {
        KeyRing::new(vec![DataKey::new([1; 32])]).unwrap()
    }

    #[test]
    fn cookie_is_of_the_console_alone() {
        let key = AdminKey::new("an-admin-key-of-24-chars").unwrap();
        let set = |url, mount| login_cookie(&config(url, mount), &ring(), &key, NOW).unwrap();
        let https = set("https://a.example/portal", "/auth");
        assert!(https.starts_with("__Secure-wecom_admin="), "{https}");
        assert!(
            https.ends_with(
                "; Max-Age=28800; Path=/portal/auth/admin; HttpOnly; SameSite=Strict; Secure"
            ),
            "{https}"
        );
        let http = set("http://127.0.0.1:3000", "/");
        assert!(http.starts_with("wecom_admin="), "{http}");
        assert!(http.ends_with("; Path=/admin; HttpOnly; SameSite=Strict"));
    }

    #[test]
    fn login_is_of_one_key_and_ends_after_eight_hours() {
        let config = config("https://a.example", "/auth");
        let key = AdminKey::new("an-admin-key-of-24-chars").unwrap();
        let set = login_cookie(&config, &ring(), &key, NOW).unwrap();
        let pair = set.split(';').next().unwrap();
        let sent = |pairs: String| [("cookie".to_owned(), pairs.into_bytes())];
        let found = |key: &AdminKey, now| {
            // A planted cookie before it does not stand in its way.
            let headers = sent(format!("__Secure-wecom_admin=planted; {pair}"));
            key_login(&config, &ring(), key, headers.as_slice(), now).is_some()
        };
        assert!(found(&key, NOW) && found(&key, NOW + LOGIN_TTL - Duration::from_millis(1)));
        assert!(!found(&key, NOW + LOGIN_TTL));
        let other = AdminKey::new("another-admin-key-of-24-").unwrap();
        assert!(!found(&other, NOW));
        let bare = sent(pair.replace("__Secure-", ""));
        assert!(key_login(&config, &ring(), &key, bare.as_slice(), NOW).is_none());
    }
}
