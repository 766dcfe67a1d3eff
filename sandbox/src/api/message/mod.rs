//! Messages (D/90236) and media.

use serde_json::{Value, json};

use super::{ApiError, ApiResult, Request};
use crate::engine::Engine;
use crate::store::{Member, Message, Store};

/// WeCom cuts off longer texts.
const MAX_TEXT_BYTES: usize = 2_048;

/// `message/send`: to people inside the visible range.
pub(super) fn send(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let caller = request.caller(store)?;
    let corp = store.corp(&caller.corp_key).ok_or(ApiError::new(48004))?;
    let app = corp.app(&caller.suite_id).ok_or(ApiError::new(48004))?;
    match integer(request.field("agentid")) {
        None => return Err(ApiError::new(41011)),
        Some(agent_id) if agent_id != app.agent_id => return Err(ApiError::new(40056)),
        Some(_) => {}
    }
    let msgtype = request.text("msgtype", 40008)?.to_owned();
    let content = content(request, &msgtype)?;
    let form = store.id_form(app);
    let touser = request.field("touser").as_str().unwrap_or_default();
    let mut receivers: Vec<&Member> = Vec::new();
    let mut invalid = Vec::new();
    if touser == "@all" {
        receivers.extend(corp.visible_members());
    } else {
        for id in touser.split('|').filter(|id| !id.is_empty()) {
            let member = corp
                .member_by_user_id(id, form)
                .filter(|member| member.is_member() && member.visible);
            match member {
                Some(member) => receivers.push(member),
                None => invalid.push(id),
            }
        }
    }
    let mut body = json!({"msgid": crate::random::url_safe(32)});
    if !invalid.is_empty() {
        body["invaliduser"] = json!(invalid.join("|"));
    }
    if touser.is_empty() {
        return Err(ApiError::new(82001));
    }
    if !store.settings.licence {
        let ids: Vec<String> = receivers
            .drain(..)
            .map(|member| corp.user_id(member, form))
            .collect();
        body["unlicenseduser"] = json!(ids.join("|"));
    }
    if receivers.is_empty() {
        return Err(ApiError::new(81013));
    }
    let (agent_id, at) = (app.agent_id, store.now());
    let messages: Vec<Message> = receivers
        .into_iter()
        .map(|member| Message {
            corp_key: corp.key.clone(),
            member_key: member.key.clone(),
            msgtype: msgtype.clone(),
            content: content.clone(),
            agent_id,
            at,
        })
        .collect();
    for message in messages {
        store.add_message(message);
    }
    Ok(body)
}

/// `media/upload`: a file as multipart form data.
pub(super) fn upload(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    request.caller(store)?;
    let kind = request.query("type", 40005)?;
    if !matches!(kind, "image" | "voice" | "video" | "file") {
        return Err(ApiError::new(40005));
    }
    if !request.has_form_file("media") {
        return Err(ApiError::new(41005));
    }
    Ok(json!({
        "type": kind,
        "media_id": crate::random::url_safe(64),
        "created_at": (store.now() / 1000).to_string(),
    }))
}

/// The text of a `text` message, the JSON of another one.
fn content(request: &Request, msgtype: &str) -> ApiResult {
    let field = request.field(msgtype);
    if !field.is_object() {
        return Err(ApiError::new(40008));
    }
    if msgtype != "text" {
        return Ok(field.clone());
    }
    let text = field["content"]
        .as_str()
        .filter(|text| !text.is_empty())
        .ok_or(ApiError::new(44004))?;
    let mut end = text.len().min(MAX_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Ok(json!(&text[..end]))
}

/// An integer, or its digits in a text.
fn integer(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}
