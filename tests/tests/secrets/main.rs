//! Wrong secrets, refused calls and re-reads: what one corp's fault costs the others, and how often WeCom is called.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod blame;
mod configured;
mod repetition;
mod rereads;
mod switched_off;

use wecom_login::{CorpId, Error, OAuthCode, WecomLogin, WorkbenchLoginRequest};
use wecom_login_tests::TestApp;

const AUTH_INFO: &str = "service/v2/get_auth_info";

/// A login by the workbench on one of the handles.
async fn log_in(node: &TestApp, on: &WecomLogin, corp: usize) -> Result<(), Error> {
    let corp_id = node.corp(corp);
    let code = node.sandbox.code(&corp_id, &node.user(corp, 0)).unwrap();
    let request = WorkbenchLoginRequest::new(CorpId::new(corp_id).unwrap(), OAuthCode::new(code));
    on.service().login_by_workbench(request).await.map(drop)
}
