//! Interface licences (D/97194, D/97191), by the settings `licence` and `licenceStatus`.

use serde_json::json;

use super::{ApiError, ApiResult, Request};
use crate::engine::Engine;
use crate::store::{App, Corp, LicenceStatus, Store};

const DAY_SECONDS: i64 = 86_400;
/// The trial after the first installation (D/97176).
const TRIAL_SECONDS: i64 = 90 * DAY_SECONDS;

/// `license/get_app_license_info`: whether licences are checked, and the trial of the app.
pub(super) fn get_app_license_info(
    store: &mut Store,
    engine: &Engine,
    request: &Request,
) -> ApiResult {
    let (corp, suite_id) = (corp(store, request)?, request.text("suite_id", 41021)?);
    if engine.suite(suite_id).is_none() {
        return Err(ApiError::new(40083));
    }
    if !corp.app(suite_id).is_some_and(App::is_authorized) {
        return Err(ApiError::new(48004));
    }
    let is_running = match store.settings.licence_status {
        LicenceStatus::Unchecked => return Ok(json!({"license_status": 0})),
        LicenceStatus::Paid => false,
        LicenceStatus::Trial => store.settings.licence,
    };
    let age = if is_running { 0 } else { TRIAL_SECONDS } + DAY_SECONDS;
    let start = store.now() / 1000 - age;
    Ok(json!({
        "license_status": 1,
        "trail_info": {"start_time": start, "end_time": start + TRIAL_SECONDS},
    }))
}

/// `license/get_active_info_by_user`: one base account, if members have a licence.
pub(super) fn get_active_info_by_user(
    store: &mut Store,
    _: &Engine,
    request: &Request,
) -> ApiResult {
    let (corp, user_id) = (corp(store, request)?, request.text("userid", 41009)?);
    let form = store.listed_id_form(corp);
    let member = corp
        .member_by_user_id(user_id, form)
        .filter(|member| member.is_member())
        .ok_or(ApiError::new(60111))?;
    if !store.settings.licence {
        return Ok(json!({"active_status": 0, "active_info_list": []}));
    }
    let now = store.now() / 1000;
    Ok(json!({"active_status": 1, "active_info_list": [{
        "active_code": format!("SANDBOX{:08}", member.number),
        "type": 1,
        "userid": user_id,
        "active_time": now - DAY_SECONDS,
        "expire_time": now + 364 * DAY_SECONDS,
    }]}))
}

fn corp<'a>(store: &'a Store, request: &Request) -> ApiResult<&'a Corp> {
    request.provider(store)?;
    store
        .corp(request.text("corpid", 41002)?)
        .ok_or(ApiError::new(40013))
}
