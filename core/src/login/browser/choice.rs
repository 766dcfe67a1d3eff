//! The choice of a corp, by a member who may enter several.

use std::net::IpAddr;
use std::sync::Arc;

use tracing::Instrument as _;

use crate::audit::LoginOrigin;
use crate::domain::{CorpId, LoginCode, Platform};
use crate::error::{Error, ErrorKind, Result};
use crate::login::browser::BrowserLoginService;
use crate::login::browser::repetition::{Claim, FormerOutcome, OutcomeWait};
use crate::login::{CorpChoice, LoginGrant};
use crate::metrics::{LoginMeter, LoginMethod, LoginStep};
use crate::session::{IssuedSession, TokenSeed};

/// What a choice finds.
enum Choice {
    /// The login code is used up by this request.
    First(LoginGrant),
    /// Another request made the same choice, and this is its session.
    Repeated(IssuedSession),
    /// Another request is making the same choice.
    UnderWay,
    /// The login code was used up for another choice, or too long ago.
    Over,
}

impl BrowserLoginService {
    /// The corps of a [`CallbackOutcome::ChooseCorp`](super::CallbackOutcome::ChooseCorp), as they are now. The login
    /// code stays valid.
    pub(crate) async fn corps(&self, login_code: LoginCode) -> Result<Vec<CorpChoice>> {
        let deps = Arc::clone(&self.deps);
        self.deps
            .tasks
            .run(async move {
                let grant = deps.login_codes.find(&login_code).await?;
                let own = deps.corps.choice_of(&grant.principal).await?;
                deps.corps
                    .corp_list(&grant.user_id, &grant.principal, own)
                    .await
            })
            .await
    }

    /// Enters one of the corps of a [`CallbackOutcome::ChooseCorp`](super::CallbackOutcome::ChooseCorp). The login code
    /// is used up, whatever comes of it; for a minute the same choice gets the same session, because a browser may
    /// have dropped the first answer.
    pub(crate) async fn choose(
        &self,
        login_code: LoginCode,
        corp_id: CorpId,
        client: Option<IpAddr>,
    ) -> Result<IssuedSession> {
        let (this, entered_corp) = (self.clone(), corp_id.clone());
        let meter = Arc::new(LoginMeter::start(LoginMethod::Browser));
        let (span, of_choice) = (meter.span(), Arc::clone(&meter));
        let entered = async move {
            this.enter_corp(&login_code, corp_id, client, &of_choice)
                .await
        };
        let entered = self.deps.tasks.run(entered.instrument(span));
        let entered = self
            .deps
            .refusals
            .watch(client, Some(entered_corp), entered);
        let entered = entered.instrument(meter.span()).await;
        meter.finish(&entered, |_| LoginStep::LoggedIn);
        entered
    }

    async fn enter_corp(
        &self,
        login_code: &LoginCode,
        corp_id: CorpId,
        client: Option<IpAddr>,
        meter: &LoginMeter,
    ) -> Result<IssuedSession> {
        let deps = &self.deps;
        let seed = TokenSeed::derive(login_code, &[b"choice", corp_id.as_str().as_bytes()]);
        let claim = Claim::new(&deps.creation.sessions, seed);
        let mut wait = OutcomeWait::begin();
        let grant = loop {
            let choice = self.claim_choice(login_code, &claim);
            match deps.authenticator.with_rate_limit(client, choice).await? {
                Choice::First(grant) => break grant,
                Choice::Repeated(issued) => {
                    meter.set_repetition();
                    return Ok(issued);
                }
                Choice::UnderWay => {
                    if !wait.pause().await {
                        return Err(made_before());
                    }
                }
                Choice::Over => return Err(made_before()),
            }
        };
        meter.set_instance(&grant.instance);
        let entered = async {
            let authentication = deps
                .creation
                .authentication_for(&grant, Some(corp_id))
                .await?;
            deps.creation
                .create_session_for(
                    authentication,
                    grant,
                    Platform::Web,
                    LoginOrigin::Client(client),
                    claim.seed,
                )
                .await
        };
        let entered = entered.await;
        // Where the database did not answer, the session may be there all the same.
        if entered
            .as_ref()
            .is_err_and(|error| error.kind() != ErrorKind::StoreUnavailable)
        {
            deps.login_codes.end(login_code).await?;
        }
        entered
    }

    async fn claim_choice(&self, login_code: &LoginCode, claim: &Claim) -> Result<Choice> {
        let deps = &self.deps;
        let consumed = deps
            .login_codes
            .consume(login_code, Some(&claim.token_hash))
            .await;
        let error = match consumed {
            Ok(grant) => return Ok(Choice::First(grant)),
            Err(error) if error.kind() == ErrorKind::LoginCodeInvalid => error,
            Err(error) => return Err(error),
        };
        let Some(former) = deps.login_codes.find_use(login_code).await? else {
            return Err(error);
        };
        let sessions = &deps.creation.sessions;
        match former.outcome(&deps.store, sessions, &claim.seed).await? {
            FormerOutcome::Session(issued) => Ok(Choice::Repeated(issued)),
            FormerOutcome::Unknown if former.may_be_under_way(deps.store.now()) => {
                Ok(Choice::UnderWay)
            }
            FormerOutcome::Over | FormerOutcome::Unknown | FormerOutcome::Link(_) => {
                Ok(Choice::Over)
            }
        }
    }
}

fn made_before() -> Error {
    Error::new(ErrorKind::LoginCodeInvalid, "the choice was made before")
}
