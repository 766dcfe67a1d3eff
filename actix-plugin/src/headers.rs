//! actix's headers, as the core reads them.

use actix_web::http::header::{
    AUTHORIZATION, COOKIE, HeaderMap, HeaderName, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use wecom_login::web::Headers;

/// actix-web is on another `http` than the core.
pub(crate) struct ActixHeaders<'a>(pub(crate) &'a HeaderMap);

impl Headers for ActixHeaders<'_> {
    fn values<'a>(&'a self, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
        // A static name allocates nothing; the core's are in lower case. What every request is asked for is not read.
        let name = match name {
            "authorization" => AUTHORIZATION,
            "cookie" => COOKIE,
            "upgrade" => UPGRADE,
            "sec-websocket-protocol" => SEC_WEBSOCKET_PROTOCOL,
            name => HeaderName::from_static(name),
        };
        self.0.get_all(name).map(|value| value.as_bytes())
    }
}
