//! The inbox: callback records listed, looked at, retried, released.

use http::Response;
use serde::Serialize;

use crate::domain::Page;
use crate::error::{ErrorKind, Result};
use crate::inbox::{CallbackRecord, CallbackRecordDetails, RecordQuery};
use crate::web::admin::AdminAction;
use crate::web::admin_api::params::{nothing, paging, path_record_id, since};
use crate::web::admin_api::{AdminRequest, PageBody};
use crate::web::params::parse_status;
use crate::web::response::{ResponseBody, json};

#[derive(Serialize)]
struct Records<T> {
    records: T,
}

pub(super) async fn list(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    let page = find(asked).await?;
    Ok(json(&PageBody::new(page, |records| Records { records })))
}

pub(super) async fn show(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    Ok(json(&find_one(asked).await?))
}

pub(in crate::web) async fn find(asked: &AdminRequest<'_>) -> Result<Page<CallbackRecord>> {
    let mut query = asked.query()?;
    let mut records = RecordQuery::new();
    let status = query.optional_text("status")?;
    records.status = status.map(|word| parse_status(&word)).transpose()?;
    records.event = query.optional_text("event")?;
    records.suite_id = query.optional_id("suiteId")?;
    records.corp_id = query.optional_id("corpId")?;
    records.since = since(&mut query)?;
    let (limit, after) = paging(&mut query)?;
    records.after = after;
    query.finish()?;
    match &records.corp_id {
        Some(corp_id) => {
            let suite_id = records.suite_id.as_ref();
            let action = AdminAction::CallbackRecords;
            let resolved = asked.authorize_corp(action, suite_id, corp_id).await;
            // Records may be of a corp that is not known yet.
            if let Err(error) = resolved
                && error.kind() != ErrorKind::CorpNotFound
            {
                return Err(error);
            }
        }
        None => asked.authorize(AdminAction::CallbackRecords, None)?,
    }
    asked.admin.find_callbacks(&records, limit).await
}

pub(in crate::web) async fn find_one(asked: &AdminRequest<'_>) -> Result<CallbackRecordDetails> {
    let record_id = path_record_id(asked.request)?;
    nothing(asked)?;
    asked.authorize(AdminAction::CallbackRecords, None)?;
    asked.admin.callback_record(record_id).await
}

pub(in crate::web) async fn retry(asked: &AdminRequest<'_>) -> Result<()> {
    let record_id = path_record_id(asked.request)?;
    nothing(asked)?;
    asked.authorize(AdminAction::RetryCallback, None)?;
    asked.admin.retry_callback(record_id).await
}

pub(in crate::web) async fn release(asked: &AdminRequest<'_>) -> Result<()> {
    let record_id = path_record_id(asked.request)?;
    nothing(asked)?;
    asked.authorize(AdminAction::ReleaseCallback, None)?;
    asked.admin.release_callback(record_id).await
}
