//! The page behind `qrcode_url`: an administrator authorises an app (D/98744).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::shell::{escape, page as shell, refusal};
use crate::engine::Engine;
use crate::world::AuthLink;

pub(super) async fn page(State(engine): State<Arc<Engine>>, RawQuery(query): RawQuery) -> Response {
    let key = parameter(query.as_deref().unwrap_or_default().as_bytes(), "key");
    let Some(link) = link(&engine, &key) else { return gone() };
    let mut list = String::from("<ul class=\"people\">");
    for (corp_id, name, installed) in companies(&engine, &link) {
        let initial: String = name.chars().take(1).collect();
        let tag = if installed { " <span class=\"tag good\">authorised</span>" } else { "" };
        list.push_str(&format!(
            "<li><button name=\"corpId\" value=\"{id}\"><span class=\"face\" aria-hidden=\"true\">{}</span>\
             <span><b>{}{tag}</b><small>{id}</small></span></button></li>",
            escape(&initial),
            escape(&name),
            id = escape(&corp_id),
        ));
    }
    list.push_str("</ul>");
    let suites: Vec<String> =
        link.suite_ids.iter().map(|id| format!("<code>{}</code>", escape(id))).collect();
    let body = format!(
        "<main class=\"card\"><h1>Authorise an app</h1><p class=\"quiet\">Template {}</p>\
         <p>The administrator of which company says yes?</p>\
         <form method=\"post\" action=\"/wwopen/customApp/authorize\"><input type=\"hidden\" name=\"key\" value=\"{}\">{list}</form></main>",
        suites.join(", "),
        escape(&key),
    );
    shell(StatusCode::OK, "authorise", "Authorise an app", &body, "")
}

pub(super) async fn agree(State(engine): State<Arc<Engine>>, form: Bytes) -> Response {
    let Some(link) = link(&engine, &parameter(&form, "key")) else { return gone() };
    let corp_id = parameter(&form, "corpId");
    let state = Some(link.state.clone()).filter(|state| !state.is_empty());
    let mut lines = String::new();
    for suite_id in &link.suite_ids {
        match engine.install(&corp_id, Some(suite_id), state.clone()).await {
            Ok(delivery) => {
                let answer = match (delivery.status, &delivery.error) {
                    (Some(status), _) => format!("answered {status} after {} ms", delivery.duration_ms),
                    (None, error) => error.clone().unwrap_or_else(|| "not sent".to_owned()),
                };
                lines.push_str(&format!(
                    "<li><code>create_auth</code> of {}: {}</li>",
                    escape(suite_id),
                    escape(&answer)
                ));
            }
            Err(problem) => {
                return refusal(StatusCode::BAD_REQUEST, "That does not work", &problem.title);
            }
        }
    }
    let body = format!(
        "<main class=\"card\"><h1>Authorised</h1><ul>{lines}</ul>\
         <p><a class=\"button\" href=\"/sandbox\">Open the console</a></p></main>"
    );
    shell(StatusCode::OK, "authorise", "Authorised", &body, "")
}

fn link(engine: &Engine, key: &str) -> Option<AuthLink> {
    engine.read(|world| world.auth_link(key).cloned())
}

fn companies(engine: &Engine, link: &AuthLink) -> Vec<(String, String, bool)> {
    engine.read(|world| {
        world
            .corps
            .iter()
            .map(|corp| {
                let has = |id: &String| corp.installed().any(|app| app.suite_id == *id);
                (world.shown_corp_id(corp), corp.name.clone(), link.suite_ids.iter().all(has))
            })
            .collect()
    })
}

fn gone() -> Response {
    refusal(StatusCode::NOT_FOUND, "This link does not work", "It is unknown, or older than ten days.")
}

fn parameter(query: &[u8], name: &str) -> String {
    form_urlencoded::parse(query)
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
