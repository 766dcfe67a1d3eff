//! Moving in and out: the import and the export of authorizations and bindings.

use http::Response;
use serde::Serialize;

use crate::error::Result;
use crate::web::admin::AdminAction;
use crate::web::admin_api::params::paging;
use crate::web::admin_api::{AdminRequest, PageBody};
use crate::web::params::invalid_param;
use crate::web::response::{ResponseBody, json};

#[derive(Serialize)]
struct Results<T> {
    results: T,
}

#[derive(Serialize)]
struct Lines<T> {
    lines: T,
}

pub(super) async fn import(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    let mut query = asked.query()?;
    let dry_run = match query.optional_text("dryRun")?.as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(invalid_param("dryRun", "must be true or false")),
    };
    query.finish()?;
    let lines = asked.request.body()?;
    asked.authorize(AdminAction::Import, None)?;
    let results = asked.admin.import(lines.to_vec(), dry_run).await?;
    Ok(json(&Results { results }))
}

/// Without permanent codes: those leave by code or by the command on the database only.
pub(super) async fn export(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    let mut query = asked.query()?;
    let (limit, after) = paging(&mut query)?;
    query.finish()?;
    asked.authorize(AdminAction::Export, None)?;
    let page = asked.admin.export(false, after, limit).await?;
    Ok(json(&PageBody::new(page, |lines| Lines { lines })))
}
