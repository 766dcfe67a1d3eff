//! The page behind `qrcode_url`: an administrator authorises an app (D/98744).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use wecom_login::web::Language;

use super::shell::{Page, escape, language, refusal};
use crate::engine::Engine;
use crate::store::AuthLink;

pub(super) async fn page(
    State(engine): State<Arc<Engine>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let language = language(query.as_deref(), &headers);
    let say = |zh, en| language.choose(zh, en);
    let key = parameter(query.as_deref().unwrap_or_default().as_bytes(), "key");
    let Some(link) = link(&engine, &key) else {
        return gone(language);
    };
    let authorised = format!(
        " <span class=\"tag good\">{}</span>",
        say("已授权", "authorised")
    );
    let mut list = String::from("<ul class=\"people\">");
    for (corp_id, name, installed_apps) in companies(&engine, &link) {
        let initial: String = name.chars().take(1).collect();
        let tag = if installed_apps { &*authorised } else { "" };
        list.push_str(&format!(
            "<li><button name=\"corpId\" value=\"{id}\"><span class=\"face\" aria-hidden=\"true\">{}</span>\
             <span><b>{}{tag}</b><small>{id}</small></span></button></li>",
            escape(&initial),
            escape(&name),
            id = escape(&corp_id),
        ));
    }
    list.push_str("</ul>");
    let suites: Vec<String> = link
        .suite_ids
        .iter()
        .map(|id| format!("<code>{}</code>", escape(id)))
        .collect();
    let title = say("授权应用", "Authorise an app");
    let body = format!(
        "<main class=\"card\"><h1>{title}</h1><p class=\"quiet\">{} {}</p><p>{}</p>\
         <form method=\"post\" action=\"/wwopen/customApp/authorize\"><input type=\"hidden\" name=\"key\" value=\"{}\">{list}</form></main>",
        say("模板", "Template"),
        suites.join(", "),
        say(
            "哪家企业的管理员同意授权？",
            "The administrator of which company says yes?"
        ),
        escape(&key),
    );
    Page {
        class: "authorise",
        ..Page::new(language, title, &body)
    }
    .response()
}

pub(super) async fn agree(
    State(engine): State<Arc<Engine>>,
    headers: HeaderMap,
    form: Bytes,
) -> Response {
    let language = language(None, &headers);
    let say = |zh, en| language.choose(zh, en);
    let Some(link) = link(&engine, &parameter(&form, "key")) else {
        return gone(language);
    };
    let corp_id = parameter(&form, "corpId");
    let state = Some(link.state.clone()).filter(|state| !state.is_empty());
    let mut lines = String::new();
    for suite_id in &link.suite_ids {
        match engine
            .install(&corp_id, Some(suite_id), state.clone())
            .await
        {
            Ok(delivery) => {
                let answer = match (delivery.status, &delivery.error) {
                    (Some(status), _) => format!("{status}, {} ms", delivery.duration_ms),
                    (None, error) => error
                        .clone()
                        .unwrap_or_else(|| say("未推送", "not sent").to_owned()),
                };
                lines.push_str(&format!(
                    "<li><code>create_auth</code> <code>{}</code>: {}</li>",
                    escape(suite_id),
                    escape(&answer)
                ));
            }
            Err(problem) => {
                let title = say("无法完成", "That does not work");
                return refusal(language, StatusCode::BAD_REQUEST, title, &problem.title);
            }
        }
    }
    let title = say("已授权", "Authorised");
    let body = format!(
        "<main class=\"card\"><h1>{title}</h1><ul>{lines}</ul>\
         <p><a class=\"button\" href=\"/sandbox\">{}</a></p></main>",
        say("打开控制台", "Open the console"),
    );
    Page {
        class: "authorise",
        ..Page::new(language, title, &body)
    }
    .response()
}

fn link(engine: &Engine, key: &str) -> Option<AuthLink> {
    engine.read(|store| store.auth_link(key).cloned())
}

fn companies(engine: &Engine, link: &AuthLink) -> Vec<(String, String, bool)> {
    engine.read(|store| {
        store
            .corps
            .iter()
            .map(|corp| {
                let has = |id: &String| corp.installed_apps().any(|app| app.suite_id == *id);
                (
                    store.public_corp_id(corp),
                    corp.name.clone(),
                    link.suite_ids.iter().all(has),
                )
            })
            .collect()
    })
}

fn gone(language: Language) -> Response {
    let say = |zh, en| language.choose(zh, en);
    let why = say(
        "链接不存在，或已超过十天。",
        "It is unknown, or older than ten days.",
    );
    refusal(
        language,
        StatusCode::NOT_FOUND,
        say("此链接无效", "This link does not work"),
        why,
    )
}

fn parameter(query: &[u8], name: &str) -> String {
    form_urlencoded::parse(query)
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
