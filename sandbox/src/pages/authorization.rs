//! The page behind `qrcode_url`: an administrator authorizes an app (D/98744).

use std::sync::Arc;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use wecom_login::web::Language;

use super::layout::{Layout, error_page};
use super::login::initial;
use super::query::{first_value, language};
use crate::actions::Installation;
use crate::engine::Engine;
use crate::store::{AuthLink, Delivery};

/// The page that selects the corp.
#[derive(Template)]
#[template(path = "authorize.html")]
struct AuthorizePage<'a> {
    layout: Layout,
    key: &'a str,
    suite_ids: &'a [String],
    corps: Vec<SelectableCorp>,
}

/// The page after the authorization: the result of the push for each suite.
#[derive(Template)]
#[template(path = "authorized.html")]
struct AuthorizedPage<'a> {
    layout: Layout,
    results: Vec<(&'a str, String)>,
}

struct SelectableCorp {
    id: String,
    name: String,
    /// Whether all suites of the link are authorized.
    authorized: bool,
}

impl SelectableCorp {
    fn initial(&self) -> String {
        initial(&self.name)
    }
}

pub(super) async fn page(
    State(engine): State<Arc<Engine>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let language = language(query.as_deref(), &headers);
    let key =
        first_value(query.as_deref().unwrap_or_default().as_bytes(), "key").unwrap_or_default();
    let Some(link) = auth_link(&engine, &key) else {
        return unknown_link(language);
    };
    let page = AuthorizePage {
        layout: layout(language, language.choose("授权应用", "Authorize an app")),
        key: &key,
        suite_ids: &link.suite_ids,
        corps: selectable_corps(&engine, &link),
    };
    page.layout.render(StatusCode::OK, &page)
}

pub(super) async fn submit(
    State(engine): State<Arc<Engine>>,
    headers: HeaderMap,
    form: Bytes,
) -> Response {
    let language = language(None, &headers);
    let field = |name| first_value(&form, name).unwrap_or_default();
    let Some(link) = auth_link(&engine, &field("key")) else {
        return unknown_link(language);
    };
    let corp_id = field("corpId");
    let state = Some(link.state.clone()).filter(|state| !state.is_empty());
    let mut results = Vec::with_capacity(link.suite_ids.len());
    for suite_id in &link.suite_ids {
        let installation = Installation {
            suite_id: Some(suite_id.clone()),
            state: state.clone(),
            ..Installation::default()
        };
        match engine.install(&corp_id, installation).await {
            Ok(delivery) => results.push((suite_id.as_str(), push_result(&delivery, language))),
            Err(problem) => {
                let title = language.choose("无法完成", "Request failed");
                return error_page(language, StatusCode::BAD_REQUEST, title, &problem.title);
            }
        }
    }
    let page = AuthorizedPage {
        layout: layout(language, language.choose("已授权", "Authorized")),
        results,
    };
    page.layout.render(StatusCode::OK, &page)
}

/// The browser sends the form's Origin, which the sandbox requires, only together with a referrer.
fn layout(language: Language, title: &'static str) -> Layout {
    Layout {
        body_class: "authorize",
        referrer_policy: "same-origin",
        ..Layout::new(language, title)
    }
}

fn auth_link(engine: &Engine, key: &str) -> Option<AuthLink> {
    engine.read(|store| store.auth_link(key).cloned())
}

fn selectable_corps(engine: &Engine, link: &AuthLink) -> Vec<SelectableCorp> {
    engine.read(|store| {
        store
            .corps
            .iter()
            .map(|corp| SelectableCorp {
                id: store.listed_corp_id(corp),
                name: corp.name.clone(),
                authorized: link
                    .suite_ids
                    .iter()
                    .all(|id| corp.installed_apps().any(|app| app.suite_id == *id)),
            })
            .collect()
    })
}

fn push_result(delivery: &Delivery, language: Language) -> String {
    match (delivery.status, &delivery.error) {
        (Some(status), _) => format!("{status}, {} ms", delivery.duration_ms),
        (None, Some(error)) => error.clone(),
        (None, None) => language.choose("未推送", "not sent").to_owned(),
    }
}

fn unknown_link(language: Language) -> Response {
    let say = |zh, en| language.choose(zh, en);
    let reason = say(
        "链接不存在，或已超过十天。",
        "It is unknown, or older than ten days.",
    );
    error_page(
        language,
        StatusCode::NOT_FOUND,
        say("此链接无效", "This link does not work"),
        reason,
    )
}
