//! The audit: who did what.

use http::Response;
use serde::Serialize;

use crate::audit::{AuditEntry, AuditQuery};
use crate::domain::Page;
use crate::error::{ErrorKind, Result};
use crate::web::admin::AdminAction;
use crate::web::admin_api::params::{paging, since};
use crate::web::admin_api::{AdminRequest, PageBody};
use crate::web::response::{ResponseBody, json};

#[derive(Serialize)]
struct Audit<T> {
    audit: T,
}

pub(super) async fn list(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    let page = find(asked).await?;
    Ok(json(&PageBody::new(page, |audit| Audit { audit })))
}

pub(in crate::web) async fn find(asked: &AdminRequest<'_>) -> Result<Page<AuditEntry>> {
    let mut query = asked.query()?;
    let mut entries = AuditQuery::new();
    entries.who = query.optional_text("who")?;
    let action = query.optional_text("action")?;
    entries.action = action.map(|word| word.parse()).transpose()?;
    entries.suite_id = query.optional_id("suiteId")?;
    entries.corp_id = query.optional_id("corpId")?;
    entries.since = since(&mut query)?;
    let (limit, after) = paging(&mut query)?;
    entries.after = after;
    query.finish()?;
    match &entries.corp_id {
        Some(corp_id) => {
            let (action, suite_id) = (AdminAction::Audit, entries.suite_id.as_ref());
            let resolved = asked.authorize_corp(action, suite_id, corp_id).await;
            // Entries may be of a corp that is gone.
            if let Err(error) = resolved
                && error.kind() != ErrorKind::CorpNotFound
            {
                return Err(error);
            }
        }
        None => asked.authorize(AdminAction::Audit, None)?,
    }
    asked.admin.audit(&entries, limit).await
}
