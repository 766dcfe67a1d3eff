//! Corps: listed, looked at, read from WeCom, decided about, and their ids, codes and sessions.

use http::Response;
use serde::Serialize;

use crate::authorization::{CorpDetails, CorpQuery};
use crate::domain::{AuthorizationStatus, CorpId, OrganizationCode, Page, SuiteId};
use crate::error::Result;
use crate::hooks::CorpDecision;
use crate::web::admin::AdminAction;
use crate::web::admin_api::params::{CorpParams, paging};
use crate::web::admin_api::{AdminRequest, PageBody};
use crate::web::json::Fields;
use crate::web::params::invalid_param;
use crate::web::response::{ResponseBody, json};

#[derive(Serialize)]
struct Corps<T> {
    corps: T,
}

pub(super) async fn list(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    let page = find(asked).await?;
    Ok(json(&PageBody::new(page, |corps| Corps { corps })))
}

pub(super) async fn show(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    Ok(json(&find_one(asked, AdminAction::Corps).await?))
}

pub(in crate::web) async fn find(asked: &AdminRequest<'_>) -> Result<Page<CorpDetails>> {
    let mut query = asked.query()?;
    let mut corps = CorpQuery::new();
    corps.suite_id = query.optional_id("suiteId")?;
    let status = query.optional_text("status")?;
    corps.status = status.map(|word| parse_status(&word)).transpose()?;
    corps.text = query.optional_text("q")?;
    let (limit, after) = paging(&mut query)?;
    corps.after = after;
    query.finish()?;
    asked.authorize(AdminAction::Corps, None)?;
    asked.admin.find_corps(&corps, limit).await
}

/// Everything about the corp that is meant, if they may do this to it.
pub(in crate::web) async fn find_one(
    asked: &AdminRequest<'_>,
    action: AdminAction,
) -> Result<CorpDetails> {
    let params = CorpParams::parse(asked)?;
    let (suite_id, corp_id) = authorize(asked, action, &params).await?;
    asked.admin.corp(Some(&suite_id), &corp_id).await
}

/// The same with the further fields of what is to be done to it.
pub(in crate::web) async fn find_with_fields(
    asked: &AdminRequest<'_>,
    action: AdminAction,
) -> Result<(CorpDetails, Fields)> {
    let (params, fields) = CorpParams::parse_with_fields(asked)?;
    let (suite_id, corp_id) = authorize(asked, action, &params).await?;
    let corp = asked.admin.corp(Some(&suite_id), &corp_id).await?;
    Ok((corp, fields))
}

pub(in crate::web) async fn read(asked: &AdminRequest<'_>) -> Result<()> {
    let params = CorpParams::parse(asked)?;
    let (suite_id, corp_id) = authorize(asked, AdminAction::ReadCorp, &params).await?;
    asked.admin.read_corp(&suite_id, &corp_id).await
}

pub(in crate::web) async fn decide(asked: &AdminRequest<'_>) -> Result<()> {
    let (params, mut fields) = CorpParams::parse_with_fields(asked)?;
    let decision = parse_decision(&fields.text("decision")?)?;
    fields.finish()?;
    let (suite_id, corp_id) = authorize(asked, AdminAction::DecideCorp, &params).await?;
    let admin = &asked.admin;
    admin.set_corp_decision(&suite_id, &corp_id, decision).await
}

pub(in crate::web) async fn end_sessions(asked: &AdminRequest<'_>) -> Result<()> {
    let params = CorpParams::parse(asked)?;
    let (suite_id, corp_id) = authorize(asked, AdminAction::EndCorpSessions, &params).await?;
    let admin = &asked.admin;
    admin.revoke_corp_sessions(&suite_id, &corp_id).await
}

pub(in crate::web) async fn add_alias(asked: &AdminRequest<'_>) -> Result<()> {
    let (params, mut fields) = CorpParams::parse_with_fields(asked)?;
    let alias: CorpId = fields.id("corpId")?;
    fields.finish()?;
    let (suite_id, corp_id) = authorize(asked, AdminAction::AddCorpAlias, &params).await?;
    let admin = &asked.admin;
    // The other id may be that of a corp with an authorization, which becomes one with this.
    if let Ok((_, other)) = admin.resolve_corp(Some(&suite_id), &alias).await {
        asked.authorize(AdminAction::AddCorpAlias, Some(&other))?;
    }
    admin.add_corp_alias(&suite_id, &corp_id, &alias).await
}

pub(in crate::web) async fn set_code(asked: &AdminRequest<'_>) -> Result<()> {
    let (params, mut fields) = CorpParams::parse_with_fields(asked)?;
    let code: OrganizationCode = fields.id("code")?;
    fields.finish()?;
    let (suite_id, corp_id) = authorize(asked, AdminAction::SetCode, &params).await?;
    let admin = &asked.admin;
    admin
        .set_organization_code(&suite_id, &corp_id, &code)
        .await
}

pub(in crate::web) async fn delete_code(asked: &AdminRequest<'_>) -> Result<()> {
    let params = CorpParams::parse(asked)?;
    let (suite_id, corp_id) = authorize(asked, AdminAction::DeleteCode, &params).await?;
    let admin = &asked.admin;
    admin.delete_organization_code(&suite_id, &corp_id).await
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

pub(in crate::web) fn parse_decision(word: &str) -> Result<CorpDecision> {
    Ok(match word {
        "approve" => CorpDecision::Approve,
        "hold" => CorpDecision::Defer,
        "deny" => CorpDecision::Deny,
        _ => return Err(invalid_param("decision", "must be approve, hold or deny")),
    })
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
