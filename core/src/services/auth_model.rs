//! The auth model of a Type: which user of the host app a member is bound to.

use std::fmt;

use crate::domain::Principal;
use crate::element::LoginTypeElement;
use crate::error::Result;
use crate::services::AdminService;

/// The auth model of a Type, such as `auths.loginTypes.QywxProxyType.QywxProxyAuthModel`: the bindings of members to users.
///
/// Every Type keeps its bindings in the same tables, where a [`Principal`] is bound once whatever Type logged it in. With a
/// [`UserBinder`](crate::UserBinder) of the host app they are where that one keeps them.
#[derive(Clone)]
#[doc(alias = "QywxProxyAuthModel")]
pub struct AuthModel {
    login_type: LoginTypeElement,
    admin: AdminService,
}

impl AuthModel {
    pub(crate) const fn new(login_type: LoginTypeElement, admin: AdminService) -> Self {
        Self { login_type, admin }
    }

    /// The full name.
    #[must_use]
    #[expect(
        clippy::misnamed_getters,
        reason = "the Type has a full name of its own"
    )]
    pub fn full_name(&self) -> &str {
        &self.login_type.auth_model_name
    }

    /// The full name of the Type.
    #[must_use]
    #[doc(alias = "authType")]
    pub fn auth_type(&self) -> &str {
        &self.login_type.full_name
    }

    /// The user that a member is bound to.
    ///
    /// # Errors
    /// The binder says so, or the database does not answer.
    pub async fn user_of(&self, principal: &Principal) -> Result<Option<String>> {
        self.admin.bound_user(principal).await
    }
}

impl fmt::Debug for AuthModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthModel")
            .field("login_type", &self.login_type)
            .finish_non_exhaustive()
    }
}
