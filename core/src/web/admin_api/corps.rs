//! Corps: listed, looked at, read from WeCom, decided about, and their ids, codes and sessions.

use http::Response;
use serde::Serialize;

use crate::authorization::CorpQuery;
use crate::domain::{AuthorizationStatus, CorpId, OrganizationCode, SuiteId};
use crate::error::Result;
use crate::hooks::CorpDecision;
use crate::web::admin::AdminAction;
use crate::web::admin_api::params::{CorpParams, paging};
use crate::web::admin_api::{AdminRequest, PageBody};
use crate::web::params::invalid_param;
use crate::web::query::RouteQuery;
use crate::web::response::{ResponseBody, empty, json};

#[derive(Serialize)]
struct Corps<T> {
    corps: T,
}

pub(super) async fn list(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    let mut query = RouteQuery::new(&asked.request.query)?;
    let mut corps = CorpQuery::new();
    corps.suite_id = query.optional_id("suiteId")?;
    let status = query.optional_text("status")?;
    corps.status = status.map(|word| parse_status(&word)).transpose()?;
    corps.text = query.optional_text("q")?;
    let (limit, after) = paging(&mut query)?;
    corps.after = after;
    query.finish()?;
    asked.authorize(AdminAction::Corps, None)?;
    let page = asked.admin.find_corps(&corps, limit).await?;
    Ok(json(&PageBody::new(page, |corps| Corps { corps })))
}

pub(super) async fn show(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    let params = CorpParams::parse(asked.request)?;
    let (suite_id, corp_id) = authorize(asked, AdminAction::Corps, &params).await?;
    let corp = asked.admin.corp(Some(&suite_id), &corp_id).await?;
    Ok(json(&corp))
}

pub(super) async fn read(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    let params = CorpParams::parse(asked.request)?;
    let (suite_id, corp_id) = authorize(asked, AdminAction::ReadCorp, &params).await?;
    asked.admin.read_corp(&suite_id, &corp_id).await?;
    Ok(empty(204))
}

pub(super) async fn decide(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    let (params, mut fields) = CorpParams::parse_with_fields(asked.request)?;
    let decision = match fields.text("decision")?.as_str() {
        "approve" => CorpDecision::Approve,
        "hold" => CorpDecision::Defer,
        "deny" => CorpDecision::Deny,
        _ => return Err(invalid_param("decision", "must be approve, hold or deny")),
    };
    fields.finish()?;
    let (suite_id, corp_id) = authorize(asked, AdminAction::DecideCorp, &params).await?;
    let admin = &asked.admin;
    admin
        .set_corp_decision(&suite_id, &corp_id, decision)
        .await?;
    Ok(empty(204))
}

pub(super) async fn end_sessions(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    let params = CorpParams::parse(asked.request)?;
    let (suite_id, corp_id) = authorize(asked, AdminAction::EndCorpSessions, &params).await?;
    let admin = &asked.admin;
    admin.revoke_corp_sessions(&suite_id, &corp_id).await?;
    Ok(empty(204))
}

pub(super) async fn add_alias(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    let (params, mut fields) = CorpParams::parse_with_fields(asked.request)?;
    let alias: CorpId = fields.id("corpId")?;
    fields.finish()?;
    let (suite_id, corp_id) = authorize(asked, AdminAction::AddCorpAlias, &params).await?;
    let admin = &asked.admin;
    // The other id may be that of a corp with an authorization, which becomes one with this.
    if let Ok((_, other)) = admin.resolve_corp(Some(&suite_id), &alias).await {
        asked.authorize(AdminAction::AddCorpAlias, Some(&other))?;
    }
    admin.add_corp_alias(&suite_id, &corp_id, &alias).await?;
    Ok(empty(204))
}

pub(super) async fn set_code(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    let (params, mut fields) = CorpParams::parse_with_fields(asked.request)?;
    let code: OrganizationCode = fields.id("code")?;
    fields.finish()?;
    let (suite_id, corp_id) = authorize(asked, AdminAction::SetCode, &params).await?;
    let admin = &asked.admin;
    admin
        .set_organization_code(&suite_id, &corp_id, &code)
        .await?;
    Ok(empty(204))
}

pub(super) async fn delete_code(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    let params = CorpParams::parse(asked.request)?;
    let (suite_id, corp_id) = authorize(asked, AdminAction::DeleteCode, &params).await?;
    let admin = &asked.admin;
    admin.delete_organization_code(&suite_id, &corp_id).await?;
    Ok(empty(204))
}

async fn authorize(
    asked: &AdminRequest<'_>,
    action: AdminAction,
    params: &CorpParams,
) -> Result<(SuiteId, CorpId)> {
    asked
        .authorize_corp(action, params.suite_id.as_ref(), &params.corp_id)
        .await
}

fn parse_status(word: &str) -> Result<AuthorizationStatus> {
    Ok(match word {
        "active" => AuthorizationStatus::Active,
        "broken" => AuthorizationStatus::Broken,
        "cancelled" => AuthorizationStatus::Cancelled,
        "held" => AuthorizationStatus::Held,
        "refused" => AuthorizationStatus::Refused,
        _ => {
            return Err(invalid_param(
                "status",
                "must be active, broken, cancelled, held or refused",
            ));
        }
    })
}
