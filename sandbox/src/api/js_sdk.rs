//! The tickets of the JS-SDK (D/96909).

use serde_json::json;

use super::token::issue;
use super::{ApiError, ApiResult, Request};
use crate::engine::Engine;
use crate::store::{Store, TokenSubject};

/// `get_jsapi_ticket`: the ticket of the corp.
pub(super) fn get_jsapi_ticket(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let caller = request.caller(store)?;
    Ok(ticket(store, &TokenSubject::CorpTicket(caller.corp_key)))
}

/// `ticket/get?type=agent_config`: the ticket of the app.
pub(super) fn get_agent_ticket(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let caller = request.caller(store)?;
    if request.query("type", 40035)? != "agent_config" {
        return Err(ApiError::new(40035));
    }
    let subject = TokenSubject::AppTicket(caller.corp_key, caller.suite_id);
    Ok(ticket(store, &subject))
}

fn ticket(store: &mut Store, subject: &TokenSubject) -> serde_json::Value {
    let (ticket, expires_in) = issue(store, subject);
    json!({"ticket": ticket, "expires_in": expires_in})
}
