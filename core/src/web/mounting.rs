//! What a host app mounted wrongly: said once for each mistake, with the method that mends it.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::element::Instances;
use crate::web::config::HttpConfig;
use crate::web::request::Headers;
use crate::web::routes;

/// The headers in which proxies name the client.
const FORWARDED_HEADERS: [&str; 3] = ["x-forwarded-for", "forwarded", "x-real-ip"];

/// Whether our routes are mounted, and which mistakes were said.
#[derive(Debug, Default)]
pub(crate) struct Mounting {
    has_routes: AtomicBool,
    said_elsewhere: AtomicBool,
    said_missing: AtomicBool,
    said_guarded: AtomicBool,
    said_no_address: AtomicBool,
    said_unnamed_proxy: AtomicBool,
}

impl Mounting {
    /// An adapter mounts our routes.
    pub(crate) fn add_routes(&self) {
        self.has_routes.store(true, Ordering::Release);
    }

    /// Whether our routes are served below another path than the mount.
    pub(super) fn is_mounted_elsewhere(&self) -> bool {
        self.said_elsewhere.load(Ordering::Relaxed)
    }

    /// Whether browsers were led to routes that nobody mounted.
    pub(super) fn misses_routes(&self) -> bool {
        self.said_missing.load(Ordering::Relaxed)
    }

    /// Whether a request came without the client's address.
    pub(super) fn saw_no_address(&self) -> bool {
        self.said_no_address.load(Ordering::Relaxed)
    }

    /// Whether a request was forwarded by an address that is not named as a proxy.
    pub(super) fn saw_unnamed_proxy(&self) -> bool {
        self.said_unnamed_proxy.load(Ordering::Relaxed)
    }

    fn has_routes(&self) -> bool {
        self.has_routes.load(Ordering::Acquire)
    }
}

impl HttpConfig {
    /// Checks where our routes are: `sent_path` is the path of a request to one of them, `path` its part below the mount.
    pub(crate) fn check_mount(&self, sent_path: &str, path: &str) {
        let Some(prefix) = sent_path.strip_suffix(path) else {
            return;
        };
        let mount = self.mount.as_str();
        if self.is_mount(prefix) || !first_time(&self.mounting.said_elsewhere) {
            return;
        }
        tracing::error!(
            target: "wecom_login",
            "the login routes are served below {prefix:?}, but the handle was built for {mount:?}, where their links, \
             redirects and cookies lead: mount them at {mount:?}, or build the handle with Builder::mount({prefix:?})"
        );
    }

    /// Says so if browsers are led to routes that nobody mounted.
    pub(super) fn check_routes(&self) {
        if self.mounting.has_routes() || !first_time(&self.mounting.said_missing) {
            return;
        }
        let mount = self.mount.as_str();
        tracing::error!(
            target: "wecom_login",
            "a guard leads browsers to {}, but this process does not serve the login routes: mount login_routes(&login) \
             at {mount:?}, unless another process does",
            self.path_of("/login")
        );
    }

    /// Whether a path of the host app is one of our routes, which a guard lets through: they have rules of their own.
    pub(super) fn is_own_route(&self, instances: &Instances, path_and_query: &str) -> bool {
        if !self.mounting.has_routes() {
            return false;
        }
        let path = path_and_query
            .split_once('?')
            .map_or(path_and_query, |(path, _)| path);
        let path = path.strip_prefix(self.public_url.path()).unwrap_or(path);
        let Some((route, variable)) = path
            .strip_prefix(self.mount.as_str())
            .and_then(routes::find)
        else {
            return false;
        };
        // `/team/notify` of the host app is none of ours, where we are mounted at the root.
        let is_own = match variable {
            Some(name) if route.path.contains("{Instance}") => instances.find(&name).is_ok(),
            _ => true,
        };
        if is_own && first_time(&self.mounting.said_guarded) {
            tracing::error!(
                target: "wecom_login",
                "a guard lies over the login routes, and lets them through: lay it over the routes of the app only, in axum \
                 by route_layer before login_routes is nested or merged, in actix by wrap on a scope or resource of the app"
            );
        }
        is_own
    }

    /// Says so if the clients of a request cannot be told apart.
    pub(super) fn check_peer(&self, peer: Option<IpAddr>, headers: &(impl Headers + ?Sized)) {
        let Some(peer) = peer else {
            if first_time(&self.mounting.said_no_address) {
                tracing::warn!(
                    target: "wecom_login",
                    "requests come without the client's address, so that the limits count all clients as one: in axum, serve \
                     with into_make_service_with_connect_info::<SocketAddr>()"
                );
            }
            return;
        };
        if self.proxies.contains(peer.to_canonical()) {
            return;
        }
        let is_forwarded = FORWARDED_HEADERS
            .iter()
            .any(|name| headers.values(name).next().is_some());
        if is_forwarded && first_time(&self.mounting.said_unnamed_proxy) {
            tracing::warn!(
                target: "wecom_login", %peer,
                "a request was forwarded by an address that is not named as a proxy, so that the limits count all clients \
                 behind it as one: if it is yours, name it with Builder::trusted_proxies"
            );
        }
    }

    fn is_mount(&self, prefix: &str) -> bool {
        let below = prefix.strip_suffix(self.mount.as_str());
        below.is_some_and(|before| before.is_empty() || before == self.public_url.path())
    }
}

fn first_time(said: &AtomicBool) -> bool {
    !said.load(Ordering::Relaxed) && !said.swap(true, Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::admin::AdminAuth;
    use crate::web::client::TrustedProxies;
    use crate::web::mount::Mount;
    use crate::web::public_url::PublicUrl;

    fn config(url: &str, mount: &str) -> HttpConfig {
        let (url, mount) = (PublicUrl::new(url).unwrap(), Mount::new(mount).unwrap());
        HttpConfig::new(url, mount, AdminAuth::default(), TrustedProxies::default())
    }

    #[test]
    fn mount_is_as_built_or_below_the_public_url() {
        let is_elsewhere = |url: &str, mount: &str, sent: &str, path: &str| {
            let config = config(url, mount);
            config.check_mount(sent, path);
            config.mounting.is_mounted_elsewhere()
        };
        for (url, mount, sent, path) in [
            ("https://a.example", "/auth", "/auth/login", "/login"),
            ("https://a.example", "/", "/login", "/login"),
            ("https://a.example/portal", "/auth", "/auth/me", "/me"),
            (
                "https://a.example/portal",
                "/auth",
                "/portal/auth/me",
                "/me",
            ),
            // Two slashes, of which the router took one.
            ("https://a.example", "/auth", "/auth//me", "/x"),
        ] {
            assert!(!is_elsewhere(url, mount, sent, path), "{sent}");
        }
        for (sent, path) in [("/login/login", "/login"), ("/login", "/login")] {
            assert!(is_elsewhere("https://a.example", "/auth", sent, path));
        }
        assert!(is_elsewhere("https://a.example", "/", "/auth/me", "/me"));
    }

    #[test]
    fn own_routes_are_those_of_the_table_below_the_mount() {
        let (config, instances) = (
            config("https://a.example/portal", "/auth"),
            Instances::default(),
        );
        assert!(
            !config.is_own_route(&instances, "/auth/login"),
            "not mounted"
        );
        config.mounting.add_routes();
        for own in [
            "/auth/login?returnTo=/",
            "/auth/callback",
            "/auth/notify?a=/b",
            "/portal/auth/me",
            "/auth/sessions/1",
            "/auth/forwardAuth/a/b",
        ] {
            assert!(config.is_own_route(&instances, own), "{own}");
        }
        for other in [
            "/auth",
            "/auth/",
            "/authlogin",
            "/auth/x",
            "/auth/team/notify",
            "/auth/../login",
            "/login",
            "/x?/auth/login",
            "/AUTH/login",
            "/auth/%6dogin",
        ] {
            assert!(!config.is_own_route(&instances, other), "{other}");
        }
    }
}
