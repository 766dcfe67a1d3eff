//! From an authentication to a session: the user that the member is bound to, the corp that is entered, the session.

use std::fmt;
use std::sync::Arc;

use crate::audit::{ClientAddresses, LoginOrigin};
use crate::authorization::{Authorizations, not_authorized};
use crate::db::Store;
use crate::domain::{
    AuthenticatedMember, CorpId, LoginHeaders, LoginLink, LoginType, Platform, Principal, Profile,
};
use crate::element::Instances;
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::{DynHooks, within_hook_timeout};
use crate::login::corp_selection::{CorpSelection, not_listed};
use crate::login::link_tickets::{LinkTickets, StoppedAt};
use crate::login::{Authentication, LoginGrant, LoginProof};
use crate::members::{self, Binding, IdMigration, Members, Visibility};
use crate::session::{IssuedSession, NewSession, Sessions, TokenSeed};
use crate::task_runner::TaskRunner;

/// Creates sessions for authenticated members.
#[derive(Clone)]
pub(crate) struct SessionCreation {
    pub(crate) store: Store,
    pub(crate) instances: Arc<Instances>,
    pub(crate) authorizations: Authorizations,
    pub(crate) members: Members,
    pub(crate) visibility: Visibility,
    pub(crate) id_migration: IdMigration,
    pub(crate) corps: CorpSelection,
    pub(crate) tickets: LinkTickets,
    pub(crate) sessions: Sessions,
    pub(crate) hooks: Arc<dyn DynHooks>,
    pub(crate) client_addresses: ClientAddresses,
    pub(crate) tasks: TaskRunner,
}

/// What a new session is for.
pub(crate) struct SessionPurpose<'a> {
    pub(crate) instance: &'a str,
    pub(crate) platform: Platform,
    pub(crate) login_type: LoginType,
    pub(crate) origin: LoginOrigin,
    /// Of the session's token.
    pub(crate) seed: TokenSeed,
}

impl SessionCreation {
    /// The host app's user that the member is bound to.
    ///
    /// # Errors
    /// `USER_AUTH_MISS`, with a ticket where the host app wants to ask the person.
    pub(crate) async fn bind(
        &self,
        authentication: &Authentication,
        headers: LoginHeaders,
        at: StoppedAt<'_>,
    ) -> Result<String> {
        if let Some(user_id) = &authentication.bound {
            return Ok(user_id.clone());
        }
        let mut member = authentication.member.clone();
        // A page elsewhere may have brought the code of somebody else into this client: its cookies say nothing of the
        // person who the code is of.
        member.headers = match at.proof {
            LoginProof::Code => LoginHeaders::default(),
            LoginProof::CodeWithState | LoginProof::Browser => headers,
        };
        let (detail, link) = match self.members.binder().bind(&member).await? {
            Binding::User(user_id) => return Ok(user_id),
            Binding::Link(url) => (
                "the app asks the person which of its users they are",
                Some(LoginLink::new(url, self.tickets.seal(authentication, &at)?)),
            ),
            Binding::Nobody => ("no user of the app is bound to this person", None),
        };
        let error = Error::new(ErrorKind::UserAuthMiss, detail);
        Err(match link {
            Some(link) => error.with_link(link),
            None => error,
        })
    }

    /// Authenticates a member whom the host app, or its own login provider, identified. `revocation_seq` is that of the
    /// moment when the login began.
    pub(crate) async fn authenticate_trusted(
        &self,
        mut member: AuthenticatedMember,
        revocation_seq: u64,
    ) -> Result<Authentication> {
        let named = &member.principal;
        let of_corp = Principal {
            corp_id: self
                .authorizations
                .ensure_row(&named.suite_id, &named.corp_id)
                .await?,
            ..named.clone()
        };
        member.principal = self.members.resolve(&of_corp).await?;
        let principal = &member.principal;
        let had_left = self.members.finish_departure(principal).await?;
        let revocation_seq = if had_left {
            self.sessions.revocation_seq()
        } else {
            revocation_seq
        };
        self.members
            .update_profile(principal, &member.profile)
            .await?;
        let authorization = self
            .authorizations
            .find(&principal.suite_id, &principal.corp_id)
            .await?
            .ok_or_else(not_authorized)?;
        let stored = self.members.find(principal).await?;
        // A revocation since the login began revokes it too.
        let revoked =
            self.sessions
                .member_revoked_since(principal, authorization.epoch, revocation_seq);
        Ok(Authentication {
            corp_name: authorization.corp_name.clone(),
            member_epoch: stored.as_ref().map_or(0, |row| row.epoch) - i64::from(revoked),
            authorization_epoch: authorization.epoch,
            visible_at: self.store.now(),
            revocation_seq,
            attributes: members::stored_attributes(stored.as_ref())?,
            bound: None,
            mini_program_key: None,
            member,
        })
    }

    /// The authentication for the corp that is named, or without a name for the one that the grant is of.
    ///
    /// # Errors
    /// `LOGIN_CODE_INVALID`, `CORP_NOT_IN_LIST`, or what keeps people of that corp out.
    pub(crate) async fn authentication_for(
        &self,
        grant: &LoginGrant,
        corp_id: Option<CorpId>,
    ) -> Result<Authentication> {
        let own = self.reauthenticate(grant, grant.principal.clone()).await?;
        let Principal {
            suite_id,
            corp_id: own_corp_id,
            ..
        } = &grant.principal;
        let aliases = self.authorizations.aliases();
        let Some(corp_id) =
            corp_id.filter(|corp_id| !aliases.is_same(suite_id, own_corp_id, corp_id))
        else {
            return Ok(own);
        };
        let target = self.corps.principal_in(grant, &corp_id).await?;
        let authentication = self.reauthenticate(grant, target).await?;
        // Asked again: a binding that ended before the epochs were read shows here, and one that ends later revokes
        // what was made with them.
        if self.corps.principal_in(grant, &corp_id).await? == authentication.member.principal {
            Ok(authentication)
        } else {
            Err(not_listed())
        }
    }

    /// Creates the session of a member whose user is known.
    pub(crate) async fn create_session(
        &self,
        authentication: Authentication,
        user_id: String,
        purpose: SessionPurpose<'_>,
    ) -> Result<IssuedSession> {
        let issued = self
            .sessions
            .issue(NewSession {
                principal: authentication.member.principal,
                user_id,
                instance: purpose.instance.to_owned(),
                platform: purpose.platform,
                login_type: purpose.login_type,
                profile: authentication.member.profile,
                attributes: authentication.attributes.clone(),
                member_epoch: authentication.member_epoch,
                authorization_epoch: authentication.authorization_epoch,
                visible_at: authentication.visible_at,
                revocation_seq: authentication.revocation_seq,
                origin: purpose.origin.kept(self.client_addresses),
                seed: purpose.seed,
            })
            .await?;
        // After the session is stored: whoever refreshes the attributes from here on finds it.
        let asked = self
            .members
            .ask_attributes(&issued.user, authentication.attributes);
        if let Err(error) = asked.await {
            self.sessions.revoke(&issued.user).await?;
            return Err(error);
        }
        let (hooks, user) = (Arc::clone(&self.hooks), issued.user.clone());
        self.tasks.spawn_until_shutdown(async move {
            let call = async {
                hooks.logged_in(&user).await;
                Ok(())
            };
            if let Err(error) = within_hook_timeout("Hooks::logged_in", call).await {
                tracing::warn!(target: "wecom_login", ?error, "a hook of the host app was given up");
            }
        });
        Ok(issued)
    }

    /// Creates the session of a grant in the corp of the authentication, under the instance that serves it.
    pub(crate) async fn create_session_for(
        &self,
        authentication: Authentication,
        grant: LoginGrant,
        platform: Platform,
        origin: LoginOrigin,
        seed: TokenSeed,
    ) -> Result<IssuedSession> {
        let target = &authentication.member.principal;
        let instance = if *target == grant.principal {
            grant.instance
        } else {
            self.instances
                .serving(&target.suite_id, &target.corp_id)?
                .name
                .full()
                .to_owned()
        };
        let purpose = SessionPurpose {
            instance: &instance,
            platform,
            login_type: grant.login_type,
            origin,
            seed,
        };
        self.create_session(authentication, grant.user_id, purpose)
            .await
    }

    /// The authentication that a grant carries, as far as it is still valid, for the corp that is entered.
    async fn reauthenticate(
        &self,
        grant: &LoginGrant,
        target: Principal,
    ) -> Result<Authentication> {
        let expired = || {
            Error::new(
                ErrorKind::LoginCodeInvalid,
                "the login that made this code is over",
            )
        };
        let mut target = target;
        let is_ours = self.corps.suites.find(&target.suite_id).is_some();
        if is_ours && target != grant.principal {
            target = self.with_current_ids(target).await?;
        }
        let revocation_seq = self.sessions.revocation_seq();
        if is_ours {
            self.require_login(grant, &target).await?;
        }
        let authorization = self
            .authorizations
            .find(&target.suite_id, &target.corp_id)
            .await?
            .ok_or_else(not_authorized)?;
        let stored = self.members.find(&target).await?.ok_or_else(expired)?;
        if target == grant.principal
            && (stored.epoch != grant.member_epoch
                || authorization.epoch != grant.authorization_epoch)
        {
            return Err(expired());
        }
        let attributes = members::stored_attributes(Some(&stored))?;
        let profile = Profile {
            name: stored.name,
            avatar: stored.avatar,
            email: stored.email,
            mobile: stored.mobile,
        };
        Ok(Authentication {
            member: AuthenticatedMember::new(target, profile),
            corp_name: authorization.corp_name.clone(),
            member_epoch: stored.epoch,
            authorization_epoch: authorization.epoch,
            visible_at: stored.visible_at.unwrap_or_default(),
            revocation_seq,
            attributes,
            bound: None,
            mini_program_key: None,
        })
    }

    /// The member under the userid that WeCom knows today, where the host app named the corp and not WeCom: its ids may
    /// have become encrypted ones since the member was stored.
    async fn with_current_ids(&self, target: Principal) -> Result<Principal> {
        let of_corp = self
            .authorizations
            .require_active(&target.suite_id, &target.corp_id);
        let authorization = of_corp.await?;
        if authorization.ids_moved_at.is_none() {
            self.id_migration.migrate_if_named(&authorization).await?;
        }
        self.members.resolve(&target).await
    }

    /// Checks that the corp of one of our suites takes logins, and in another corp than the grant's that the app is
    /// visible to the member.
    async fn require_login(&self, grant: &LoginGrant, target: &Principal) -> Result<()> {
        let config = self.instances.serving(&target.suite_id, &target.corp_id)?;
        self.instances.check_login(config, &target.corp_id)?;
        let authorization = self
            .authorizations
            .require_active(&target.suite_id, &target.corp_id)
            .await?;
        if *target == grant.principal {
            return Ok(());
        }
        self.corps.require_proof(grant.proof, target)?;
        self.members.finish_departure(target).await?;
        self.members.upsert(target).await?;
        // Nothing but this answer says that the person is still a member there.
        self.visibility
            .require_visible(&authorization, target)
            .await?;
        Ok(())
    }
}

impl fmt::Debug for SessionCreation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionCreation")
    }
}
