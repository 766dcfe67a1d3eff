//! From a proven person to a login code, and from either to a session.

use crate::app::corp_selection::not_listed;
use crate::app::requests::LoginByCodeRequest;
use crate::app::results::{CorpChoice, LoginCodeResult, LoginResult};
use crate::app::service::AuthService;
use crate::authorization::not_authorized;
use crate::domain::AuthenticatedMember;
use crate::domain::CorpId;
use crate::domain::{LoginType, Platform, Principal, Profile};
use crate::error::{Error, ErrorKind, Result};
use crate::login::{Authentication, Ticket};
use crate::session::{IssuedSession, NewSession};

impl AuthService {
    /// Makes a login code for a person who was proven.
    pub(super) async fn issue_login_code(
        &self,
        proof: Authentication,
        instance: &str,
        login_type: LoginType,
    ) -> Result<LoginCodeResult> {
        let user_id = self.bind(&proof).await?;
        let proven = CorpChoice::new(
            proof.person.principal.corp_id.clone(),
            proof.corp_name.clone(),
        );
        let corp_list = self
            .corp_list(&user_id, &proof.person.principal, proven)
            .await?;
        let ticket = Ticket {
            principal: proof.person.principal,
            user_id: user_id.clone(),
            instance: instance.to_owned(),
            login_type,
            member_epoch: proof.member_epoch,
            authorization_epoch: proof.authorization_epoch,
        };
        let login_code = self.0.0.login_codes.issue(&ticket).await?;
        Ok(LoginCodeResult::new(login_code, corp_list, user_id))
    }

    /// A person whom somebody else proved: the host app, or a Type of its own.
    pub(super) async fn vouch(
        &self,
        person: AuthenticatedMember,
        revocation_seq: u64,
    ) -> Result<Authentication> {
        let who = &person.principal;
        let had_left = self.0.0.members.finish_departure(who).await?;
        let revocation_seq = if had_left {
            self.0.0.sessions.revocation_seq()
        } else {
            revocation_seq
        };
        self.0
            .0
            .authorizations
            .ensure_row(&who.suite_id, &who.corp_id)
            .await?;
        self.0
            .0
            .members
            .update_profile(who, &person.profile)
            .await?;
        let authorization = self
            .0
            .0
            .authorizations
            .find(&who.suite_id, &who.corp_id)
            .await?;
        let authorization = authorization.ok_or_else(not_authorized)?;
        let known = self.0.0.members.find(who).await?;
        // An end that came since the login began ends it too.
        let ended =
            self.0
                .0
                .sessions
                .member_revoked_since(who, authorization.epoch, revocation_seq);
        Ok(Authentication {
            corp_name: authorization.corp_name.clone(),
            member_epoch: known.as_ref().map_or(0, |known| known.epoch) - i64::from(ended),
            authorization_epoch: authorization.epoch,
            visible_at: self.0.0.store.now(),
            revocation_seq,
            bound: None,
            person,
        })
    }

    /// Gives a person who was proven and bound a session.
    pub(super) async fn admit(
        &self,
        proof: Authentication,
        user_id: String,
        instance: &str,
        platform: Platform,
        login_type: LoginType,
    ) -> Result<IssuedSession> {
        let issued = self
            .0
            .0
            .sessions
            .issue(NewSession {
                principal: proof.person.principal,
                user_id,
                instance: instance.to_owned(),
                platform,
                login_type,
                profile: proof.person.profile,
                member_epoch: proof.member_epoch,
                authorization_epoch: proof.authorization_epoch,
                visible_at: proof.visible_at,
                revocation_seq: proof.revocation_seq,
            })
            .await?;
        let (hooks, user) = (std::sync::Arc::clone(&self.0.0.hooks), issued.user.clone());
        self.0.0.tasks.spawn_on(
            async move { hooks.logged_in(&user).await },
            &self.0.0.runtime,
        );
        Ok(issued)
    }

    pub(super) async fn exchange_login_code(
        &self,
        request: LoginByCodeRequest,
    ) -> Result<LoginResult> {
        let consumed = self.0.0.login_codes.consume(&request.login_code);
        let ticket = self.0.0.prover.limited(request.client, consumed).await?;
        let proof = self.proof_in(&ticket, request.corp_id).await?;
        let own = self.named(&ticket.principal).await?;
        let list = self
            .corp_list(&ticket.user_id, &ticket.principal, own)
            .await?;
        let issued = self.enter(proof, ticket, request.platform).await?;
        Ok(self.result(issued, list))
    }

    /// A session of the company that the proof is for, under the instance that serves it.
    pub(super) async fn enter(
        &self,
        proof: Authentication,
        ticket: Ticket,
        platform: Platform,
    ) -> Result<IssuedSession> {
        let target = &proof.person.principal;
        let instance = if *target == ticket.principal {
            ticket.instance
        } else {
            self.0
                .0
                .instances
                .serving(&target.suite_id, &target.corp_id)?
                .name
                .full()
                .to_owned()
        };
        self.admit(
            proof,
            ticket.user_id,
            &instance,
            platform,
            ticket.login_type,
        )
        .await
    }

    /// The proof for the company that is named, or without a name for the one that was proven.
    pub(super) async fn proof_in(
        &self,
        ticket: &Ticket,
        corp_id: Option<CorpId>,
    ) -> Result<Authentication> {
        let own_proof = self.proof_of(ticket, ticket.principal.clone()).await?;
        let corp_id = corp_id.unwrap_or_else(|| ticket.principal.corp_id.clone());
        if corp_id == ticket.principal.corp_id {
            return Ok(own_proof);
        }
        let entered = self.other_company(ticket, &corp_id).await?;
        let proof = self.proof_of(ticket, entered).await?;
        // Asked once more: a binding that ended before the epochs of the proof were read is seen here, and one that
        // ends later ends what was made with them.
        if self.other_company(ticket, &corp_id).await? == proof.person.principal {
            Ok(proof)
        } else {
            Err(not_listed())
        }
    }

    /// The proof that a login code carries, as far as it still holds, for the company that is entered.
    async fn proof_of(&self, ticket: &Ticket, target: Principal) -> Result<Authentication> {
        let inner = &self.0.0;
        let over = || {
            Error::new(
                ErrorKind::LoginCodeInvalid,
                "the login that made this code is over",
            )
        };
        let revocation_seq = inner.sessions.revocation_seq();
        if inner.suites.find(&target.suite_id).is_some() {
            let config = inner.instances.serving(&target.suite_id, &target.corp_id)?;
            inner.instances.check_login(config, &target.corp_id)?;
            let authorization = inner
                .authorizations
                .require_active(&target.suite_id, &target.corp_id)
                .await?;
            if target != ticket.principal {
                inner.members.finish_departure(&target).await?;
                inner.members.upsert(&target).await?;
                let visible_at = inner
                    .members
                    .find(&target)
                    .await?
                    .and_then(|known| known.visible_at);
                if visible_at.is_none_or(|at| at <= authorization.changed_at) {
                    inner
                        .visibility
                        .require_visible(&authorization, &target)
                        .await?;
                }
            }
        }
        let authorization = inner
            .authorizations
            .find(&target.suite_id, &target.corp_id)
            .await?;
        let authorization = authorization.ok_or_else(not_authorized)?;
        let known = inner.members.find(&target).await?.ok_or_else(over)?;
        let (member_epoch, authorization_epoch) = if target == ticket.principal {
            if known.epoch != ticket.member_epoch
                || authorization.epoch != ticket.authorization_epoch
            {
                return Err(over());
            }
            (ticket.member_epoch, ticket.authorization_epoch)
        } else {
            (known.epoch, authorization.epoch)
        };
        let profile = Profile {
            name: known.name,
            avatar: known.avatar,
            email: known.email,
            mobile: known.mobile,
        };
        Ok(Authentication {
            person: AuthenticatedMember::new(target, profile),
            corp_name: authorization.corp_name.clone(),
            member_epoch,
            authorization_epoch,
            visible_at: known.visible_at.unwrap_or_default(),
            revocation_seq,
            bound: None,
        })
    }

    pub(super) async fn bind(&self, proof: &Authentication) -> Result<String> {
        if let Some(user_id) = &proof.bound {
            return Ok(user_id.clone());
        }
        let bound = self.0.0.members.binder().bind(&proof.person).await?;
        bound.ok_or_else(|| {
            Error::new(
                ErrorKind::UserAuthMiss,
                "no user of the app is bound to this person",
            )
        })
    }
}
