//! The routes for administrators.

use http::Response;
use serde::Serialize;

use crate::error::{Error, ErrorKind, Result};
use crate::hooks::RefusedRequest;
use crate::web::admin::{AdminAction, AdminIdentity};
use crate::web::http_service::HttpDeps;
use crate::web::params::{AccessTokenParams, RecordsParams, SetCodeParams, record_id};
use crate::web::request::RoutedRequest;
use crate::web::response::{ResponseBody, empty, json};
use crate::web::route::Endpoint;

#[derive(Serialize)]
struct Records<T> {
    records: T,
}

#[derive(Serialize)]
struct Corps<T> {
    corps: T,
}

/// Whether somebody was refused as an administrator, where there are administrators at all.
pub(super) fn is_refusal_of_administrator(deps: &HttpDeps, error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::CrossSite | ErrorKind::Forbidden | ErrorKind::Unauthenticated
    ) && deps.config.admin.require_on().is_ok()
}

/// The administrator who asks. Too many wrong keys are told of; a single one is where the request is answered.
///
/// # Errors
/// As [`HttpConfig::administrator`](crate::web::config::HttpConfig::administrator).
pub(super) async fn authenticate(
    deps: &HttpDeps,
    request: &RoutedRequest,
) -> Result<AdminIdentity> {
    deps.config
        .administrator(
            &deps.sessions,
            request.method.as_str(),
            &request.headers,
            request.client,
        )
        .await
        .inspect_err(|error| {
            if error.kind() == ErrorKind::RateLimited {
                let client = Some(request.client);
                deps.refusals
                    .record(RefusedRequest::Admin, error, client, None);
            }
        })
}

pub(super) async fn answer(
    deps: &HttpDeps,
    request: &RoutedRequest,
) -> Result<Response<ResponseBody>> {
    let administrator = authenticate(deps, request).await?;
    match request.endpoint {
        Endpoint::SetCode => {
            let params = SetCodeParams::parse(request.body()?)?;
            // The predicate compares the corp with that of a session, which has the id that is stored.
            let suite_id = params.suite_id.as_ref();
            let corp_id = deps.auth.resolve_corp(&params.corp_id, suite_id).await;
            administrator.authorize(AdminAction::SetCode, Some(&corp_id))?;
            let actor = administrator.actor();
            deps.auth
                .set_organization_code_as(&params.corp_id, &params.code, suite_id, actor)
                .await?;
            Ok(empty(204))
        }
        Endpoint::RetryCallback => {
            let record_id = record_id(request.body()?)?;
            administrator.authorize(AdminAction::RetryCallback, None)?;
            let admin = deps.admin.with_actor(administrator.actor());
            admin.retry_callback(record_id).await?;
            Ok(empty(204))
        }
        Endpoint::CallbackRecords => {
            let params = RecordsParams::parse(&request.query)?;
            administrator.authorize(AdminAction::CallbackRecords, None)?;
            let records = deps
                .admin
                .callback_records(params.status, params.limit, params.before)
                .await?;
            Ok(json(&Records { records }))
        }
        Endpoint::Corps => {
            administrator.authorize(AdminAction::Corps, None)?;
            let corps = deps.admin.corps().await?;
            Ok(json(&Corps { corps }))
        }
        Endpoint::AccessToken => {
            let params =
                AccessTokenParams::parse(request.variable(), &request.query, request.body()?)?;
            let (named, suite_id) = (&params.corp_id, params.suite_id);
            let corp_id = deps.auth.resolve_corp(named, suite_id.as_ref()).await;
            administrator.authorize(AdminAction::AccessToken, Some(&corp_id))?;
            if !deps.config.serves_access_tokens {
                return Err(Error::new(
                    ErrorKind::Forbidden,
                    "access tokens are not served: see Builder::serve_access_tokens",
                ));
            }
            let (suite_id, corp_id) = deps.auth.resolve_authorization(named, suite_id).await?;
            let admin = deps.admin.with_actor(administrator.actor());
            admin.audit_access_token(&suite_id, &corp_id).await?;
            let issued = deps.corp_api.access_token(&suite_id, &corp_id).await?;
            tracing::info!(target: "wecom_login", %suite_id, %corp_id, "an administrator has the corp's access token");
            Ok(json(&issued))
        }
        _ => Err(Error::new(
            ErrorKind::Internal,
            "an admin route has no answer",
        )),
    }
}
