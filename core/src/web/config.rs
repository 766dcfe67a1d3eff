//! The configuration of the wire rules.

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::Result;
use crate::web::admin::AdminAuth;
use crate::web::browser::{PageConfig, can_return_to};
use crate::web::client::TrustedProxies;
use crate::web::cookie::{CookieNames, SessionCookie};
use crate::web::forwarded::ProxyWarnings;
use crate::web::mount::Mount;
use crate::web::mounting::Mounting;
use crate::web::named_corp::NamedCorp;
use crate::web::origin::Origins;
use crate::web::public_url::PublicUrl;

/// The characters of a query value that are not encoded (RFC 3986, 2.3, and the slash for legibility).
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// Our public URL, the access to the admin routes, and the trusted proxies.
#[derive(Debug)]
pub(crate) struct HttpConfig {
    pub(crate) public_url: PublicUrl,
    pub(crate) origins: Origins,
    pub(crate) mount: Mount,
    pub(crate) admin: AdminAuth,
    pub(crate) proxies: TrustedProxies,
    pub(crate) cookie: SessionCookie,
    pub(crate) cookie_names: CookieNames,
    pub(crate) page_config: PageConfig,
    pub(crate) proxy_warnings: ProxyWarnings,
    /// Whether administrators may have the access tokens of companies.
    pub(crate) serves_access_tokens: bool,
    pub(crate) mounting: Arc<Mounting>,
}

impl HttpConfig {
    pub(crate) fn new(
        public_url: PublicUrl,
        mount: Mount,
        admin: AdminAuth,
        proxies: TrustedProxies,
    ) -> Self {
        let cookie_names = CookieNames::new(&public_url);
        let cookie = SessionCookie::new(&cookie_names);
        Self {
            cookie,
            cookie_names,
            origins: Origins::new(&public_url),
            public_url,
            mount,
            admin,
            proxies,
            page_config: PageConfig::default(),
            proxy_warnings: ProxyWarnings::default(),
            serves_access_tokens: false,
            mounting: Arc::default(),
        }
    }

    /// The same with cookies whose names begin otherwise.
    ///
    /// # Errors
    /// `CONFIG_ERROR`: such names cannot be.
    pub(crate) fn with_cookie_prefix(self, prefix: &str) -> Result<Self> {
        let cookie_names = self.cookie_names.clone().with_prefix(prefix)?;
        Ok(Self {
            cookie: SessionCookie::new(&cookie_names),
            cookie_names,
            ..self
        })
    }

    /// The same with further origins whose pages act for a person.
    ///
    /// # Errors
    /// `CONFIG_ERROR`: one is no origin, or http and not on this machine.
    pub(crate) fn with_allowed_origins(self, origins: &[String], insecure: bool) -> Result<Self> {
        Ok(Self {
            origins: self.origins.clone().with_allowed(origins, insecure)?,
            ..self
        })
    }

    /// The same with the host app's look of the pages.
    pub(crate) fn with_page_config(self, page_config: PageConfig) -> Self {
        Self {
            page_config,
            ..self
        }
    }

    /// The same where administrators may have the access tokens of companies, if so.
    pub(crate) fn with_access_tokens(self, serves_access_tokens: bool) -> Self {
        Self {
            serves_access_tokens,
            ..self
        }
    }

    /// The root of the host app, as the browser sees it.
    pub(crate) fn home(&self) -> String {
        format!("{}/", self.public_url.path())
    }

    /// The path of one of our routes, as the browser sees it.
    pub(crate) fn path_of(&self, route: &str) -> String {
        format!("{}{}{route}", self.public_url.path(), self.mount.as_str())
    }

    /// Where a browser logs in, to come back afterwards to `path_and_query` of the host app, or where nobody can be led
    /// back to that, to the app's root. In the corp that the page names, or without one in `corp`.
    pub(super) fn login_path(&self, path_and_query: &str, corp: Option<&NamedCorp>) -> String {
        let return_to = format!("{}{path_and_query}", self.public_url.path());
        let return_to = can_return_to(&return_to).then_some(("returnTo", return_to.as_str()));
        let of_page = NamedCorp::of_page(path_and_query);
        let corp = of_page.as_ref().or(corp).map(NamedCorp::parameter);
        let query: Vec<_> = return_to.into_iter().chain(corp).collect();
        self.path_with("/login", &query)
    }

    /// The path of one of our routes with a query.
    pub(crate) fn path_with(&self, route: &str, query: &[(&str, &str)]) -> String {
        let mut path = self.path_of(route);
        for (index, (name, value)) in query.iter().enumerate() {
            path.push(if index == 0 { '?' } else { '&' });
            path.push_str(name);
            path.push('=');
            path.extend(utf8_percent_encode(value, QUERY_VALUE));
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_the_login_follows_the_public_url() {
        let web = |url: &str, mount: &str| {
            let (url, mount) = (PublicUrl::new(url).unwrap(), Mount::new(mount).unwrap());
            HttpConfig::new(url, mount, AdminAuth::default(), TrustedProxies::default())
        };
        let root = web("https://a.example", "/auth");
        assert_eq!(
            root.login_path("/x/y?z=1&a=b c", None),
            "/auth/login?returnTo=/x/y%3Fz%3D1%26a%3Db%20c"
        );
        assert_eq!(root.path_of("/callback"), "/auth/callback");
        let below = web("https://a.example/portal", "/");
        assert_eq!(
            below.login_path("/x", None),
            "/portal/login?returnTo=/portal/x"
        );
        for nowhere in ["/x/../y", "/%5cx", &format!("/{}", "x".repeat(2000))] {
            assert_eq!(
                below.login_path(nowhere, None),
                "/portal/login",
                "{nowhere}"
            );
        }
        let corp = NamedCorp::of_page("?corpId=ww1").unwrap();
        assert_eq!(
            root.login_path("/x", Some(&corp)),
            "/auth/login?returnTo=/x&corpId=ww1"
        );
        assert_eq!(
            root.login_path("/x?orgCode=Acme", Some(&corp)),
            "/auth/login?returnTo=/x%3ForgCode%3DAcme&orgCode=Acme"
        );
    }
}
