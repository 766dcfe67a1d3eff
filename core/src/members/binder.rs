//! Which user of the host app a person is. A person is bound by (suite, corp, userid) and by nothing else.

use std::sync::Arc;

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, EntityTrait as _, QueryFilter as _};

use crate::db::entity::user::{ActiveModel, Column, Entity};
use crate::db::{PrincipalColumns as _, Store, is_unique_violation, retry_transaction};
use crate::domain::AuthenticatedMember;
use crate::domain::Principal;
use crate::error::Result;
use crate::hooks::HookFuture;
use crate::random;

/// Binds people to the host app's users. Give your own to
/// [`Builder::binder`](crate::Builder::binder); the default is a table of ours, `QywxProxyAuthModel`.
///
/// Bind by the [`Principal`] alone. A name, a mail address or a mobile number is what the administrator of that
/// company typed: whoever finds users by them lets one company's administrator in as another company's user.
pub trait UserBinder: Send + Sync + 'static {
    /// The id of the host app's user for a person who logs in, made now if the app wants that. `None` refuses the login
    /// with `USER_AUTH_MISS`.
    fn bind<'a>(
        &'a self,
        person: &'a AuthenticatedMember,
    ) -> HookFuture<'a, Result<Option<String>>>;

    /// The id of the user that a person is bound to, without making one.
    fn find<'a>(&'a self, principal: &'a Principal) -> HookFuture<'a, Result<Option<String>>>;

    /// The other companies that this user may enter without another login there, each as the person they are in it.
    /// Every one of them has to be bound to the same user. None by default.
    fn linked_principals<'a>(
        &'a self,
        _user_id: &'a str,
        _proven: &'a Principal,
    ) -> HookFuture<'a, Result<Vec<Principal>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// The person left the company: the binding ends. The same userid later is another person.
    fn unbind<'a>(&'a self, principal: &'a Principal) -> HookFuture<'a, Result<()>>;

    /// WeCom gave the person another userid.
    fn rebind<'a>(&'a self, from: &'a Principal, to: &'a Principal) -> HookFuture<'a, Result<()>>;
}

/// What happens to a person who logs in for the first time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BindingPolicy {
    /// A user is made.
    #[default]
    CreateUsers,
    /// They are refused with `USER_AUTH_MISS` unless [`AuthService::bind_user`](crate::AuthService::bind_user) bound
    /// them before.
    BoundUsersOnly,
}

/// The default: a row of the auth model for each person.
#[derive(Debug)]
pub(crate) struct DefaultUserBinder {
    store: Store,
    policy: BindingPolicy,
}

impl DefaultUserBinder {
    pub(crate) fn new(store: Store, policy: BindingPolicy) -> Arc<Self> {
        Arc::new(Self { store, policy })
    }

    /// Binds a person to a user by name, whoever they were before.
    pub(crate) async fn set(store: &Store, who: &Principal, user_id: &str) -> Result<()> {
        retry_transaction(|| Self::set_once(store, who, user_id)).await
    }

    async fn set_once(store: &Store, who: &Principal, user_id: &str) -> Result<()> {
        let transaction = store.begin().await?;
        Entity::delete_many()
            .filter(Entity::of_principal(who))
            .exec(&transaction)
            .await?;
        Entity::insert(row(store, who, user_id.to_owned()))
            .exec_without_returning(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn find(&self, who: &Principal) -> Result<Option<String>> {
        let found = Entity::find()
            .filter(Entity::of_principal(who))
            .one(self.store.database())
            .await?;
        Ok(found.map(|row| row.user_id))
    }

    async fn find_or_create(&self, who: &Principal) -> Result<Option<String>> {
        if let Some(user_id) = self.find(who).await? {
            return Ok(Some(user_id));
        }
        if self.policy == BindingPolicy::BoundUsersOnly {
            return Ok(None);
        }
        let user_id = random::hex::<16>();
        match Entity::insert(row(&self.store, who, user_id.clone()))
            .exec_without_returning(self.store.database())
            .await
        {
            Ok(_) => Ok(Some(user_id)),
            // Two first logins at once: the other one made the user.
            Err(error) if is_unique_violation(&error) => self.find(who).await,
            Err(error) => Err(error.into()),
        }
    }
}

impl UserBinder for DefaultUserBinder {
    fn bind<'a>(
        &'a self,
        person: &'a AuthenticatedMember,
    ) -> HookFuture<'a, Result<Option<String>>> {
        Box::pin(self.find_or_create(&person.principal))
    }

    fn find<'a>(&'a self, principal: &'a Principal) -> HookFuture<'a, Result<Option<String>>> {
        Box::pin(self.find(principal))
    }

    fn unbind<'a>(&'a self, principal: &'a Principal) -> HookFuture<'a, Result<()>> {
        Box::pin(async move {
            Entity::delete_many()
                .filter(Entity::of_principal(principal))
                .exec(self.store.database())
                .await?;
            Ok(())
        })
    }

    fn rebind<'a>(&'a self, from: &'a Principal, to: &'a Principal) -> HookFuture<'a, Result<()>> {
        Box::pin(async move {
            let moved = Entity::update_many()
                .col_expr(Column::ThirdUserId, Expr::value(to.third_user_id.clone()))
                .filter(Entity::of_principal(from))
                .exec(self.store.database())
                .await;
            match moved {
                Ok(_) => Ok(()),
                // The new userid has logged in already: it stays who it is.
                Err(error) if is_unique_violation(&error) => self.unbind(from).await,
                Err(error) => Err(error.into()),
            }
        })
    }
}

fn row(store: &Store, who: &Principal, user_id: String) -> ActiveModel {
    ActiveModel {
        suite_id: Set(who.suite_id.clone()),
        corp_id: Set(who.corp_id.clone()),
        third_user_id: Set(who.third_user_id.clone()),
        user_id: Set(user_id),
        created_at: Set(store.now()),
    }
}
