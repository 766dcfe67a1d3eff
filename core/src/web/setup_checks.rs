//! What the doctor says of the setup: the public URL, the mount, the proxies.

use std::sync::Arc;

use crate::services::{DoctorCheck, SetupChecks};
use crate::web::config::HttpConfig;
use crate::web::mounting::Mounting;

/// What is checked once, since it does not change.
struct Setup {
    public_url: String,
    is_https: bool,
    is_loopback: bool,
    proxies: usize,
    mounting: Arc<Mounting>,
}

impl HttpConfig {
    /// The doctor's checks of the setup.
    pub(crate) fn setup_checks(&self) -> SetupChecks {
        let url = &self.public_url;
        let setup = Setup {
            public_url: format!("{}{}", url.origin(), url.path()),
            is_https: url.is_https(),
            is_loopback: url.is_loopback(),
            proxies: self.proxies.len(),
            mounting: Arc::clone(&self.mounting),
        };
        Arc::new(move || vec![setup.public_url(), setup.proxies()])
    }
}

impl Setup {
    fn public_url(&self) -> DoctorCheck {
        const ID: &str = "publicUrl";
        let check = if self.mounting.is_mounted_elsewhere() {
            DoctorCheck::fail(
                ID,
                "the login routes are served below another path than the mount",
            )
            .with_hint("mount them where Builder::mount says, or change it")
        } else if self.mounting.misses_routes() {
            DoctorCheck::fail(
                ID,
                "browsers are led to the login routes, and this process does not serve them",
            )
            .with_hint("mount the login routes, unless another process serves them")
        } else if self.is_loopback {
            DoctorCheck::warn(ID, "only this machine reaches it")
                .with_hint("set the public URL as people's browsers and WeCom see it")
        } else if self.is_https {
            DoctorCheck::ok(ID, "https")
        } else {
            DoctorCheck::fail(ID, "http: everyone on the way can read the sessions")
                .with_hint("serve the app over https, and set the public URL so")
        };
        check.about(self.public_url.as_str())
    }

    fn proxies(&self) -> DoctorCheck {
        const ID: &str = "proxies";
        if self.mounting.saw_no_address() {
            let detail =
                "requests come without the client's address: the limits count all clients as one";
            return DoctorCheck::fail(ID, detail).with_hint(
                "in axum, serve with into_make_service_with_connect_info::<SocketAddr>()",
            );
        }
        if self.mounting.saw_unnamed_proxy() {
            let detail = "requests are forwarded by an address that is not named as a proxy: the limits count all clients \
                          behind it as one";
            return DoctorCheck::fail(ID, detail)
                .with_hint("if the proxy is yours, name it with Builder::trusted_proxies");
        }
        DoctorCheck::ok(
            ID,
            format!("{} networks of proxies are trusted", self.proxies),
        )
    }
}
