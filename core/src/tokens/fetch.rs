//! The calls to WeCom that return a token, and the limits on wrong secrets.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::clock::Timestamp;
use crate::domain::Suite;
use crate::error::{Error, ErrorKind, Result};
use crate::tokens::credential::{AnyCredential, AppCredential};
use crate::tokens::suite_ticket;
use crate::tokens::token_cache::Tokens;
use crate::wecom::{Errcode, IssuedToken};

/// A suite secret that WeCom rejected is not tried again for this long.
const REJECTED_SUITE_TTL: Duration = Duration::from_mins(2);

impl Tokens {
    pub(super) async fn fetch(
        &self,
        credential: &AnyCredential,
        now: Timestamp,
    ) -> Result<IssuedToken<SecretString>> {
        match credential {
            AnyCredential::App(app) => self.fetch_app_token(app, now).await,
            AnyCredential::Suite(suite) => self.fetch_suite_token(suite, now).await,
            AnyCredential::Provider(provider) => {
                let issued = self
                    .inner
                    .api
                    .provider_token(&provider.corp_id, &provider.secret)
                    .await?;
                Ok(secret(issued.token.expose(), issued.expires_in))
            }
        }
    }

    /// WeCom accepted the app's secret.
    pub(super) fn record_accepted(&self, app: &AppCredential) {
        self.inner
            .accepted_versions
            .insert((app.suite_id.clone(), app.corp_id.clone()), app.version);
    }

    async fn fetch_app_token(
        &self,
        app: &AppCredential,
        now: Timestamp,
    ) -> Result<IssuedToken<SecretString>> {
        let key = (app.suite_id.clone(), app.corp_id.clone());
        let known_good = self.inner.accepted_versions.get(&key) == Some(app.version);
        let _permit = self
            .inner
            .circuit_breaker
            .acquire(|| self.inner.store.now(), known_good)
            .await
            .map_err(|retry_after| {
                Error::new(
                    ErrorKind::Upstream,
                    "gettoken is paused: WeCom rejected too many secrets in the last minutes",
                )
                .with_retry_after(retry_after)
            })?;
        let issued = self
            .inner
            .api
            .app_token(&app.corp_id, &app.permanent_code)
            .await;
        match &issued {
            Err(error) if error.errcode().is_some_and(Errcode::is_secret_invalid) => {
                self.inner.circuit_breaker.record_wrong_secret(now);
                self.inner.accepted_versions.invalidate(&key);
            }
            Ok(_) => self.record_accepted(app),
            Err(_) => {}
        }
        let issued = issued?;
        Ok(secret(issued.token.expose(), issued.expires_in))
    }

    async fn fetch_suite_token(
        &self,
        suite: &Arc<Suite>,
        now: Timestamp,
    ) -> Result<IssuedToken<SecretString>> {
        let inner = &self.inner;
        if let Some((error, rejected_at)) = inner.rejected_suites.get(&suite.id)
            && now.since(rejected_at) < REJECTED_SUITE_TTL
        {
            return Err(error);
        }
        let (ticket, record_id) =
            suite_ticket::latest(&inner.store, &inner.keys, &suite.id).await?;
        let issued = inner
            .api
            .suite_token(&suite.id, &suite.secret, &ticket)
            .await;
        if let Err(error) = &issued
            && let Some(errcode) = error.errcode()
        {
            if errcode.is_secret_invalid() {
                inner
                    .rejected_suites
                    .insert(suite.id.clone(), (Error::from(*error), now));
            }
            if errcode.is_ticket_invalid() {
                suite_ticket::reject(&inner.store, &suite.id, record_id).await?;
            }
        }
        let issued = issued?;
        Ok(secret(issued.token.expose(), issued.expires_in))
    }
}

fn secret(token: &str, expires_in: Duration) -> IssuedToken<SecretString> {
    IssuedToken::new(token.into(), expires_in)
}
