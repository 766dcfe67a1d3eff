//! The redirect URI of a login link.

use axum::http::Uri;

use super::Bilingual;
use crate::delivery::host_and_port;
use crate::engine::Engine;

/// A redirect URI on the app's trusted domain.
pub(super) struct RedirectUri {
    text: String,
    /// Host and port, as a trusted domain names them.
    pub(super) host: String,
    /// Scheme, host and port.
    pub(super) origin: String,
}

impl RedirectUri {
    /// Parses a redirect URI. Its host and port must be exactly the app's trusted domain (D/96441), so there is
    /// no user name before them.
    pub(super) fn parse(engine: &Engine, text: String) -> Result<Self, Bilingual<String>> {
        let without_fragment = text.split('#').next().unwrap_or_default();
        let uri: Option<Uri> = without_fragment.parse().ok();
        let parts = uri
            .as_ref()
            .and_then(|uri| Some((uri.scheme_str()?, host_and_port(uri)?)));
        let Some((scheme, host)) = parts else {
            return Err((
                "redirect_uri 参数错误：不是 http 或 https 链接。".to_owned(),
                "redirect_uri is invalid: it must be an http or https URL.".to_owned(),
            ));
        };
        let has_user = uri
            .as_ref()
            .and_then(Uri::authority)
            .is_some_and(|authority| authority.as_str().contains('@'));
        if has_user {
            return Err((
                "redirect_uri 参数错误：不能包含用户名。".to_owned(),
                "redirect_uri is invalid: it must not have a user name.".to_owned(),
            ));
        }
        let trusted = engine.read(|store| engine.trusted_domain(store));
        if trusted.as_deref() == Some(host.as_str()) {
            let origin = format!("{scheme}://{host}");
            return Ok(Self { text, host, origin });
        }
        let zh = trusted.as_deref().unwrap_or("未设置");
        let en = trusted.as_deref().unwrap_or("not set");
        Err((
            format!("redirect_uri 参数错误：其域名为 {host}，应用的可信域名为 {zh}。"),
            format!(
                "redirect_uri is invalid: its host is {host}, the app's trusted domain is {en}."
            ),
        ))
    }

    /// The URI with parameters added. Its own query and fragment stay (D/96441).
    pub(super) fn with_parameters(&self, parameters: &[(&str, &str)]) -> String {
        let added = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        let (base, fragment) = match self.text.split_once('#') {
            Some((base, fragment)) => (base, format!("#{fragment}")),
            None => (self.text.as_str(), String::new()),
        };
        let separator = match base.chars().last() {
            Some('?' | '&') => "",
            _ if base.contains('?') => "&",
            _ => "?",
        };
        format!("{base}{separator}{added}{fragment}")
    }
}
