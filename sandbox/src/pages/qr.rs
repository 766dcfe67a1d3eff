//! `/wwlogin/sso/login`: the QR page (D/98173). Whom to scan as is chosen below the code.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use qrcode::QrCode;
use qrcode::render::svg;

use super::login::{ANSWER, Ask};
use super::shell::{escape, page as shell, refusal};
use crate::engine::Engine;

pub(super) async fn page(
    State(engine): State<Arc<Engine>>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if let Some(login_type) = login_type(query.as_deref())
        && login_type != "CorpApp"
    {
        let why = "login_type is CorpApp for an app of a company (-31040).";
        return refusal(StatusCode::BAD_REQUEST, "This login link is not right", why);
    }
    let ask = match Ask::read(&engine, query.as_deref()) {
        Ok(ask) => ask,
        Err(refused) => return *refused,
    };
    if !ask.agent_named {
        let why = "agentid 不正确: it is missing (-31028).";
        return refusal(StatusCode::BAD_REQUEST, "This login link is not right", why);
    }
    if ask.answer.is_some() {
        return ask.refuse();
    }
    let Some(person) = ask.person(&engine) else { return scan(&engine, &ask, &uri.to_string(), &headers) };
    if person.is_member && !person.visible {
        let why = "The person is outside the app's visible range.";
        return refusal(StatusCode::FORBIDDEN, "No permission", why);
    }
    ask.accept(&engine, &person, false)
}

fn scan(engine: &Engine, ask: &Ask, uri: &str, headers: &HeaderMap) -> Response {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let picture = svg(&format!("http://{host}{uri}"));
    let body = format!(
        "<main class=\"card\"><h1>Scan to log in</h1><p class=\"quiet\">{}</p>\
         <div class=\"code\" role=\"img\" aria-label=\"QR code of this page\">{picture}</div>\
         <h2>Scan as</h2>{}<p><a class=\"button\" href=\"{}\">Refuse</a></p></main>",
        escape(&ask.corp_name),
        ask.list(engine),
        ask.link(&[(ANSWER, "no")]),
    );
    shell(StatusCode::OK, "login", "Scan to log in", &body, "")
}

/// A QR code as an SVG element; nothing if the text is too long for one.
pub(super) fn svg(text: &str) -> String {
    let Ok(code) = QrCode::new(text) else { return String::new() };
    let picture = code
        .render::<svg::Color<'_>>()
        .min_dimensions(216, 216)
        .dark_color(svg::Color("#10141a"))
        .light_color(svg::Color("#ffffff"))
        .build();
    match picture.find("<svg") {
        Some(start) => picture[start..].to_owned(),
        None => String::new(),
    }
}

fn login_type(query: Option<&str>) -> Option<String> {
    form_urlencoded::parse(query?.as_bytes())
        .find(|(name, _)| name == "login_type")
        .map(|(_, value)| value.into_owned())
}
