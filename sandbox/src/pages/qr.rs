//! `/wwlogin/sso/login`: the QR page (D/98173). Whom to scan as is chosen below the code.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Uri, header};
use axum::response::Response;
use qrcode::QrCode;
use qrcode::render::svg;

use super::login::{ANSWER, Ask, refused};
use super::shell::{Page, escape, language};
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
        return *refused(
            language(query.as_deref(), &headers),
            "login_type 不正确：企业的应用应为 CorpApp（-31040）。",
            "login_type is wrong: it is CorpApp for an app of a company (-31040).",
        );
    }
    let ask = match Ask::read(&engine, query.as_deref(), &headers) {
        Ok(ask) => ask,
        Err(refused) => return *refused,
    };
    if !ask.agent_named {
        let (zh, en) = (
            "agentid 不正确：缺少该参数（-31028）。",
            "agentid is wrong: it is missing (-31028).",
        );
        return *refused(ask.language, zh, en);
    }
    if ask.answer.is_some() {
        return ask.refuse();
    }
    let Some(person) = ask.person(&engine) else {
        return scan(&engine, &ask, &uri.to_string(), &headers);
    };
    if person.is_member && !person.visible {
        return ask.invisible();
    }
    ask.accept(&engine, &person, false)
}

fn scan(engine: &Engine, ask: &Ask, uri: &str, headers: &HeaderMap) -> Response {
    let say = |zh, en| ask.language.choose(zh, en);
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let picture = svg(
        &format!("http://{host}{uri}"),
        say("本页面的二维码", "QR code of this page"),
    );
    let title = say("企业微信扫码登录", "Scan to log in");
    let body = format!(
        "<main class=\"card\"><h1>{title}</h1><p class=\"quiet\">{}</p>\
         <div class=\"code\">{picture}</div>\
         <h2>{}</h2>{}<p><a class=\"button\" href=\"{}\"{}>{}</a></p></main>",
        escape(&ask.corp_name),
        say("扫码人", "Scan as"),
        ask.list(engine),
        ask.link(&[(ANSWER, "no")]),
        ask.target(),
        say("拒绝", "Refuse"),
    );
    // As WeCom's own, in a panel of the app too.
    Page {
        framed_by: ask.app_origin(),
        ..Page::new(ask.language, title, &body)
    }
    .response()
}

/// A QR code as an SVG element that is called `label`; nothing if the text is too long for one.
fn svg(text: &str, label: &str) -> String {
    let Ok(code) = QrCode::new(text) else {
        return String::new();
    };
    let picture = code
        .render::<svg::Color<'_>>()
        .min_dimensions(216, 216)
        .dark_color(svg::Color("#10141a"))
        .light_color(svg::Color("#ffffff"))
        .build();
    match picture.find("<svg") {
        Some(start) => picture[start..].replacen(
            "<svg",
            &format!("<svg role=\"img\" aria-label=\"{label}\""),
            1,
        ),
        None => String::new(),
    }
}

fn login_type(query: Option<&str>) -> Option<String> {
    form_urlencoded::parse(query?.as_bytes())
        .find(|(name, _)| name == "login_type")
        .map(|(_, value)| value.into_owned())
}
