//! `/connect/oauth2/authorize`: what a person meets who clicks the app in the workbench (D/96441).

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::login::{ANSWER, Ask, CHOSEN, Person};
use super::shell::{escape, page as shell, refusal};
use crate::engine::Engine;

pub(super) async fn page(State(engine): State<Arc<Engine>>, RawQuery(query): RawQuery) -> Response {
    let ask = match Ask::read(&engine, query.as_deref()) {
        Ok(ask) => ask,
        Err(refused) => return *refused,
    };
    // Without agentid, privateinfo counts as base (D/96441).
    let private_info = match ask.scope.as_str() {
        "snsapi_base" => false,
        "snsapi_privateinfo" | "snsapi_userinfo" => ask.agent_named,
        _ => {
            let why = "scope 参数错误: it is snsapi_base or snsapi_privateinfo.";
            return refusal(StatusCode::BAD_REQUEST, "This login link is not right", why);
        }
    };
    let Some(person) = ask.person(&engine) else { return choose(&engine, &ask) };
    if !engine.read(|world| world.settings.licence) {
        let told = Arc::clone(&engine);
        let (corp, user, suite) = (ask.corp, person.handle, ask.suite_id);
        tokio::spawn(async move { told.unlicensed(&corp, &user, Some(&suite)).await });
        let why = "This person has no interface licence. Please contact the provider of the app.";
        return refusal(StatusCode::FORBIDDEN, "No licence", why);
    }
    if !private_info {
        return ask.accept(&engine, &person, false);
    }
    if !person.visible {
        return refusal(
            StatusCode::FORBIDDEN,
            "No permission",
            "The person is outside the app's visible range.",
        );
    }
    match ask.answer.as_deref() {
        Some("yes") => ask.accept(&engine, &person, true),
        Some(_) => ask.refuse(),
        None => consent(&engine, &ask, &person),
    }
}

fn choose(engine: &Engine, ask: &Ask) -> Response {
    let body = format!(
        "<main class=\"card\"><h1>Who clicks the app?</h1><p class=\"quiet\">{} · WeCom workbench</p>{}</main>",
        escape(&ask.corp_name),
        ask.list(engine),
    );
    shell(StatusCode::OK, "login", "Who clicks the app?", &body, "")
}

fn consent(engine: &Engine, ask: &Ask, person: &Person) -> Response {
    let granted = engine.read(|world| world.settings.permissions.clone());
    let fields: String = granted
        .iter()
        .filter_map(|permission| permission.strip_prefix("contact:sensitive:"))
        .map(|field| format!("<li>{}</li>", escape(&field.replace('_', " "))))
        .collect();
    let yes = ask.link(&[(CHOSEN, &person.handle), (ANSWER, "yes")]);
    let no = ask.link(&[(CHOSEN, &person.handle), (ANSWER, "no")]);
    let body = format!(
        "<main class=\"card\"><h1>{}, may the app see this?</h1><p class=\"quiet\">{}</p><ul>{fields}</ul>\
         <p class=\"row\"><a class=\"button main\" href=\"{yes}\">Allow</a><a class=\"button\" href=\"{no}\">Refuse</a></p></main>",
        escape(&person.name),
        escape(&ask.corp_name),
    );
    shell(StatusCode::OK, "login", "May the app see this?", &body, "")
}
