//! `message/send` (D/90236): an app's message to people inside its visible range.

mod content;
mod recipients;

use serde_json::{Value, json};

use content::content;
use recipients::Recipients;

use super::{ApiError, ApiResult, Request};
use crate::engine::Engine;
use crate::store::{Message, Store};

/// Without `duplicate_check_interval`.
const DUPLICATE_CHECK_SECONDS: i64 = 1_800;
const MAX_DUPLICATE_CHECK_SECONDS: i64 = 14_400;

/// `message/send`. It succeeds if it reaches anybody, and names those whom it does not reach.
pub(super) fn send(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let caller = request.caller(store)?;
    let corp = store.corp(&caller.corp_key).ok_or(ApiError::new(48004))?;
    let app = corp.app(&caller.suite_id).ok_or(ApiError::new(48004))?;
    let agent_id = integer(request.field("agentid")).ok_or(ApiError::new(41011))?;
    if agent_id != app.agent_id {
        let other = corp.apps.iter().any(|app| app.agent_id == agent_id);
        return Err(ApiError::new(if other { 301_002 } else { 40056 }));
    }
    let msgtype = request.text("msgtype", 40008)?.to_owned();
    let content = content(store, &caller.corp_key, request, &msgtype)?;
    let form = store.id_form(app);
    let mut recipients = Recipients::of(corp, form, request)?;
    if !store.settings.licence {
        recipients.refuse_unlicensed(corp, form);
    }
    if recipients.members.is_empty() {
        return Err(ApiError::new(81013));
    }
    let mut body = recipients.refused();
    body["msgid"] = json!(crate::random::url_safe(32));
    if msgtype == "template_card"
        && content["card_type"] != "text_notice"
        && content["card_type"] != "news_notice"
    {
        body["response_code"] = json!(crate::random::url_safe(43));
    }
    let at = store.now();
    let messages = recipients.members.into_iter().map(|member| Message {
        corp_key: corp.key.clone(),
        member_key: member.key.clone(),
        msgtype: msgtype.clone(),
        content: content.clone(),
        agent_id,
        at,
    });
    let messages: Vec<Message> = messages.collect();
    let duplicate_since = duplicate_check_ms(request).map(|length| at - length);
    let limited = store.settings.frequency_limits.limits().is_some();
    for message in messages {
        // What goes beyond a limit is not delivered, and the app is not told.
        let is_dropped = limited && store.exceeds_message_limits(&message)
            || duplicate_since.is_some_and(|since| store.has_message(&message, since));
        if !is_dropped {
            store.add_message(message);
        }
    }
    Ok(body)
}

/// How far back the same message is a duplicate, if the app asked for that.
fn duplicate_check_ms(request: &Request) -> Option<i64> {
    if integer(request.field("enable_duplicate_check")) != Some(1) {
        return None;
    }
    let seconds =
        integer(request.field("duplicate_check_interval")).unwrap_or(DUPLICATE_CHECK_SECONDS);
    Some(seconds.clamp(0, MAX_DUPLICATE_CHECK_SECONDS) * 1000)
}

/// An integer, or its digits in a text.
fn integer(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}
