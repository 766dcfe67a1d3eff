//! The routes for anyone: what a login needs, and the logins themselves.

use http::Response;

use crate::error::{Error, ErrorKind, Result};
use crate::login::{
    LoginByCodeRequest, LoginCodeRequest, LoginResult, MiniProgramLoginRequest,
    WorkbenchLoginRequest,
};
use crate::web::credential::{Bearer, bearer};
use crate::web::http_service::HttpDeps;
use crate::web::params::{
    LoginByCodeParams, LoginCodeParams, MiniProgramParams, WorkbenchParams, organization_code,
};
use crate::web::request::RoutedRequest;
use crate::web::response::{ResponseBody, json};
use crate::web::route::Endpoint;

pub(super) async fn answer(
    deps: &HttpDeps,
    request: &RoutedRequest,
) -> Result<Response<ResponseBody>> {
    // Before anything is counted: any page on the web can make a browser ask.
    deps.config.origins.refuse_other_sites(&request.headers)?;
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
                .with_headers(request.headers.clone())
                .with_client(client);
            Ok(json(&instance.login_code(login).await?))
        }
        Endpoint::LoginByCode => {
            let params = LoginByCodeParams::parse(request.body()?)?;
            let mut login = LoginByCodeRequest::new(params.login_code)
                .with_platform(params.platform)
                .with_client(client);
            login.corp_id = params.corp_id;
            let result = deps.auth.login_by_code(login).await?;
            end_former(deps, request, &result).await;
            Ok(json(&result))
        }
        Endpoint::LoginByWorkbench => {
            let params = WorkbenchParams::parse(request.body()?)?;
            let mut login = WorkbenchLoginRequest::new(params.corp_id, params.code)
                .with_platform(params.platform)
                .with_headers(request.headers.clone())
                .with_client(client);
            login.suite_id = params.suite_id;
            let result = deps.auth.login_by_workbench(login).await?;
            end_former(deps, request, &result).await;
            Ok(json(&result))
        }
        Endpoint::LoginByMiniProgram => {
            let params = MiniProgramParams::parse(request.body()?)?;
            let mut login = MiniProgramLoginRequest::new(params.corp_id, params.js_code)
                .with_platform(params.platform)
                .with_headers(request.headers.clone())
                .with_client(client);
            login.suite_id = params.suite_id;
            let result = deps.auth.login_by_mini_program(login).await?;
            end_former(deps, request, &result).await;
            Ok(json(&result))
        }
        _ => Err(Error::new(
            ErrorKind::Internal,
            "a route for anyone has no answer",
        )),
    }
}

/// Ends the session whose bearer came with a login that succeeded: its client has the new token.
async fn end_former(deps: &HttpDeps, request: &RoutedRequest, new: &LoginResult) {
    let Bearer::Token(token) = bearer(&request.headers) else {
        return;
    };
    if token == new.token.expose().as_bytes() {
        return;
    }
    let ended = match deps.sessions.verify(token).resolve().await {
        Ok(Some(former)) => deps.sessions.revoke(&former.user).await,
        Ok(None) => Ok(()),
        Err(error) if error.kind() == ErrorKind::TokenInvalid => Ok(()),
        Err(error) => Err(error),
    };
    // The code is used up: the login is not taken back.
    if let Err(error) = ended {
        tracing::warn!(target: "wecom_login", %error, "the former session of a login could not be ended");
    }
}
