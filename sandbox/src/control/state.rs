//! `GET /sandbox/state`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::json_response;
use crate::engine::Engine;
use crate::store::{Corp, Store};

pub(super) async fn serve(State(engine): State<Arc<Engine>>) -> Response {
    json_response(&state(&engine))
}

/// All data except secrets.
pub(crate) fn state(engine: &Engine) -> Value {
    let notify = engine.notify_url().map(|url| url.as_str().to_owned());
    engine.read(|store| {
        let suites: Vec<Value> = engine
            .suites
            .iter()
            .map(|suite| {
                let id = suite.id.as_str();
                json!({
                    "suiteId": id,
                    "instances": engine.instances.get(id),
                    "lastTicketAt": store.last_ticket_at(id),
                })
            })
            .collect();
        let corps: Vec<Value> = store
            .corps
            .iter()
            .map(|corp| corp_state(engine, store, corp))
            .collect();
        json!({
            "suites": suites,
            "corps": corps,
            "deliveries": store.deliveries,
            "calls": store.calls,
            "errors": store.errors,
            "wrongSecrets": store.rates.wrong_secrets(store.now()),
            "faults": store.faults,
            "notify": notify,
            "trustedDomain": engine.trusted_domain(store),
            "now": store.now(),
        })
    })
}

fn corp_state(engine: &Engine, store: &Store, corp: &Corp) -> Value {
    let form = store.listed_id_form(corp);
    let apps: Vec<Value> = corp
        .apps
        .iter()
        .map(|app| {
            json!({
                "suiteId": app.suite_id,
                "agentId": app.agent_id.to_string(),
                "status": store.effective_status(corp, app),
                "corpId": corp.public_id(store.id_form(app)),
            })
        })
        .collect();
    let members: Vec<Value> = corp
        .present_members()
        .map(|member| {
            let mut entry = json!({"userId": corp.bare_user_id(member, form), "name": member.name});
            if let Some(kind) = member.kind {
                entry["kind"] = json!(kind);
            }
            if !member.visible {
                entry["visible"] = json!(false);
            }
            if member.status != 1 {
                entry["status"] = json!(member.status);
            }
            entry
        })
        .collect();
    // Before an installation, the agent id that the first suite's app will have.
    let agent_id = match corp.installed_apps().next() {
        Some(app) => app.agent_id,
        None => engine
            .suites
            .first()
            .map_or(0, |suite| engine.agent_id(suite.id.as_str())),
    };
    json!({
        "corpId": corp.public_id(form),
        "corpName": corp.name,
        "agentId": agent_id.to_string(),
        "apps": apps,
        "members": members,
    })
}
