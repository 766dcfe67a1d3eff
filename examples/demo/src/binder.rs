//! A [`UserBinder`] of the host app around the library's: one user has accounts in two companies, users have roles, and
//! a person may be asked which user they are.

use std::fmt;

use wecom_login::{
    Attributes, AuthenticatedMember, Binding, CorpId, DefaultUserBinder, Principal, Result,
    SuiteId, UserBinder, WecomUserId,
};

use crate::staff::Staff;

/// The page that asks a person which user they are.
pub(crate) const LINK_PAGE: &str = "/link";
/// The user id of 王芳 in the host app.
pub(crate) const USER: &str = "wangfang";
/// A company of the sandbox.
pub(crate) const COMPANY_A: &str = "wwdemocompanya0001";
/// Her accounts in WeCom: the corp id and the userid in it.
const LINKED_ACCOUNTS: [(&str, &str); 2] =
    [(COMPANY_A, "wangfang"), ("wwdemocompanyb0001", "wangfang")];

/// Binds members as the library does, and lets one user choose among her companies.
///
/// The choice shows only the accounts that are still bound to this user, so a member who left a company cannot enter it.
pub struct LinkedAccountsBinder {
    inner: DefaultUserBinder,
    staff: Staff,
    asks: bool,
}

impl LinkedAccountsBinder {
    pub(crate) fn new(inner: DefaultUserBinder, staff: Staff, asks: bool) -> Self {
        Self { inner, staff, asks }
    }
}

impl UserBinder for LinkedAccountsBinder {
    async fn linked_principals(
        &self,
        user_id: &str,
        authenticated: &Principal,
    ) -> Result<Vec<Principal>> {
        if user_id == USER {
            principals(&authenticated.suite_id)
        } else {
            Ok(Vec::new())
        }
    }

    async fn bind(&self, member: &AuthenticatedMember) -> Result<Binding> {
        if self.asks && self.inner.find(&member.principal).await?.is_none() {
            return Ok(Binding::link(LINK_PAGE));
        }
        self.inner.bind(member).await
    }

    async fn link(&self, principal: &Principal, user_id: &str) -> Result<()> {
        self.inner.link(principal, user_id).await
    }

    async fn attributes(&self, user_id: &str, _: &Principal) -> Result<Attributes> {
        let role = self.staff.role_of(user_id).await?;
        Ok(role.map_or_else(Attributes::new, |role| Attributes::new().with("role", role)))
    }

    async fn find(&self, principal: &Principal) -> Result<Option<String>> {
        self.inner.find(principal).await
    }

    async fn unbind(&self, principal: &Principal) -> Result<()> {
        self.inner.unbind(principal).await
    }

    async fn rebind(&self, from: &Principal, to: &Principal) -> Result<()> {
        self.inner.rebind(from, to).await
    }
}

impl fmt::Debug for LinkedAccountsBinder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkedAccountsBinder")
    }
}

/// The principals of this user.
pub(crate) fn principals(suite_id: &SuiteId) -> Result<Vec<Principal>> {
    let principal = |(corp_id, user_id)| {
        Ok(Principal::new(
            suite_id.clone(),
            CorpId::new(corp_id)?,
            WecomUserId::new(user_id)?,
        ))
    };
    LINKED_ACCOUNTS.into_iter().map(principal).collect()
}
