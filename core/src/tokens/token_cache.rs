//! The cache of tokens, and its look-up.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::runtime::Handle;

use crate::clock::Timestamp;
use crate::db::Store;
use crate::domain::CorpAliases;
use crate::error::{Error, ErrorKind, Result};
use crate::log_limiter::LogLimiter;
use crate::tokens::circuit_breaker::CircuitBreaker;
use crate::tokens::credential::{AnyCredential, Credential, TokenKey};
use crate::tokens::refusal_log::Refusal;
use crate::vault::KeyRing;
use crate::wecom::Api;

/// How long a token that no call uses stays cached; its row stays. An invalidated token is remembered as long.
const TOKEN_CACHE_IDLE: Duration = Duration::from_hours(2);
/// A token is not used in the last seconds before it expires, because the call takes time too.
pub(super) const EXPIRY_MARGIN: Duration = Duration::from_secs(5);

/// Access tokens by credential (D/97162, D/97164).
#[derive(Clone)]
pub(crate) struct Tokens {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) api: Api,
    pub(super) store: Store,
    pub(super) keys: KeyRing,
    pub(super) aliases: CorpAliases,
    /// Keyed by the version of the secret too: nobody waits for a fetch with another secret than theirs.
    pub(super) cache: moka::future::Cache<TokenKey, Arc<CachedToken>>,
    pub(super) circuit_breaker: CircuitBreaker,
    /// Hashes of tokens that WeCom called invalid: a read that began before the removal does not bring one back.
    pub(super) invalidated: moka::sync::Cache<[u8; 32], ()>,
    pub(super) refusals: LogLimiter<Refusal>,
    pub(super) runtime: Handle,
}

/// A token in memory.
#[derive(Debug)]
pub(super) struct CachedToken {
    pub(super) value: SecretString,
    pub(super) version: i64,
    pub(super) expires_at: Timestamp,
    /// Milliseconds: when it was fetched, or when a refresh was last tried.
    pub(super) refreshed_at: AtomicI64,
}

/// A token and its end.
#[derive(Clone, Debug)]
pub(crate) struct TimedToken<T> {
    pub(crate) token: T,
    pub(crate) expires_at: Timestamp,
}

impl Tokens {
    pub(crate) fn new(
        api: Api,
        store: Store,
        keys: KeyRing,
        aliases: CorpAliases,
        capacity: u64,
        runtime: Handle,
    ) -> Self {
        let inner = Inner {
            api,
            keys,
            aliases,
            cache: moka::future::Cache::builder()
                .max_capacity(capacity)
                .time_to_idle(TOKEN_CACHE_IDLE)
                .build(),
            circuit_breaker: CircuitBreaker::new(store.clone()),
            refusals: LogLimiter::new(Arc::clone(store.clock())),
            invalidated: moka::sync::Cache::builder()
                .max_capacity(capacity)
                .time_to_live(TOKEN_CACHE_IDLE)
                .build(),
            store,
            runtime,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Deletes the attempts with secrets that count no more.
    pub(crate) async fn remove_old_attempts(&self) -> Result<()> {
        self.inner.circuit_breaker.remove_old().await
    }

    /// The current token of a credential: cached, stored or fetched.
    pub(crate) async fn token<C: Credential>(&self, credential: &C) -> Result<C::Token> {
        let cached = self.current(credential.to_any()).await?;
        Ok(C::token(cached.value.expose_secret()))
    }

    /// The current token of a credential with the time when it expires.
    pub(crate) async fn timed_token<C: Credential>(
        &self,
        credential: &C,
    ) -> Result<TimedToken<C::Token>> {
        let cached = self.current(credential.to_any()).await?;
        Ok(TimedToken {
            token: C::token(cached.value.expose_secret()),
            expires_at: cached.expires_at,
        })
    }

    async fn current(&self, credential: AnyCredential) -> Result<Arc<CachedToken>> {
        let key = credential.key();
        if let Some(cached) = self.inner.cache.get(&key).await {
            let now = self.inner.store.now();
            let value = cached.value.expose_secret();
            if now + EXPIRY_MARGIN < cached.expires_at && !self.is_invalidated(value) {
                self.refresh_ahead(&cached, credential, now);
                return Ok(cached);
            }
            self.remove_cached(&key, value).await;
        }
        let tokens = self.clone();
        // Spawned together with the wait: a caller that is dropped cuts off nothing that others wait for, and leaves
        // nothing behind that nobody waits for.
        let task = self.inner.runtime.spawn(async move {
            tokens
                .inner
                .cache
                .try_get_with(key, tokens.load_or_fetch(&credential))
                .await
        });
        let token = task
            .await
            .map_err(|_| Error::new(ErrorKind::Internal, "a token fetch was cancelled"))?;
        token.map_err(|error: Arc<Error>| Error::clone(&error))
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}
