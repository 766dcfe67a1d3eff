//! `GET /sandbox/state`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::json_response;
use crate::engine::Engine;
use crate::world::{App, AppStatus, Corp, World};

pub(super) async fn serve(State(engine): State<Arc<Engine>>) -> Response {
    json_response(&state(&engine))
}

/// All that there is, without a secret.
pub(crate) fn state(engine: &Engine) -> Value {
    let notify = engine.target().map(|target| target.url().to_owned());
    engine.read(|world| {
        let suites: Vec<Value> = engine
            .suites
            .iter()
            .map(|suite| {
                let id = suite.id.as_str();
                let last = world.tickets.get(id).and_then(|tickets| tickets.last()).map(|(_, born)| *born);
                json!({"suiteId": id, "instances": engine.instances.get(id), "lastTicketAt": last})
            })
            .collect();
        let corps: Vec<Value> = world.corps.iter().map(|of| corp(engine, world, of)).collect();
        json!({
            "suites": suites,
            "corps": corps,
            "deliveries": world.deliveries,
            "calls": world.calls,
            "faults": world.faults,
            "notify": notify,
            "trustedDomain": engine.trusted_domain_in(world),
            "now": world.now(),
        })
    })
}

fn corp(engine: &Engine, world: &World, corp: &Corp) -> Value {
    let form = world.settings.ids;
    let apps: Vec<Value> = corp
        .apps
        .iter()
        .map(|app| {
            json!({
                "suiteId": app.suite_id,
                "agentId": app.agent_id.to_string(),
                "status": status(world, corp, app),
            })
        })
        .collect();
    let members: Vec<Value> = corp
        .members
        .iter()
        .filter(|member| !member.left)
        .map(|member| {
            let mut entry = json!({"userId": corp.handle(member, form), "name": member.name});
            if let Some(kind) = member.kind {
                entry["kind"] = json!(kind);
            }
            if !member.visible {
                entry["visible"] = json!(false);
            }
            entry
        })
        .collect();
    let agent_id = corp.installed().next().map_or_else(
        || engine.suites.first().map_or(0, |suite| engine.agent_id(suite.id.as_str())),
        |app| app.agent_id,
    );
    json!({
        "corpId": corp.shown_id(form),
        "corpName": corp.name,
        "agentId": agent_id.to_string(),
        "apps": apps,
        "members": members,
    })
}

/// `authorized`, `disabled` or `cancelled`.
pub(crate) fn status(world: &World, corp: &Corp, app: &App) -> &'static str {
    match app.status {
        AppStatus::Cancelled => "cancelled",
        AppStatus::Authorized if world.settings.disabled.is(corp) => "disabled",
        AppStatus::Authorized => "authorized",
    }
}
