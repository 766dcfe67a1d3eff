//! The routes for anyone: what a login needs, and the logins themselves.

use crate::app::{LoginByCodeRequest, LoginCodeRequest, WecomLogin, WorkbenchLoginRequest};
use crate::error::{Error, ErrorKind, Result};
use crate::web::dispatch::Call;
use crate::web::params::{LoginByCodeParams, LoginCodeParams, WorkbenchParams, organization_code};
use crate::web::response::Response;
use crate::web::routes::Endpoint;

pub(super) async fn answer(login: &WecomLogin, call: &Call) -> Result<Response> {
    let client = Some(call.client(login));
    match call.endpoint {
        Endpoint::LoginConfig => {
            let config = login.instance(call.variable())?.login_config().await?;
            Ok(Response::json(&config))
        }
        Endpoint::LoginConfigByCode => {
            let code = organization_code(&call.request.query)?;
            Ok(Response::json(
                &login.service().login_config_by_code(&code, client).await?,
            ))
        }
        Endpoint::LoginCode => {
            let instance = login.instance(call.variable())?;
            let params = LoginCodeParams::parse(call.body()?)?;
            let request = LoginCodeRequest::new(params.corp_id, params.code)
                .with_login_type(params.login_type)
                .with_client(client);
            Ok(Response::json(&instance.login_code(request).await?))
        }
        Endpoint::LoginByCode => {
            let params = LoginByCodeParams::parse(call.body()?)?;
            let request = LoginByCodeRequest::new(params.login_code)
                .with_corp_id(params.corp_id)
                .with_platform(params.platform)
                .with_client(client);
            Ok(Response::json(
                &login.service().login_by_code(request).await?,
            ))
        }
        Endpoint::LoginByWorkbench => {
            let params = WorkbenchParams::parse(call.body()?)?;
            let request = WorkbenchLoginRequest::new(params.corp_id, params.code)
                .with_platform(params.platform)
                .with_suite_id(params.suite_id)
                .with_client(client);
            Ok(Response::json(
                &login.service().login_by_workbench(request).await?,
            ))
        }
        _ => Err(Error::new(
            ErrorKind::Internal,
            "a route for anyone has no answer",
        )),
    }
}
