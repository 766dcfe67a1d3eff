//! Logins and sessions of a [`TestApp`].

use serde_json::{Value, json};
use wecom_login::{CorpId, Platform, Principal, SuiteId, WecomLogin, WecomUserId};

use super::TestApp;
use crate::auths;
use crate::{TestRequest, TestResponse, until, until_mut};

impl TestApp {
    /// A code of WeCom for a member, of the first suite of [`auths`].
    #[must_use]
    pub fn code(&self, corp_id: &str, user_id: &str) -> String {
        self.sandbox
            .code_for_suite(corp_id, user_id, auths::SUITE)
            .unwrap()
    }

    /// `loginByWorkbench` over the socket with a new code of a member.
    pub async fn try_log_in(&self, corp_id: &str, user_id: &str) -> TestResponse {
        let body = json!({"corpId": corp_id, "code": self.code(corp_id, user_id)});
        self.send(TestRequest::post("/loginByWorkbench").json(&body))
            .await
    }

    /// Logs a member in over the socket and gives the login result.
    pub async fn log_in(&self, corp_id: &str, user_id: &str) -> Value {
        self.try_log_in(corp_id, user_id).await.success()
    }

    /// Logs a member in over the socket and gives the token.
    pub async fn token(&self, corp_id: &str, user_id: &str) -> String {
        self.log_in(corp_id, user_id).await["token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The status of `/api/hello` with this token.
    pub async fn hello_status(&self, token: &str) -> u16 {
        self.send_to_host(TestRequest::get("/api/hello").bearer(token))
            .await
            .status
    }

    /// Logs a member in, in memory, with a new code for this suite.
    pub async fn log_in_to_suite(
        &self,
        suite_id: &str,
        corp_id: &str,
        user_id: &str,
    ) -> TestResponse {
        let code = self
            .sandbox
            .code_for_suite(corp_id, user_id, suite_id)
            .expect("a code");
        self.log_in_with_code(corp_id, &code, Some(suite_id)).await
    }

    /// Logs in with this code, in memory.
    pub async fn log_in_with_code(
        &self,
        corp_id: &str,
        code: &str,
        suite_id: Option<&str>,
    ) -> TestResponse {
        let mut body = json!({"corpId": corp_id, "code": code});
        if let Some(suite_id) = suite_id {
            body["suiteId"] = suite_id.into();
        }
        self.call(TestRequest::post("/loginByWorkbench").json(&body))
            .await
    }

    /// Logs a member in, in memory, and gives the token.
    pub async fn token_for_suite(&self, suite_id: &str, corp_id: &str, user_id: &str) -> String {
        let login = self.log_in_to_suite(suite_id, corp_id, user_id).await;
        login.json()["token"].as_str().unwrap().to_owned()
    }

    /// The token of a session that the handle issued without WeCom.
    pub async fn issue_session(&self, suite_id: &str, corp_id: &str, user_id: &str) -> String {
        let member = principal(suite_id, corp_id, user_id);
        let issued = self
            .login
            .sessions()
            .issue(&member, Platform::App)
            .await
            .expect("a session");
        issued.token.expose().to_owned()
    }

    /// Whether `/me` accepts this token. A machine under load may not look it up in time; then it is asked again.
    pub async fn is_valid(&self, token: &str) -> bool {
        let mut is_valid = false;
        until_mut("the session is looked up", async || {
            let response = self.call(TestRequest::get("/me").bearer(token)).await;
            match response.status {
                status @ (200 | 401) => is_valid = status == 200,
                503 => return false,
                other => panic!("{other}: {:?}", response.body),
            }
            true
        })
        .await;
        is_valid
    }

    /// Waits until the last use of a session is stored. It is stored shortly after the response; a clock that is advanced
    /// by hours before that makes the session look idle.
    pub async fn wait_until_touched(&self) {
        until("the last use of the session is stored", async || {
            self.number("SELECT MAX(last_seen_at) FROM wecom_session")
                .await
                == self.now_millis()
        })
        .await;
    }
}

/// Whether a handle accepts this token; an error counts as no.
pub async fn accepts(login: &WecomLogin, token: &str) -> bool {
    login
        .verify_token(token.as_bytes())
        .resolve()
        .await
        .is_ok_and(|verified| verified.is_some())
}

/// A member of a corp.
#[must_use]
pub fn principal(suite_id: &str, corp_id: &str, user_id: &str) -> Principal {
    Principal::new(
        SuiteId::new(suite_id).expect("a suiteId"),
        CorpId::new(corp_id).expect("a corpId"),
        WecomUserId::new(user_id).expect("a userid"),
    )
}
