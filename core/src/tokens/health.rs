//! What is stored of tokens and of wrong secrets, for the doctor: nothing is fetched.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::EntityTrait as _;

use crate::clock::Timestamp;
use crate::db::entity::access_token;
use crate::domain::Suite;
use crate::error::Result;
use crate::tokens::credential::{AnyCredential, ProviderCredential};
use crate::tokens::fetch::secret_hash;
use crate::tokens::token_cache::Tokens;

/// What is known of a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenHealth {
    /// How long the stored token is valid.
    pub(crate) expires_in: Option<Duration>,
    /// How long its secret is not sent, because WeCom called it wrong.
    pub(crate) rejected_for: Option<Duration>,
}

/// The wrong secrets of the last minutes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WrongSecrets {
    pub(crate) count: usize,
    pub(crate) max: usize,
    /// When the oldest of them was sent.
    pub(crate) since: Option<Timestamp>,
}

impl Tokens {
    pub(crate) async fn suite_health(&self, suite: &Arc<Suite>) -> Result<TokenHealth> {
        let credential = AnyCredential::Suite(Arc::clone(suite));
        let secret = secret_hash(&credential, suite.secret.expose());
        self.health(&credential, &secret).await
    }

    pub(crate) async fn provider_health(
        &self,
        provider: &ProviderCredential,
    ) -> Result<TokenHealth> {
        let credential = AnyCredential::Provider(provider.clone());
        let secret = secret_hash(&credential, provider.secret.expose());
        self.health(&credential, &secret).await
    }

    /// The wrong secrets that count against all others.
    pub(crate) async fn wrong_secrets(&self) -> Result<WrongSecrets> {
        self.inner.circuit_breaker.wrong_secrets().await
    }

    async fn health(&self, credential: &AnyCredential, secret: &[u8; 32]) -> Result<TokenHealth> {
        let store = &self.inner.store;
        let stored = access_token::Entity::find_by_id(credential.owner().row_id())
            .one(store.database())
            .await?;
        let left = stored.map(|row| row.expires_at.since(store.now()));
        Ok(TokenHealth {
            expires_in: left.filter(|left| !left.is_zero()),
            rejected_for: self.inner.circuit_breaker.rejected_for(secret).await?,
        })
    }
}
