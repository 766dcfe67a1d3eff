//! The default binder: the auth model of this library.

use std::fmt;

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, EntityTrait as _, QueryFilter as _};

use crate::authorization::DepartedCorps;
use crate::db::entity::user::{ActiveModel, Column, Entity};
use crate::db::{PrincipalColumns as _, Store, is_unique_violation, retry_transaction};
use crate::domain::{AuthenticatedMember, Principal};
use crate::error::Result;
use crate::members::binder::UserBinder;
use crate::members::binding::Binding;
use crate::random;

/// What happens to a member who logs in for the first time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BindingPolicy {
    /// A user is created.
    #[default]
    CreateUsers,
    /// The login is rejected with `USER_AUTH_MISS`, unless
    /// [`AdminService::bind_user`](crate::AdminService::bind_user) bound the member before.
    BoundUsersOnly,
}

/// The default [`UserBinder`]: one row of `QywxProxyAuthModel` for each member.
/// [`Builder::wrap_binder`](crate::Builder::wrap_binder) hands it to a binder of the host app.
#[derive(Clone)]
pub struct DefaultUserBinder {
    store: Store,
    policy: BindingPolicy,
    departed: DepartedCorps,
}

impl DefaultUserBinder {
    pub(crate) const fn new(store: Store, policy: BindingPolicy, departed: DepartedCorps) -> Self {
        Self {
            store,
            policy,
            departed,
        }
    }

    /// Binds a member to this user, whichever user the member was bound to before.
    pub(crate) async fn set(&self, principal: &Principal, user_id: &str) -> Result<()> {
        retry_transaction(|| self.set_once(principal, user_id)).await?;
        self.departed.delete_member(principal).await
    }

    async fn set_once(&self, principal: &Principal, user_id: &str) -> Result<()> {
        let transaction = self.store.begin().await?;
        Entity::delete_many()
            .filter(Entity::of_principal(principal))
            .exec(&transaction)
            .await?;
        Entity::insert(new_row(&self.store, principal, user_id.to_owned()))
            .exec_without_returning(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn find_bound(&self, principal: &Principal) -> Result<Option<String>> {
        let found = Entity::find()
            .filter(Entity::of_principal(principal))
            .one(self.store.database())
            .await?;
        Ok(found.map(|row| row.user_id))
    }

    /// Binds a member who is not bound. Returns the user that the member is bound to afterwards.
    async fn insert(&self, principal: &Principal, user_id: String) -> Result<Option<String>> {
        match Entity::insert(new_row(&self.store, principal, user_id.clone()))
            .exec_without_returning(self.store.database())
            .await
        {
            Ok(_) => Ok(Some(user_id)),
            // Two first logins at the same time: the other one created the user.
            Err(error) if is_unique_violation(&error) => self.find_bound(principal).await,
            Err(error) => Err(error.into()),
        }
    }
}

impl UserBinder for DefaultUserBinder {
    async fn bind(&self, member: &AuthenticatedMember) -> Result<Binding> {
        let principal = &member.principal;
        if let Some(user_id) = self.find_bound(principal).await? {
            return Ok(Binding::User(user_id));
        }
        if let Some(user_id) = self.departed.find_user(principal).await? {
            let bound = self.insert(principal, user_id).await?;
            self.departed.delete_member(principal).await?;
            return Ok(bound.into());
        }
        if self.policy == BindingPolicy::BoundUsersOnly {
            return Ok(Binding::Nobody);
        }
        let created = self.insert(principal, random::hex::<16>()).await?;
        Ok(created.into())
    }

    async fn link(&self, principal: &Principal, user_id: &str) -> Result<()> {
        self.insert(principal, user_id.to_owned()).await?;
        self.departed.delete_member(principal).await
    }

    async fn find(&self, principal: &Principal) -> Result<Option<String>> {
        match self.find_bound(principal).await? {
            Some(user_id) => Ok(Some(user_id)),
            // The corp came back, and the member has not logged in since.
            None => self.departed.find_user(principal).await,
        }
    }

    async fn unbind(&self, principal: &Principal) -> Result<()> {
        self.departed.delete_member(principal).await?;
        Entity::delete_many()
            .filter(Entity::of_principal(principal))
            .exec(self.store.database())
            .await?;
        Ok(())
    }

    async fn rebind(&self, from: &Principal, to: &Principal) -> Result<()> {
        if let Some(user_id) = self.departed.find_user(from).await?
            && self.find_bound(from).await?.is_none()
        {
            self.insert(from, user_id).await?;
        }
        self.departed.delete_member(from).await?;
        let moved = Entity::update_many()
            .col_expr(Column::ThirdUserId, Expr::value(to.third_user_id.clone()))
            .filter(Entity::of_principal(from))
            .exec(self.store.database())
            .await;
        match moved {
            Ok(_) => Ok(()),
            // The new userid has logged in already and keeps its own user.
            Err(error) if is_unique_violation(&error) => self.unbind(from).await,
            Err(error) => Err(error.into()),
        }
    }
}

impl fmt::Debug for DefaultUserBinder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DefaultUserBinder")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

fn new_row(store: &Store, principal: &Principal, user_id: String) -> ActiveModel {
    ActiveModel {
        suite_id: Set(principal.suite_id.clone()),
        corp_id: Set(principal.corp_id.clone()),
        third_user_id: Set(principal.third_user_id.clone()),
        user_id: Set(user_id),
        created_at: Set(store.now()),
    }
}
