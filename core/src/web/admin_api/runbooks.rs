//! The steps of runbooks: what the doctor says, links for corps, the end of all sessions, the rotation of data keys.

use http::Response;
use serde::Serialize;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::domain::SuiteId;
use crate::error::Result;
use crate::services::InstallLink;
use crate::vault::KeyRotationReport;
use crate::web::admin::AdminAction;
use crate::web::admin_api::AdminRequest;
use crate::web::admin_api::params::nothing;
use crate::web::json::Fields;
use crate::web::params::invalid_param;
use crate::web::response::{ResponseBody, json};
use crate::wecom::InstallState;

/// The most suites of one link (D/98744).
const MAX_SUITES_OF_A_LINK: usize = 9;
/// The state of a link whose maker named none.
const DEFAULT_STATE: &str = "admin";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    url: String,
    expires_at: Timestamp,
    /// An SVG document.
    qr_code: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rotation {
    resealed: u64,
    unreadable: u64,
    retired: u64,
    still_active: u64,
}

pub(super) async fn examine(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    nothing(asked)?;
    asked.authorize(AdminAction::Doctor, None)?;
    Ok(json(&asked.admin.doctor().await?))
}

pub(super) async fn create_link(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    let link = make_link(asked).await?;
    Ok(json(&Link {
        url: link.url,
        expires_at: asked.deps.store.now() + link.expires_in,
        qr_code: link.qr_code,
    }))
}

pub(super) async fn rotate_keys(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    let report = rotate(asked).await?;
    Ok(json(&Rotation {
        resealed: report.resealed,
        unreadable: report.unreadable,
        retired: report.retired,
        still_active: report.still_active,
    }))
}

pub(in crate::web) async fn make_link(asked: &AdminRequest<'_>) -> Result<InstallLink> {
    asked.query()?.finish()?;
    let mut fields = asked.fields()?;
    let suites = suite_ids(&mut fields)?;
    let state = fields.optional_text("state")?;
    let state = InstallState::new(state.as_deref().unwrap_or(DEFAULT_STATE))?;
    fields.finish()?;
    asked.authorize(AdminAction::CreateInstallLink, None)?;
    asked.admin.install_link(&suites, &state).await
}

pub(in crate::web) async fn end_all_sessions(asked: &AdminRequest<'_>) -> Result<()> {
    nothing(asked)?;
    asked.authorize(AdminAction::EndAllSessions, None)?;
    asked.admin.revoke_all_sessions().await
}

pub(in crate::web) async fn rotate(asked: &AdminRequest<'_>) -> Result<KeyRotationReport> {
    nothing(asked)?;
    asked.authorize(AdminAction::RotateKeys, None)?;
    asked.admin.rotate_keys().await
}

fn suite_ids(fields: &mut Fields) -> Result<Vec<SuiteId>> {
    let rule = || invalid_param("suiteIds", "must be a list of 1 to 9 different suiteIds");
    let Some(Value::Array(values)) = fields.take("suiteIds") else {
        return Err(rule());
    };
    let mut suites: Vec<SuiteId> = Vec::new();
    for value in values {
        let text = value.as_str().ok_or_else(rule)?;
        let suite_id = SuiteId::new(text).map_err(|_| rule())?;
        if suites.contains(&suite_id) {
            return Err(rule());
        }
        suites.push(suite_id);
    }
    if (1..=MAX_SUITES_OF_A_LINK).contains(&suites.len()) {
        Ok(suites)
    } else {
        Err(rule())
    }
}
