//! The routes for administrators.

use serde::Serialize;

use crate::app::WecomLogin;
use crate::error::{Error, ErrorKind, Result};
use crate::web::admin::AdminAction;
use crate::web::dispatch::Call;
use crate::web::params::{RecordsParams, SetCodeParams, record_id};
use crate::web::response::Response;
use crate::web::routes::Endpoint;

#[derive(Serialize)]
struct Records<T> {
    records: T,
}

#[derive(Serialize)]
struct Corps<T> {
    corps: T,
}

pub(super) async fn answer(login: &WecomLogin, call: &Call) -> Result<Response> {
    let headers = call.request.headers.as_slice();
    let client = call.client(login);
    let administrator = login
        .0
        .web
        .administrator(&login.0.sessions, &call.request.method, headers, client)
        .await?;
    let service = login.service();
    match call.endpoint {
        Endpoint::SetCode => {
            let params = SetCodeParams::parse(call.body()?)?;
            administrator.may(AdminAction::SetCode, Some(&params.corp_id))?;
            service
                .set_code(&params.corp_id, &params.code, params.suite_id.as_ref())
                .await?;
            Ok(Response::empty(204))
        }
        Endpoint::RetryCallback => {
            let record_id = record_id(call.body()?)?;
            administrator.may(AdminAction::RetryCallback, None)?;
            service.retry_callback(record_id).await?;
            Ok(Response::empty(204))
        }
        Endpoint::CallbackRecords => {
            let params = RecordsParams::parse(&call.request.query)?;
            administrator.may(AdminAction::CallbackRecords, None)?;
            let records = service
                .callback_records(params.status, params.limit, params.before)
                .await?;
            Ok(Response::json(&Records { records }))
        }
        Endpoint::Corps => {
            administrator.may(AdminAction::Corps, None)?;
            Ok(Response::json(&Corps {
                corps: service.corps().await?,
            }))
        }
        _ => Err(Error::new(
            ErrorKind::Internal,
            "an admin route has no answer",
        )),
    }
}
