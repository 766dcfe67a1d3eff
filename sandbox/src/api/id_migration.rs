//! The migration from plain to encrypted ids (D/97104, D/97105, D/97106, D/99378).

use serde_json::json;

use super::{ApiError, ApiResult, Request};
use crate::engine::Engine;
use crate::store::Store;

/// `service/corpid_to_opencorpid`.
pub(super) fn corpid_to_opencorpid(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    request.provider(store)?;
    let corp = store
        .corp(request.text("corpid", 41002)?)
        .ok_or(ApiError::new(40013))?;
    Ok(json!({"open_corpid": corp.open_id}))
}

/// `batch/userid_to_openuserid`.
pub(super) fn userid_to_openuserid(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let caller = request.caller(store)?;
    let Some(ids) = request
        .field("userid_list")
        .as_array()
        .filter(|ids| (1..=1000).contains(&ids.len()))
    else {
        return Err(ApiError::new(40058));
    };
    let corp = store.corp(&caller.corp_key).ok_or(ApiError::new(48004))?;
    let mut found = Vec::new();
    let mut invalid = Vec::new();
    for id in ids {
        match id
            .as_str()
            .and_then(|id| corp.member(id))
            .filter(|member| member.is_member())
        {
            Some(member) => found.push(json!({"userid": id, "open_userid": member.open_id})),
            None => invalid.push(id.clone()),
        }
    }
    Ok(json!({"open_userid_list": found, "invalid_userid_list": invalid}))
}

/// `service/finish_openid_migration`: encrypts the corp's ids from now on.
pub(super) fn finish_openid_migration(
    store: &mut Store,
    _: &Engine,
    request: &Request,
) -> ApiResult {
    request.provider(store)?;
    let corp = store
        .corp_mut(request.text("corpid", 41002)?)
        .ok_or(ApiError::new(40013))?;
    let agent_id = request
        .field("agentid")
        .as_i64()
        .ok_or(ApiError::new(41011))?;
    if !corp.apps.iter().any(|app| app.agent_id == agent_id) {
        return Err(ApiError::new(40056));
    }
    let Some(types) = request.field("openid_type").as_array() else {
        return Err(ApiError::new(40058));
    };
    if types.iter().any(|kind| kind.as_i64() == Some(1)) {
        corp.encrypted = true;
        store.dirty = true;
    }
    Ok(json!({}))
}

/// `corp/get_openid_migration`: type 1 is userid and corpid, 3 is external_userid; status 1 is
/// migrated.
pub(super) fn get_openid_migration(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let caller = request.caller(store)?;
    let corp = store.corp(&caller.corp_key).ok_or(ApiError::new(48004))?;
    let status = i32::from(corp.uses_open_ids(store.settings.ids));
    Ok(json!({"migration_info": [
        {"openid_type": 1, "status": status},
        {"openid_type": 3, "status": status},
    ]}))
}
