//! `/sandbox/jssdk`: a page that registers WeCom's own `@wecom/jssdk` with signatures of the app, in any browser.

use std::sync::Arc;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use wecom_login::web::QrPanel;

use super::layout::Layout;
use super::query::language;
use crate::engine::Engine;

/// The npm package's file, which browsers run only if it has the digest of [`QrPanel::INTEGRITY`].
const JS_SDK_URL: &str =
    "https://cdn.jsdelivr.net/npm/@wecom/jssdk@2.4.4/dist/wecom.global.prod.js";

/// Registers the SDK and shows what the sandbox said of each signature.
const SCRIPT: &str = include_str!("../../templates/js_sdk.js");

#[derive(Template)]
#[template(path = "js_sdk.html")]
struct JsSdkPage<'a> {
    layout: &'a Layout,
    /// Of the app; empty if it is not known.
    page_url: String,
    sdk_url: &'static str,
    integrity: &'static str,
}

pub(super) async fn page(
    State(engine): State<Arc<Engine>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let language = language(query.as_deref(), &headers);
    let layout = Layout {
        script: SCRIPT,
        ..Layout::new(
            language,
            language.choose("检查 JS-SDK 签名", "Check JS-SDK signatures"),
        )
    };
    let domain = engine.read(|store| engine.trusted_domain(store));
    let page = JsSdkPage {
        layout: &layout,
        page_url: domain
            .map(|domain| format!("http://{domain}/"))
            .unwrap_or_default(),
        sdk_url: JS_SDK_URL,
        integrity: QrPanel::INTEGRITY,
    };
    layout.render(StatusCode::OK, &page)
}
