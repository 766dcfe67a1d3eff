//! The methods that act as an administrator or as a member.

use serde_json::Value;

use super::Sandbox;
use crate::actions::{Installation, LoginConsent, MemberRef};
use crate::problem::Problem;
use crate::store::{Delivery, IdForm};

impl Sandbox {
    /// Installs the app of the suite that pins the corp, else of the first suite: `create_auth`.
    ///
    /// # Errors
    /// There is no such corp.
    pub async fn install(&self, corp_id: &str) -> Result<Delivery, Problem> {
        self.engine.install(corp_id, Installation::default()).await
    }

    /// Installs the app of a suite: `create_auth`.
    ///
    /// # Errors
    /// There is no such corp or suite.
    pub async fn install_suite(&self, corp_id: &str, suite_id: &str) -> Result<Delivery, Problem> {
        let installation = Installation {
            suite_id: Some(suite_id.to_owned()),
            ..Installation::default()
        };
        self.engine.install(corp_id, installation).await
    }

    /// Installs the app of a suite with ids in this form from its first push: `create_auth`.
    ///
    /// # Errors
    /// There is no such corp or suite.
    pub async fn install_with_ids(
        &self,
        corp_id: &str,
        suite_id: &str,
        ids: IdForm,
    ) -> Result<Delivery, Problem> {
        let installation = Installation {
            suite_id: Some(suite_id.to_owned()),
            ids: Some(ids),
            ..Installation::default()
        };
        self.engine.install(corp_id, installation).await
    }

    /// Migrates the app to encrypted ids, as the last step of the provider's migration does. Nothing is
    /// pushed. Returns the corp's encrypted id.
    ///
    /// # Errors
    /// There is no such corp, or it has no installed app.
    pub fn migrate(&self, corp_id: &str) -> Result<String, Problem> {
        self.engine.migrate(corp_id, None)
    }

    /// Disables the app: `change_auth`.
    ///
    /// # Errors
    /// There is no such corp, or it has no installed app.
    pub async fn disable(&self, corp_id: &str) -> Result<Delivery, Problem> {
        self.engine.set_disabled(corp_id, None, true).await
    }

    /// Enables the app: `change_auth`.
    ///
    /// # Errors
    /// There is no such corp, or it has no installed app.
    pub async fn enable(&self, corp_id: &str) -> Result<Delivery, Problem> {
        self.engine.set_disabled(corp_id, None, false).await
    }

    /// Changes the authorization: `change_auth`.
    ///
    /// # Errors
    /// There is no such corp, or it has no installed app.
    pub async fn change(&self, corp_id: &str) -> Result<Delivery, Problem> {
        self.engine.change_authorization(corp_id, None).await
    }

    /// Cancels the authorization: `cancel_auth`.
    ///
    /// # Errors
    /// There is no such corp, or it has no installed app.
    pub async fn cancel(&self, corp_id: &str) -> Result<Delivery, Problem> {
        self.engine.cancel(corp_id, None).await
    }

    /// Resets the app's secret: `reset_permanent_code`.
    ///
    /// # Errors
    /// There is no such corp, or it has no installed app.
    pub async fn reset_secret(&self, corp_id: &str) -> Result<Delivery, Problem> {
        self.engine.reset_secret(corp_id, None).await
    }

    /// Issues a login code, as if the member had clicked the app or scanned the QR code.
    ///
    /// # Errors
    /// There is no such member, or the corp has no installed app.
    pub fn code(&self, corp_id: &str, user_id: &str) -> Result<String, Problem> {
        self.engine
            .login_code(MemberRef::new(corp_id, user_id), LoginConsent::default())
    }

    /// Issues a mini program's code, for `miniprogram/jscode2session`.
    ///
    /// # Errors
    /// There is no such member, or the corp has no installed app.
    pub fn js_code(&self, corp_id: &str, user_id: &str) -> Result<String, Problem> {
        let consent = LoginConsent {
            mini_program: true,
            ..LoginConsent::default()
        };
        self.engine
            .login_code(MemberRef::new(corp_id, user_id), consent)
    }

    /// The messages that apps sent to a member, newest first: `msgtype`, `content`, `agentId`, `at`.
    ///
    /// # Errors
    /// There is no such member.
    pub fn inbox(&self, corp_id: &str, user_id: &str) -> Result<Vec<Value>, Problem> {
        self.engine.inbox(corp_id, user_id)
    }

    /// Issues a login code for the app of a suite.
    ///
    /// # Errors
    /// There is no such member, or the corp has not installed that app.
    pub fn code_for_suite(
        &self,
        corp_id: &str,
        user_id: &str,
        suite_id: &str,
    ) -> Result<String, Problem> {
        let member = MemberRef {
            corp_id,
            user_id,
            suite_id: Some(suite_id),
        };
        self.engine.login_code(member, LoginConsent::default())
    }

    /// The member leaves the corp: `change_contact` with `delete_user`, and `unsubscribe`.
    ///
    /// # Errors
    /// There is no such member, or the corp has no installed app.
    pub async fn leave(&self, corp_id: &str, user_id: &str) -> Result<Delivery, Problem> {
        self.engine.leave(MemberRef::new(corp_id, user_id)).await
    }

    /// The member gets another userid: `change_contact` with `update_user` and `NewUserID`.
    ///
    /// # Errors
    /// There is no such member, another member has the new id, or the corp has no installed app.
    pub async fn rename(
        &self,
        corp_id: &str,
        user_id: &str,
        new_id: &str,
    ) -> Result<Delivery, Problem> {
        self.engine
            .rename(MemberRef::new(corp_id, user_id), Some(new_id))
            .await
    }

    /// The member leaves the app's visible range: `change_auth`, and `unsubscribe`.
    ///
    /// # Errors
    /// There is no such member, or the corp has no installed app.
    pub async fn hide(&self, corp_id: &str, user_id: &str) -> Result<Delivery, Problem> {
        self.engine
            .set_visible(MemberRef::new(corp_id, user_id), false)
            .await
    }

    /// The member's account is disabled: `change_contact` with `update_user`, and `unsubscribe`.
    ///
    /// # Errors
    /// There is no such member, or the corp has no installed app.
    pub async fn disable_member(&self, corp_id: &str, user_id: &str) -> Result<Delivery, Problem> {
        self.engine
            .set_status(MemberRef::new(corp_id, user_id), 2)
            .await
    }

    /// The member's account is enabled: `change_contact` with `update_user`, and `subscribe`.
    ///
    /// # Errors
    /// There is no such member, or the corp has no installed app.
    pub async fn enable_member(&self, corp_id: &str, user_id: &str) -> Result<Delivery, Problem> {
        self.engine
            .set_status(MemberRef::new(corp_id, user_id), 1)
            .await
    }

    /// The member enters the app's visible range: `change_auth`, and `subscribe`.
    ///
    /// # Errors
    /// There is no such member, or the corp has no installed app.
    pub async fn show(&self, corp_id: &str, user_id: &str) -> Result<Delivery, Problem> {
        self.engine
            .set_visible(MemberRef::new(corp_id, user_id), true)
            .await
    }

    /// The member unfollows the app: `unsubscribe`.
    ///
    /// # Errors
    /// There is no such member, or the corp has no installed app.
    pub async fn unsubscribe(&self, corp_id: &str, user_id: &str) -> Result<Delivery, Problem> {
        self.engine
            .member_event(MemberRef::new(corp_id, user_id), "unsubscribe")
            .await
    }
}
