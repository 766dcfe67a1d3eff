//! Query parameters of the pages.

use axum::http::{HeaderMap, header};
use wecom_login::web::Language;

/// The first value of a parameter of a query or a form.
pub(super) fn first_value(query: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(query)
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The language of a page: the `lang` parameter (D/98174), else the browser's preference.
pub(super) fn language(query: Option<&str>, headers: &HeaderMap) -> Language {
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match (&*name, &*value) {
            ("lang", "zh") => return Language::Zh,
            ("lang", "en") => return Language::En,
            _ => {}
        }
    }
    let accepted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    Language::from_accept_language(accepted.unwrap_or_default())
}
