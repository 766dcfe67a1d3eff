//! Who may enter several companies: a binder of the host app's own, laid over the one of the library.

use std::fmt;

use wecom_login::{
    AuthenticatedMember, CorpId, DefaultUserBinder, Principal, Result, SuiteId, UserBinder,
    WecomUserId,
};

/// A user of the host app, 王芳, who works for two companies.
pub(crate) const USER: &str = "wangfang";
/// Who she is in each of them: the company, and WeCom's userid there.
const SHE_IS: [(&str, &str); 2] = [
    ("wwdemocompanya0001", "wangfang"),
    ("wwdemocompanyb0001", "wangfang"),
];

/// Binds people as the library does, and lets one user choose among the companies that the host app names for her.
/// Only those are shown in which she still is bound to this user: who left a company no longer enters it.
pub struct TwoCompanies(DefaultUserBinder);

impl TwoCompanies {
    /// Lays the rule over the library's binder.
    #[must_use]
    pub fn over(ours: DefaultUserBinder) -> Self {
        Self(ours)
    }
}

impl UserBinder for TwoCompanies {
    async fn linked_principals(
        &self,
        user_id: &str,
        authenticated: &Principal,
    ) -> Result<Vec<Principal>> {
        if user_id == USER {
            people(&authenticated.suite_id)
        } else {
            Ok(Vec::new())
        }
    }

    async fn bind(&self, member: &AuthenticatedMember) -> Result<Option<String>> {
        self.0.bind(member).await
    }

    async fn find(&self, principal: &Principal) -> Result<Option<String>> {
        self.0.find(principal).await
    }

    async fn unbind(&self, principal: &Principal) -> Result<()> {
        self.0.unbind(principal).await
    }

    async fn rebind(&self, from: &Principal, to: &Principal) -> Result<()> {
        self.0.rebind(from, to).await
    }
}

impl fmt::Debug for TwoCompanies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TwoCompanies")
    }
}

/// The people who are this user.
pub(crate) fn people(suite_id: &SuiteId) -> Result<Vec<Principal>> {
    let person = |(corp_id, user_id)| {
        Ok(Principal::new(
            suite_id.clone(),
            CorpId::new(corp_id)?,
            WecomUserId::new(user_id)?,
        ))
    };
    SHE_IS.into_iter().map(person).collect()
}
