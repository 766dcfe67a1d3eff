//! `/wwlogin/sso/login`: the QR page (D/98173). The member who scans is selected below the QR code.

use std::sync::Arc;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use qrcode::QrCode;
use qrcode::render::svg;

use super::layout::Layout;
use super::login::{LoginRequest, SelectableMember, invalid_link};
use super::query::{first_value, language};
use crate::engine::Engine;

#[derive(Template)]
#[template(path = "qr.html")]
struct QrPage<'a> {
    layout: Layout,
    request: &'a LoginRequest,
    members: Vec<SelectableMember>,
    /// An SVG element.
    qr_code: String,
}

pub(super) async fn page(
    State(engine): State<Arc<Engine>>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let login_type = first_value(
        query.as_deref().unwrap_or_default().as_bytes(),
        "login_type",
    );
    if login_type.is_some_and(|login_type| login_type != "CorpApp") {
        return *invalid_link(
            language(query.as_deref(), &headers),
            "login_type 不正确：企业的应用应为 CorpApp（-31040）。",
            "login_type is invalid: it must be CorpApp for an app of a corp (-31040).",
        );
    }
    let request = match LoginRequest::parse(&engine, query.as_deref(), &headers) {
        Ok(request) => request,
        Err(page) => return *page,
    };
    if !request.has_agent_id {
        return *invalid_link(
            request.language,
            "agentid 不正确：缺少该参数（-31028）。",
            "agentid is missing (-31028).",
        );
    }
    if request.consent.is_some() {
        return request.deny();
    }
    let Some(member) = request.selected_member(&engine) else {
        return qr_page(&engine, &request, &uri, &headers);
    };
    if member.is_member && !member.visible {
        return request.out_of_range();
    }
    request.accept(&engine, &member, false)
}

fn qr_page(engine: &Engine, request: &LoginRequest, uri: &Uri, headers: &HeaderMap) -> Response {
    let say = |zh, en| request.language.choose(zh, en);
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let page = QrPage {
        layout: Layout {
            // The app may show the page in a frame, as with WeCom.
            frame_ancestors: request.app_origin().to_owned(),
            ..Layout::new(request.language, say("企业微信扫码登录", "Scan to log in"))
        },
        request,
        members: request.members(engine),
        qr_code: svg_element(
            &format!("http://{host}{uri}"),
            say("本页面的二维码", "QR code of this page"),
        ),
    };
    page.layout.render(StatusCode::OK, &page)
}

/// A QR code as an SVG element with this label; empty if the text is too long for a QR code.
fn svg_element(text: &str, label: &str) -> String {
    let Ok(code) = QrCode::new(text) else {
        return String::new();
    };
    let document = code
        .render::<svg::Color<'_>>()
        .min_dimensions(216, 216)
        .dark_color(svg::Color("#10141a"))
        .light_color(svg::Color("#ffffff"))
        .build();
    match document.find("<svg") {
        Some(start) => document[start..].replacen(
            "<svg",
            &format!("<svg role=\"img\" aria-label=\"{label}\""),
            1,
        ),
        None => String::new(),
    }
}
