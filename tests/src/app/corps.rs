//! Corps and members of a [`TestApp`]'s sandbox, and their authorizations.

use serde_json::json;
use wecom_login::{AuthorizationStatus, CorpSummary};

use super::records::wire_word;
use super::{ADMIN_KEY, SUITE, TestApp};
use crate::auths::{self, COMPANY_A};
use crate::{TestRequest, until};

impl TestApp {
    /// The corpId of the sandbox's corp with this number.
    #[must_use]
    pub fn corp(&self, number: usize) -> String {
        self.sandbox.corp_ids()[number].clone()
    }

    /// The userid of the member with this number, of the corp with this number.
    #[must_use]
    pub fn user(&self, corp: usize, number: usize) -> String {
        self.sandbox.user_ids(&self.corp(corp))[number].clone()
    }

    /// The first corp that no instance of [`auths`] pins.
    #[must_use]
    pub fn open_corp(&self) -> String {
        self.open_corps().remove(0)
    }

    /// The corps that no instance of [`auths`] pins.
    #[must_use]
    pub fn open_corps(&self) -> Vec<String> {
        let pinned = [
            COMPANY_A,
            auths::CLOSED,
            auths::CODES_OFF,
            auths::CODES_STATE,
        ];
        self.sandbox
            .corp_ids()
            .into_iter()
            .filter(|corp| !pinned.contains(&corp.as_str()))
            .collect()
    }

    /// The userid of a corp's first member.
    #[must_use]
    pub fn member(&self, corp_id: &str) -> String {
        self.sandbox.user_ids(corp_id).remove(0)
    }

    /// The userid of a corp's member of this kind: `linked`, `non-member` or `invisible`.
    #[must_use]
    pub fn special_member(&self, corp_id: &str, kind: &str) -> String {
        let state = self.sandbox.state();
        let corps = state["corps"].as_array().unwrap();
        let corp = corps.iter().find(|corp| corp["corpId"] == corp_id).unwrap();
        let members = corp["members"].as_array().unwrap();
        let member = members.iter().find(|member| member["kind"] == kind);
        // The userid of a linked member is `CorpId/userid`; the control API takes the last part.
        member.unwrap()["userId"]
            .as_str()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned()
    }

    /// The corp with this number authorizes [`SUITE`]; gives its corpId once its authorization is active.
    pub async fn install(&self, corp: usize) -> String {
        self.install_suite(corp, SUITE).await
    }

    /// The corp with this number authorizes a suite; gives its corpId once its authorization is active.
    pub async fn install_suite(&self, corp: usize, suite_id: &str) -> String {
        let corp_id = self.corp(corp);
        let delivery = self
            .sandbox
            .install_suite(&corp_id, suite_id)
            .await
            .expect("a corp and a suite");
        assert!(delivery.succeeded(), "{delivery:?}");
        self.wait_until_active(suite_id, &corp_id).await;
        corp_id
    }

    /// A corp authorizes a suite; waits until the app knows the agentId. If the push is not stored in time, the
    /// administrator installs again.
    pub async fn install_corp(&self, suite_id: &str, corp_id: &str) {
        let mut delivery = self.sandbox.install_suite(corp_id, suite_id).await.unwrap();
        let mut is_repeated = false;
        for _ in 0..3 {
            if !delivery.succeeded() {
                is_repeated = true;
                delivery = self.sandbox.install_suite(corp_id, suite_id).await.unwrap();
            }
        }
        assert!(delivery.succeeded(), "{delivery:?}");
        until("the app knows the corp's agentId", async || {
            let corp = self.corp_summary(suite_id, corp_id).await;
            corp.is_some_and(|corp| {
                corp.agent_id.is_some() && corp.status == AuthorizationStatus::Active
            })
        })
        .await;
        if is_repeated {
            // The first push may be stored late. Each is a new authorization, which ends sessions of the one before.
            self.wait_until_done().await;
        }
    }

    /// Waits until an authorization is active.
    pub async fn wait_until_active(&self, suite_id: &str, corp_id: &str) {
        until("the authorization is active", async || {
            self.authorization_status(suite_id, corp_id).await == "active"
        })
        .await;
    }

    /// Sets the organization code of a corp by the admin route.
    pub async fn set_organization_code(&self, corp_id: &str, code: &str) {
        let request = TestRequest::post("/setCode").bearer(ADMIN_KEY);
        let body = json!({"corpId": corp_id, "code": code});
        assert_eq!(self.call(request.json(&body)).await.status, 204);
    }

    /// The status of an authorization; `none` if there is none.
    pub async fn authorization_status(&self, suite_id: &str, corp_id: &str) -> String {
        match self.corp_summary(suite_id, corp_id).await {
            Some(corp) => wire_word(&corp.status),
            None => "none".to_owned(),
        }
    }

    /// An authorization in the list of corps.
    pub async fn corp_summary(&self, suite_id: &str, corp_id: &str) -> Option<CorpSummary> {
        let corps = self
            .login
            .admin()
            .corps()
            .await
            .expect("the database answers");
        corps
            .into_iter()
            .find(|corp| corp.suite_id.as_str() == suite_id && corp.corp_id.as_str() == corp_id)
    }
}
