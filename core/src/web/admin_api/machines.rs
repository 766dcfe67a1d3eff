//! Machines: the sessions of programs, listed by corp and ended.

use http::Response;
use serde::Serialize;

use crate::error::{Error, ErrorKind, Result};
use crate::web::admin::AdminAction;
use crate::web::admin_api::params::{nothing, paging, path_id};
use crate::web::admin_api::{AdminRequest, PageBody};
use crate::web::response::{ResponseBody, empty, json};

#[derive(Serialize)]
struct Machines<T> {
    machines: T,
}

pub(super) async fn list(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    let mut query = asked.query()?;
    let suite_id = query.optional_id("suiteId")?;
    let (limit, after) = paging(&mut query)?;
    query.finish()?;
    let corp_id = path_id("corpId", asked.request)?;
    let corp = asked.authorize_corp(AdminAction::Machines, suite_id.as_ref(), &corp_id);
    let (suite_id, corp_id) = corp.await?;
    let page = asked
        .admin
        .machines(&suite_id, &corp_id, limit, after.as_ref());
    Ok(json(&PageBody::new(page.await?, |machines| Machines {
        machines,
    })))
}

pub(super) async fn end(asked: &AdminRequest<'_>) -> Result<Response<ResponseBody>> {
    nothing(asked)?;
    let id = asked.request.variable();
    // Whoever may not end it is not told whether there is one.
    let corp = asked.admin.corp_of_machine(id).await?;
    let corp_id = corp.as_ref().map(|(_, corp_id)| corp_id);
    asked.authorize(AdminAction::EndMachineSession, corp_id)?;
    let not_found = || Error::new(ErrorKind::SessionNotFound, "no machine has this session");
    let (suite_id, corp_id) = corp.ok_or_else(not_found)?;
    asked.admin.end_machine(&suite_id, &corp_id, id).await?;
    Ok(empty(204))
}
