//! The binder: which user of the host app a member is.

use std::future::{Future, ready};

use futures_util::future::BoxFuture;

use crate::domain::{Attributes, AuthenticatedMember, Principal};
use crate::error::Result;
use crate::members::binding::Binding;

/// Binds members to the users of the host app. Give your own to [`Builder::binder`](crate::Builder::binder); the
/// default is [`DefaultUserBinder`](crate::DefaultUserBinder), a table of this library.
///
/// Bind by the [`Principal`] alone. Names, mail addresses and mobile numbers are entered by the administrator of the
/// corp: a binder that finds users by them lets the administrator of one corp log in as a user of another.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
///
/// use wecom_login::{AuthenticatedMember, Binding, Principal, Result, UserBinder};
///
/// /// Binds members to the users that were entered before.
/// #[derive(Default)]
/// struct Staff(Mutex<HashMap<Principal, String>>);
///
/// impl UserBinder for Staff {
///     async fn bind(&self, member: &AuthenticatedMember) -> Result<Binding> {
///         Ok(self.find(&member.principal).await?.into())
///     }
///
///     async fn find(&self, principal: &Principal) -> Result<Option<String>> {
///         Ok(self.0.lock().unwrap().get(principal).cloned())
///     }
///
///     async fn unbind(&self, principal: &Principal) -> Result<()> {
///         self.0.lock().unwrap().remove(principal);
///         Ok(())
///     }
///
///     async fn rebind(&self, from: &Principal, to: &Principal) -> Result<()> {
///         let mut staff = self.0.lock().unwrap();
///         if let Some(user_id) = staff.remove(from) {
///             staff.entry(to.clone()).or_insert(user_id);
///         }
///         Ok(())
///     }
/// }
/// # let _ = wecom_login::WecomLogin::builder().binder(Staff::default());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not bind members to users",
    label = "this needs `impl UserBinder`",
    note = "implement `wecom_login::UserBinder` with `find`, `bind` and `unbind` as `async fn`s, or leave `Builder::binder` \
            out: the default binder creates a user on a member's first login"
)]
pub trait UserBinder: Send + Sync + 'static {
    /// The host app's user for a member who logs in, created now if the app wants that: `Ok("7".into())`. With
    /// [`Binding::Link`] the app asks the person first, with [`Binding::Nobody`] the login is rejected.
    ///
    /// The headers of the login's request are with the [`member`](field@AuthenticatedMember::headers), where the login is
    /// known to have begun in that client: in a browser, in a mini program, and by a request
    /// [with a verified state](crate::LoginCodeRequest::with_verified_state). An app that has sessions of its own may know
    /// the person by them. Of any other login in JSON they are empty: somebody else's code may have been brought into the
    /// browser of a user who is logged in to the app.
    fn bind(&self, member: &AuthenticatedMember) -> impl Future<Output = Result<Binding>> + Send;

    /// Binds a member to the user that the app found out after [`Binding::Link`]. From here on
    /// [`find`](Self::find) has to say so. Not called for a member who is bound. Does nothing by default, for an app that
    /// stores the binding itself before it finishes the login.
    fn link(
        &self,
        principal: &Principal,
        user_id: &str,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (principal, user_id);
        ready(Ok(()))
    }

    /// The id of the user that a member is bound to. Creates none.
    fn find(&self, principal: &Principal) -> impl Future<Output = Result<Option<String>>> + Send;

    /// What the app knows of the user in this corp, such as roles: [`CurrentUser::attributes`](crate::CurrentUser::attributes)
    /// has it without a query. Asked at every login, and when the app calls
    /// [`refresh_attributes`](crate::SessionService::refresh_attributes). Nothing by default.
    ///
    /// More than [`Attributes::MAX_BYTES`] fails the login with `CONFIG_ERROR`.
    fn attributes(
        &self,
        user_id: &str,
        principal: &Principal,
    ) -> impl Future<Output = Result<Attributes>> + Send {
        let _ = (user_id, principal);
        ready(Ok(Attributes::new()))
    }

    /// The other corps that this user may switch to without another login, each as the member that the user is there.
    /// Every one of them has to be bound to the same user. None by default.
    fn linked_principals(
        &self,
        user_id: &str,
        authenticated: &Principal,
    ) -> impl Future<Output = Result<Vec<Principal>>> + Send {
        let _ = (user_id, authenticated);
        ready(Ok(Vec::new()))
    }

    /// The member left the corp: the binding ends. The same userid later is another person.
    fn unbind(&self, principal: &Principal) -> impl Future<Output = Result<()>> + Send;

    /// WeCom gave the member another userid.
    fn rebind(&self, from: &Principal, to: &Principal) -> impl Future<Output = Result<()>> + Send;
}

/// The object-safe twin of [`UserBinder`]. Every `UserBinder` implements it.
pub(crate) trait DynUserBinder: Send + Sync + 'static {
    fn bind<'a>(&'a self, member: &'a AuthenticatedMember) -> BoxFuture<'a, Result<Binding>>;

    fn link<'a>(&'a self, principal: &'a Principal, user_id: &'a str) -> BoxFuture<'a, Result<()>>;

    fn find<'a>(&'a self, principal: &'a Principal) -> BoxFuture<'a, Result<Option<String>>>;

    fn attributes<'a>(
        &'a self,
        user_id: &'a str,
        principal: &'a Principal,
    ) -> BoxFuture<'a, Result<Attributes>>;

    fn linked_principals<'a>(
        &'a self,
        user_id: &'a str,
        authenticated: &'a Principal,
    ) -> BoxFuture<'a, Result<Vec<Principal>>>;

    fn unbind<'a>(&'a self, principal: &'a Principal) -> BoxFuture<'a, Result<()>>;

    fn rebind<'a>(&'a self, from: &'a Principal, to: &'a Principal) -> BoxFuture<'a, Result<()>>;
}

impl<B: UserBinder> DynUserBinder for B {
    fn bind<'a>(&'a self, member: &'a AuthenticatedMember) -> BoxFuture<'a, Result<Binding>> {
        Box::pin(UserBinder::bind(self, member))
    }

    fn link<'a>(&'a self, principal: &'a Principal, user_id: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(UserBinder::link(self, principal, user_id))
    }

    fn find<'a>(&'a self, principal: &'a Principal) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(UserBinder::find(self, principal))
    }

    fn attributes<'a>(
        &'a self,
        user_id: &'a str,
        principal: &'a Principal,
    ) -> BoxFuture<'a, Result<Attributes>> {
        Box::pin(UserBinder::attributes(self, user_id, principal))
    }

    fn linked_principals<'a>(
        &'a self,
        user_id: &'a str,
        authenticated: &'a Principal,
    ) -> BoxFuture<'a, Result<Vec<Principal>>> {
        Box::pin(UserBinder::linked_principals(self, user_id, authenticated))
    }

    fn unbind<'a>(&'a self, principal: &'a Principal) -> BoxFuture<'a, Result<()>> {
        Box::pin(UserBinder::unbind(self, principal))
    }

    fn rebind<'a>(&'a self, from: &'a Principal, to: &'a Principal) -> BoxFuture<'a, Result<()>> {
        Box::pin(UserBinder::rebind(self, from, to))
    }
}
