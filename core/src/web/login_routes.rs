//! The routes for anyone: what a login needs, and the logins themselves.

use http::Response;

use crate::error::{Error, ErrorKind, Result};
use crate::login::{LoginByCodeRequest, LoginCodeRequest, WorkbenchLoginRequest};
use crate::web::http_service::HttpDeps;
use crate::web::origin::refuse_other_sites;
use crate::web::params::{LoginByCodeParams, LoginCodeParams, WorkbenchParams, organization_code};
use crate::web::request::RoutedRequest;
use crate::web::response::{ResponseBody, json};
use crate::web::route::Endpoint;

pub(super) async fn answer(
    deps: &HttpDeps,
    request: &RoutedRequest,
) -> Result<Response<ResponseBody>> {
    // Before anything is counted: any page on the web can make a browser ask.
    refuse_other_sites(&request.headers, &deps.config.public_url)?;
    let client = request.client;
    match request.endpoint {
        Endpoint::LoginConfig => {
            let config = deps.instance(request.variable())?.login_config().await?;
            Ok(json(&config))
        }
        Endpoint::LoginConfigByCode => {
            let code = organization_code(&request.query)?;
            let found = deps.auth.login_config_by_code(&code, Some(client)).await?;
            Ok(json(&found))
        }
        Endpoint::LoginCode => {
            let instance = deps.instance(request.variable())?;
            let params = LoginCodeParams::parse(request.body()?)?;
            let login = LoginCodeRequest::new(params.corp_id, params.code)
                .with_login_type(params.login_type)
                .with_client(client);
            Ok(json(&instance.login_code(login).await?))
        }
        Endpoint::LoginByCode => {
            let params = LoginByCodeParams::parse(request.body()?)?;
            let mut login = LoginByCodeRequest::new(params.login_code)
                .with_platform(params.platform)
                .with_client(client);
            login.corp_id = params.corp_id;
            Ok(json(&deps.auth.login_by_code(login).await?))
        }
        Endpoint::LoginByWorkbench => {
            let params = WorkbenchParams::parse(request.body()?)?;
            let mut login = WorkbenchLoginRequest::new(params.corp_id, params.code)
                .with_platform(params.platform)
                .with_client(client);
            login.suite_id = params.suite_id;
            Ok(json(&deps.auth.login_by_workbench(login).await?))
        }
        _ => Err(Error::new(
            ErrorKind::Internal,
            "a route for anyone has no answer",
        )),
    }
}
