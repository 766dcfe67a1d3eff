//! Logins that the host app finishes: it found out which of its users a member is, and says so with the link ticket.

use std::fmt;

use tracing::Instrument as _;

use crate::audit::LoginOrigin;
use crate::domain::{AuthenticatedMember, LinkTicket, LoginCode, Principal, Profile};
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::{Refusals, within_hook_timeout};
use crate::login::link_tickets::{LinkTickets, StoppedLogin, invalid};
use crate::login::session_creation::SessionCreation;
use crate::login::{
    Authentication, CorpSelection, FinishLoginRequest, LoginCodes, LoginGrant, LoginResult,
};
use crate::members::{Members, check_user_id};
use crate::metrics::{LoginMeter, LoginMethod, LoginStep};
use crate::session::{Sessions, TokenSeed};

/// Finishes logins that stopped with a link ticket.
#[derive(Clone)]
pub(crate) struct AccountLinking {
    pub(crate) tickets: LinkTickets,
    pub(crate) members: Members,
    pub(crate) creation: SessionCreation,
    pub(crate) corps: CorpSelection,
    pub(crate) login_codes: LoginCodes,
    pub(crate) sessions: Sessions,
    pub(crate) refusals: Refusals,
}

impl AccountLinking {
    /// Finishes a login that was answered in JSON.
    pub(crate) async fn finish(&self, request: FinishLoginRequest) -> Result<LoginResult> {
        let client = request.client;
        let meter = LoginMeter::start(LoginMethod::Link);
        let finished = self.finish_login(request, &meter);
        let finished = self.refusals.watch(client, None, finished);
        let finished = finished.instrument(meter.span()).await;
        meter.finish(&finished, |_| LoginStep::LoggedIn);
        finished
    }

    async fn finish_login(
        &self,
        request: FinishLoginRequest,
        meter: &LoginMeter,
    ) -> Result<LoginResult> {
        let stopped = self.tickets.open(&request.ticket)?;
        // One of a browser needs that browser's cookie, which is not here.
        if stopped.state().is_some() {
            return Err(invalid());
        }
        let grant = stopped.grant(&request.user_id);
        meter.set_instance(&grant.instance);
        let authentication = self.link(&stopped, &grant).await?;
        let own = self.corps.choice_of(&grant.principal).await?;
        let corp_list = self
            .corps
            .corp_list_for(grant.proof, &grant.user_id, &grant.principal, own)
            .await?;
        let issued = self
            .creation
            .create_session_for(
                authentication,
                grant,
                stopped.platform(),
                LoginOrigin::Client(request.client),
                TokenSeed::random(),
            )
            .await?;
        if let Some(key) = stopped.mini_program_key() {
            self.sessions
                .store_mini_program_key(&issued.user, &key)
                .await?;
        }
        let idle = self.sessions.config().idle_timeout.as_secs();
        Ok(LoginResult::new(
            issued.token,
            &issued.user,
            idle,
            corp_list,
        ))
    }

    /// The member who logged in at WeCom, as stored.
    pub(crate) async fn member_of(&self, ticket: &LinkTicket) -> Result<AuthenticatedMember> {
        let principal = self.tickets.open(ticket)?.principal();
        let stored = self.members.find(&principal).await?.ok_or_else(invalid)?;
        let profile = Profile {
            name: stored.name,
            avatar: stored.avatar,
            email: stored.email,
            mobile: stored.mobile,
        };
        Ok(AuthenticatedMember::new(principal, profile))
    }

    /// The `state` of the browser's login that a ticket is of.
    pub(crate) fn state_of(&self, ticket: &LinkTicket) -> Result<String> {
        let stopped = self.tickets.open(ticket)?;
        Ok(stopped.state().ok_or_else(invalid)?.to_owned())
    }

    /// Finishes a login in the browser that holds the cookie of the ticket's `state`. The login code goes on to the
    /// callback, where the session begins.
    pub(crate) async fn finish_in_browser(
        &self,
        ticket: &LinkTicket,
        user_id: &str,
    ) -> Result<LoginCode> {
        let finished = async {
            let stopped = self.tickets.open(ticket)?;
            let grant = stopped.grant(user_id);
            self.link(&stopped, &grant).await?;
            let login_code = LoginCodes::random();
            self.login_codes.issue(&grant, &login_code).await?;
            Ok(login_code)
        };
        self.refusals.watch(None, None, finished).await
    }

    /// Uses the ticket up and binds the member to the user. The ticket stays valid where nothing came of it.
    async fn link(&self, stopped: &StoppedLogin, grant: &LoginGrant) -> Result<Authentication> {
        check_user_id(&grant.user_id)?;
        // First, so that a login that is over binds nobody.
        self.creation.authentication_for(grant, None).await?;
        self.tickets.claim(stopped).await?;
        match self.bind(grant).await {
            Ok(authentication) => Ok(authentication),
            Err(error) => {
                if let Err(error) = self.tickets.release(stopped).await {
                    tracing::warn!(target: "wecom_login", %error, "a link ticket could not be given back");
                }
                Err(error)
            }
        }
    }

    async fn bind(&self, grant: &LoginGrant) -> Result<Authentication> {
        let principal = &grant.principal;
        let is_new = match self.find(principal).await? {
            Some(user_id) if user_id == grant.user_id => false,
            Some(_) => return Err(bound_to_another()),
            None => {
                let linked = self.members.binder().link(principal, &grant.user_id);
                within_hook_timeout("UserBinder::link", linked).await?;
                true
            }
        };
        match self.find(principal).await? {
            Some(user_id) if user_id == grant.user_id => {}
            Some(_) => return Err(bound_to_another()),
            None => {
                return Err(Error::new(
                    ErrorKind::Config,
                    "UserBinder::link kept no binding, so that every login would ask again",
                ));
            }
        }
        // The member may have left meanwhile: the same userid later is another person.
        let authentication = self.creation.authentication_for(grant, None).await;
        let is_still_theirs =
            async || Ok::<_, Error>(self.find(principal).await?.as_ref() == Some(&grant.user_id));
        if authentication.is_err() && is_new && is_still_theirs().await? {
            let unbound = self.members.binder().unbind(principal);
            within_hook_timeout("UserBinder::unbind", unbound).await?;
        }
        authentication
    }

    async fn find(&self, principal: &Principal) -> Result<Option<String>> {
        let found = self.members.binder().find(principal);
        within_hook_timeout("UserBinder::find", found).await
    }
}

impl fmt::Debug for AccountLinking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountLinking")
    }
}

fn bound_to_another() -> Error {
    Error::new(
        ErrorKind::UserAuthMiss,
        "the person is bound to another user of the app",
    )
}
