//! The calls to WeCom that return a token, each under the limit on wrong secrets.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sea_orm::EntityTrait as _;
use secrecy::SecretString;

use crate::db::entity::access_token;
use crate::digest;
use crate::domain::Suite;
use crate::error::{Error, Result};
use crate::metrics;
use crate::tokens::app_secret::{self, AppSecret};
use crate::tokens::circuit_breaker::SecretKind;
use crate::tokens::credential::{
    AnyCredential, AppCredential, JsTicket, JsTicketKind, ProviderCredential,
};
use crate::tokens::other_corp_id::with_either_id;
use crate::tokens::suite_ticket;
use crate::tokens::token_cache::Tokens;
use crate::wecom::{CallError, CallErrorKind, Errcode, IssuedToken};

type Issued = IssuedToken<SecretString>;

impl Tokens {
    pub(super) async fn fetch(&self, credential: &AnyCredential) -> Result<Issued> {
        let (kind, issued) = match credential {
            AnyCredential::App(app) => ("corp", self.fetch_app_token(app).await),
            AnyCredential::JsTicket(ticket) => ("js_ticket", self.fetch_js_ticket(ticket).await),
            AnyCredential::Suite(suite) => ("suite", self.fetch_suite_token(suite).await),
            AnyCredential::Provider(provider) => {
                ("provider", self.fetch_provider_token(provider).await)
            }
        };
        metrics::token_fetched(kind, issued.is_ok());
        issued
    }

    async fn fetch_app_token(&self, app: &AppCredential) -> Result<Issued> {
        let inner = &self.inner;
        let kind = match app_secret::find(&inner.store, app).await? {
            AppSecret::Of(kind) => kind,
            AppSecret::Rejected => {
                let rejected = CallErrorKind::Refused(Errcode::INVALID_CREDENTIAL);
                return Err(CallError::new("gettoken", rejected).into());
            }
        };
        let parts = [
            "app".as_bytes(),
            app.suite_id.as_str().as_bytes(),
            app.corp_id.as_str().as_bytes(),
            &app.version.to_be_bytes(),
        ];
        let secret = digest::of_parts(&parts);
        let attempt = inner.circuit_breaker.acquire(&secret, kind).await?;
        let call = |corp_id| async move {
            let fetched = inner.api.app_token(&corp_id, &app.permanent_code).await;
            fetched.map(|issued| exposed(issued.token.expose(), issued.expires_in))
        };
        let issued = with_either_id(&inner.aliases, &app.suite_id, &app.corp_id, call).await;
        match &issued {
            Err(error) if error.errcode().is_some_and(Errcode::is_secret_invalid) => {
                inner.circuit_breaker.record_rejection(attempt).await?;
                if error.errcode() == Some(Errcode::INVALID_CREDENTIAL) {
                    app_secret::record_rejected(&inner.store, app).await?;
                }
            }
            Err(_) => inner.circuit_breaker.release(attempt).await,
            Ok(_) => {
                inner.circuit_breaker.release(attempt).await;
                if kind != SecretKind::Proven
                    && let Err(error) = app_secret::record_accepted(&inner.store, app).await
                {
                    tracing::info!(target: "wecom_login", ?error, "that a secret was accepted could not be stored");
                }
            }
        }
        self.log_refusal(&AnyCredential::App(app.clone()), issued.as_ref().err());
        Ok(issued?)
    }

    /// Boxed, because it fetches the app's access token if that is missing: the future would contain itself.
    fn fetch_js_ticket<'a>(&'a self, ticket: &'a JsTicket) -> BoxFuture<'a, Result<Issued>> {
        Box::pin(async move {
            let api = &self.inner.api;
            let call = |token| async move {
                match ticket.kind {
                    JsTicketKind::Corp => api.corp_js_ticket(&token).await,
                    JsTicketKind::Agent => api.agent_js_ticket(&token).await,
                }
            };
            let (issued, _) = self.call_with_token(&ticket.app, call).await?;
            let issued = issued?;
            Ok(exposed(issued.token.expose(), issued.expires_in))
        })
    }

    async fn fetch_suite_token(&self, suite: &Arc<Suite>) -> Result<Issued> {
        let inner = &self.inner;
        let credential = AnyCredential::Suite(Arc::clone(suite));
        let secret = secret_hash(&credential, suite.secret.expose());
        self.require_not_rejected("service/get_suite_token", &secret)
            .await?;
        let (ticket, record_id) =
            suite_ticket::latest(&inner.store, &inner.keys, &suite.id).await?;
        let fetch = async {
            let issued = inner
                .api
                .suite_token(&suite.id, &suite.secret, &ticket)
                .await?;
            Ok(exposed(issued.token.expose(), issued.expires_in))
        };
        let issued = self.send_configured(&credential, &secret, fetch).await?;
        if let Err(error) = &issued
            && error.errcode().is_some_and(Errcode::is_ticket_invalid)
        {
            suite_ticket::reject(&inner.store, &suite.id, record_id).await?;
        }
        Ok(issued?)
    }

    async fn fetch_provider_token(&self, provider: &ProviderCredential) -> Result<Issued> {
        let credential = AnyCredential::Provider(provider.clone());
        let secret = secret_hash(&credential, provider.secret.expose());
        self.require_not_rejected("service/get_provider_token", &secret)
            .await?;
        let fetch = async {
            let api = &self.inner.api;
            let issued = api
                .provider_token(&provider.corp_id, &provider.secret)
                .await?;
            Ok(exposed(issued.token.expose(), issued.expires_in))
        };
        let issued = self.send_configured(&credential, &secret, fetch).await?;
        Ok(issued?)
    }

    /// Fails as WeCom did while a rejected secret of a suite or a provider is not to be sent again.
    async fn require_not_rejected(&self, path: &'static str, secret: &[u8; 32]) -> Result<()> {
        match self.inner.circuit_breaker.rejected_for(secret).await? {
            None => Ok(()),
            Some(wait) => {
                let rejected = CallErrorKind::Refused(Errcode::INVALID_CREDENTIAL);
                Err(Error::from(CallError::new(path, rejected)).with_retry_after(wait))
            }
        }
    }

    /// Sends the secret of a suite or a provider. A rejected one is not sent again for a while.
    async fn send_configured(
        &self,
        credential: &AnyCredential,
        secret: &[u8; 32],
        fetch: impl Future<Output = std::result::Result<Issued, CallError>> + Send,
    ) -> Result<std::result::Result<Issued, CallError>> {
        let breaker = &self.inner.circuit_breaker;
        let stored = access_token::Entity::find_by_id(credential.owner().row_id())
            .one(self.inner.store.database())
            .await?;
        let kind = if stored.is_some() {
            SecretKind::Proven
        } else {
            SecretKind::Unproven
        };
        let attempt = breaker.acquire(secret, kind).await?;
        let issued = fetch.await;
        match &issued {
            Err(error) if error.errcode().is_some_and(Errcode::is_secret_invalid) => {
                breaker.record_rejection_with_retry(attempt, secret).await?;
            }
            Err(_) => breaker.release(attempt).await,
            Ok(_) => {
                breaker.release(attempt).await;
                breaker.forget_rejections(secret).await?;
            }
        }
        self.log_refusal(credential, issued.as_ref().err());
        Ok(issued)
    }
}

pub(super) fn secret_hash(credential: &AnyCredential, secret: &str) -> [u8; 32] {
    digest::of_parts(&[&credential.owner().row_id(), secret.as_bytes()])
}

fn exposed(token: &str, expires_in: Duration) -> Issued {
    IssuedToken::new(token.into(), expires_in)
}
