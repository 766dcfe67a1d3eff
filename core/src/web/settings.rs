//! What the wire rules are configured with.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::admin::Admin;
use super::client::TrustedProxies;
use super::cookie::SessionCookie;
use super::public_url::{Mount, PublicUrl};

/// What a query value keeps as it is (RFC 3986, 2.3, and the slash for legibility).
const QUERY_VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Where we are, who administers us, and which proxies are believed.
#[derive(Debug)]
pub(crate) struct Web {
    pub(crate) public_url: PublicUrl,
    pub(crate) mount: Mount,
    pub(crate) admin: Admin,
    pub(crate) proxies: TrustedProxies,
    pub(crate) cookie: SessionCookie,
}

impl Web {
    pub(crate) fn new(public_url: PublicUrl, mount: Mount, admin: Admin, proxies: TrustedProxies) -> Self {
        Self { cookie: SessionCookie::new(&public_url), public_url, mount, admin, proxies }
    }

    /// The path of one of our routes, as the browser sees it.
    pub(crate) fn path_of(&self, route: &str) -> String {
        format!("{}{}{route}", self.public_url.path(), self.mount.as_str())
    }

    /// Where a browser logs in, to come back afterwards to `path_and_query` of the host app.
    pub(crate) fn login_path(&self, path_and_query: &str) -> String {
        let return_to = format!("{}{path_and_query}", self.public_url.path());
        format!("{}?returnTo={}", self.path_of("/login"), utf8_percent_encode(&return_to, QUERY_VALUE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_the_login_follows_the_public_url() {
        let web = |url: &str, mount: &str| {
            let (url, mount) = (PublicUrl::new(url).unwrap(), Mount::new(mount).unwrap());
            Web::new(url, mount, Admin::default(), TrustedProxies::default())
        };
        let root = web("https://a.example", "/auth");
        assert_eq!(root.login_path("/x/y?z=1&a=b c"), "/auth/login?returnTo=/x/y%3Fz%3D1%26a%3Db%20c");
        assert_eq!(root.path_of("/callback"), "/auth/callback");
        let below = web("https://a.example/portal", "/");
        assert_eq!(below.login_path("/x"), "/portal/login?returnTo=/portal/x");
    }
}
