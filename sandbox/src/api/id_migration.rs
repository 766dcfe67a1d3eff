//! The migration from plain to encrypted ids (D/97104, D/97105, D/97106, D/99378).

use serde_json::{Value, json};

use super::{ApiError, ApiResult, Request};
use crate::engine::Engine;
use crate::store::{Corp, Member, Store};

/// WeCom converts at most so many userids in a call (D/97106).
const MAX_CONVERTED_IDS: usize = 1_000;

/// `service/corpid_to_opencorpid`: the encrypted id of a corp that has authorized an app of the
/// provider. A converted id is refused.
pub(super) fn corpid_to_opencorpid(
    store: &mut Store,
    engine: &Engine,
    request: &Request,
) -> ApiResult {
    let provider = request.provider(store)?;
    let corp_id = request.text("corpid", 41002)?;
    let corp = store
        .corp(corp_id)
        .filter(|corp| corp.plain_id.eq_ignore_ascii_case(corp_id))
        .ok_or(ApiError::new(40013))?;
    // The errcode of a corp without an authorization is not documented.
    if !authorized_by(engine, corp, &provider) {
        return Err(ApiError::new(48004));
    }
    Ok(json!({"open_corpid": corp.open_id}))
}

/// `batch/userid_to_openuserid`: the encrypted ids of members inside the visible range. Converted ids are
/// refused.
pub(super) fn userid_to_openuserid(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let (found, invalid) = convert(store, request, "userid_list", |member| &member.plain_id)?;
    Ok(json!({"open_userid_list": found, "invalid_userid_list": invalid}))
}

/// `batch/openuserid_to_userid`: the plain ids of members inside the visible range.
pub(super) fn openuserid_to_userid(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let (found, invalid) = convert(store, request, "open_userid_list", |member| &member.open_id)?;
    Ok(json!({"userid_list": found, "invalid_open_userid_list": invalid}))
}

/// The pairs of ids of the people in the list `name`, and what of it is no `given` id of such a person.
fn convert(
    store: &Store,
    request: &Request,
    name: &str,
    given: fn(&Member) -> &str,
) -> ApiResult<(Vec<Value>, Vec<Value>)> {
    let caller = request.caller(store)?;
    let ids = request
        .field(name)
        .as_array()
        .filter(|ids| (1..=MAX_CONVERTED_IDS).contains(&ids.len()))
        .ok_or(ApiError::new(40058))?;
    let corp = store.corp(&caller.corp_key).ok_or(ApiError::new(48004))?;
    let mut found = Vec::new();
    let mut invalid = Vec::new();
    for id in ids {
        let member = corp
            .visible_members()
            .filter(|member| member.linked_corp.is_none())
            .find(|member| id.as_str() == Some(given(member)));
        match member {
            Some(member) => {
                found.push(json!({"userid": member.plain_id, "open_userid": member.open_id}));
            }
            None => invalid.push(id.clone()),
        }
    }
    Ok((found, invalid))
}

/// `service/finish_openid_migration`: the app gets encrypted ids from now on. The migration is per app
/// (D/96518).
pub(super) fn finish_openid_migration(
    store: &mut Store,
    engine: &Engine,
    request: &Request,
) -> ApiResult {
    let provider = request.provider(store)?;
    let corp = store
        .corp_mut(request.text("corpid", 41002)?)
        .ok_or(ApiError::new(40013))?;
    if !authorized_by(engine, corp, &provider) {
        return Err(ApiError::new(48004));
    }
    let agent_id = request
        .field("agentid")
        .as_i64()
        .ok_or(ApiError::new(41011))?;
    let app = corp
        .apps
        .iter_mut()
        .find(|app| app.agent_id == agent_id && app.is_authorized())
        .ok_or(ApiError::new(40056))?;
    let Some(types) = request.field("openid_type").as_array() else {
        return Err(ApiError::new(40058));
    };
    if types.iter().any(|kind| kind.as_i64() == Some(1)) {
        app.encrypted = Some(true);
        store.dirty = true;
    }
    Ok(json!({}))
}

/// `corp/get_openid_migration`: type 1 is userid and corpid, 3 is external_userid; status 1 is
/// migrated.
pub(super) fn get_openid_migration(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let caller = request.caller(store)?;
    let corp = store.corp(&caller.corp_key).ok_or(ApiError::new(48004))?;
    let status = i32::from(corp.uses_open_ids(store.id_form_in(corp, &caller.suite_id)));
    Ok(json!({"migration_info": [
        {"openid_type": 1, "status": status},
        {"openid_type": 3, "status": status},
    ]}))
}

/// Whether the corp has authorized an app of this provider.
fn authorized_by(engine: &Engine, corp: &Corp, provider: &str) -> bool {
    corp.installed_apps().any(|app| {
        engine
            .suite(&app.suite_id)
            .and_then(|suite| suite.provider_corp_id.as_ref())
            .is_some_and(|id| id.as_str() == provider)
    })
}
