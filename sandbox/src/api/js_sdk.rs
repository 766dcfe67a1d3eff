//! The tickets of the JS-SDK (D/96909).

use serde_json::{Value, json};

use super::token::issue;
use super::{ApiError, ApiResult, Request};
use crate::engine::Engine;
use crate::store::{Store, TokenSubject};

/// How often a corp may fetch its ticket in an hour, by the `frequencyLimits` setting.
const MAX_CORP_TICKETS_PER_HOUR: u64 = 400;
/// How often an app may fetch its ticket in an hour.
const MAX_APP_TICKETS_PER_HOUR: u64 = 100;

/// `get_jsapi_ticket`: the ticket of the corp.
pub(super) fn get_jsapi_ticket(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let caller = request.caller(store)?;
    let owner = caller.corp_key.clone();
    count(store, "corp ticket", owner, MAX_CORP_TICKETS_PER_HOUR)?;
    Ok(ticket(store, &TokenSubject::CorpTicket(caller.corp_key)))
}

/// `ticket/get?type=agent_config`: the ticket of the app.
pub(super) fn get_agent_ticket(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let caller = request.caller(store)?;
    if request.query("type", 40035)? != "agent_config" {
        return Err(ApiError::new(40035));
    }
    let owner = format!("{} {}", caller.corp_key, caller.suite_id);
    count(store, "app ticket", owner, MAX_APP_TICKETS_PER_HOUR)?;
    let subject = TokenSubject::AppTicket(caller.corp_key, caller.suite_id);
    Ok(ticket(store, &subject))
}

fn count(store: &mut Store, kind: &str, owner: String, limit: u64) -> ApiResult<()> {
    let now = store.now();
    if store.settings.frequency_limits.limits().is_some()
        && !store.rates.count_ticket(kind, owner, limit, now)
    {
        return Err(ApiError::new(45009));
    }
    Ok(())
}

fn ticket(store: &mut Store, subject: &TokenSubject) -> Value {
    let (ticket, expires_in) = issue(store, subject);
    json!({"ticket": ticket, "expires_in": expires_in})
}
