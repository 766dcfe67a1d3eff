//! Tokens from the database or from WeCom, one fetch for the cluster; refresh ahead of expiry.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use secrecy::ExposeSecret as _;

use crate::clock::Timestamp;
use crate::db::retry_transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::tokens::credential::AnyCredential;
use crate::tokens::fetch_lease::FetchLease;
use crate::tokens::rows;
use crate::tokens::token_cache::{CachedToken, EXPIRY_MARGIN, Tokens};

/// A token in use is refreshed this long before it expires.
const REFRESH_AHEAD: Duration = Duration::from_mins(10);
/// Between two refresh attempts: until it expires, WeCom may return the same token (D/97164).
const REFRESH_INTERVAL: Duration = Duration::from_mins(1);
/// The first pause between two looks for the token that another node fetches. Each look doubles it.
const MIN_STORED_POLL: Duration = Duration::from_millis(50);
const MAX_STORED_POLL: Duration = Duration::from_millis(500);
/// How long a node waits for the fetch of another one: as long as a login may take.
const STORED_WAIT_TIMEOUT: Duration = Duration::from_secs(12);

impl Tokens {
    /// The stored token, or a new one. One node fetches it, the others wait until it is stored.
    pub(super) async fn load_or_fetch(
        &self,
        credential: &AnyCredential,
    ) -> Result<Arc<CachedToken>> {
        let row_id = credential.owner().row_id();
        // The machine's clock, because a test that advances ours does not stop the other node.
        let started_at = Instant::now();
        let mut pause = MIN_STORED_POLL;
        while started_at.elapsed() < STORED_WAIT_TIMEOUT {
            if let Some(token) = self.load(credential, &row_id).await? {
                return Ok(token);
            }
            if let Some(lease) = FetchLease::acquire(&self.inner.store, &row_id).await? {
                let work = async {
                    // Another node may have stored it between our look and the lease.
                    match self.load(credential, &row_id).await? {
                        Some(token) => Ok(token),
                        None => self.fetch_and_store(credential).await,
                    }
                };
                return lease.run(work).await;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_STORED_POLL);
        }
        Err(Error::new(
            ErrorKind::UpstreamTimeout,
            "another node is fetching the token and got no answer from WeCom in time",
        ))
    }

    /// Fetches the next token in the background while the cached one is still valid.
    pub(super) fn refresh_ahead(
        &self,
        cached: &CachedToken,
        credential: AnyCredential,
        now: Timestamp,
    ) {
        use Ordering::Relaxed;
        let refreshed_at = cached.refreshed_at.load(Relaxed);
        let due = now + REFRESH_AHEAD >= cached.expires_at
            && now.since(Timestamp::from_millis(refreshed_at)) >= REFRESH_INTERVAL
            && cached
                .refreshed_at
                .compare_exchange(refreshed_at, now.as_millis(), Relaxed, Relaxed)
                .is_ok();
        if !due {
            return;
        }
        let (tokens, expires_at) = (self.clone(), cached.expires_at);
        self.inner.runtime.spawn(async move {
            match tokens.refresh(&credential, expires_at).await {
                Ok(Some(token)) => tokens.inner.cache.insert(credential.key(), token).await,
                // Another node is fetching; the next attempt finds its token stored.
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(target: "wecom_login", ?error, "an access token could not be refreshed");
                }
            }
        });
    }

    /// The token after the one that expires at `expires_at`: stored by another node meanwhile, or fetched.
    async fn refresh(
        &self,
        credential: &AnyCredential,
        expires_at: Timestamp,
    ) -> Result<Option<Arc<CachedToken>>> {
        let row_id = credential.owner().row_id();
        let Some(lease) = FetchLease::acquire(&self.inner.store, &row_id).await? else {
            return Ok(None);
        };
        let work = async {
            let is_recent = |token: &CachedToken| {
                let fetched_at = Timestamp::from_millis(token.refreshed_at.load(Ordering::Relaxed));
                self.inner.store.now().since(fetched_at) < REFRESH_INTERVAL
            };
            match self.load(credential, &row_id).await? {
                Some(token) if token.expires_at > expires_at || is_recent(&token) => {
                    Ok(Some(token))
                }
                _ => self.fetch_and_store(credential).await.map(Some),
            }
        };
        lease.run(work).await
    }

    /// The stored token, if it is valid for a while.
    async fn load(
        &self,
        credential: &AnyCredential,
        row_id: &[u8],
    ) -> Result<Option<Arc<CachedToken>>> {
        let (store, keys) = (&self.inner.store, &self.inner.keys);
        let stored = rows::find(store, keys, row_id, credential.version()).await?;
        let usable = stored.filter(|stored| {
            store.now() + EXPIRY_MARGIN < stored.expires_at
                && !self.is_invalidated(stored.value.expose_secret())
        });
        Ok(usable.map(|stored| {
            Arc::new(CachedToken {
                value: stored.value,
                version: credential.version(),
                expires_at: stored.expires_at,
                refreshed_at: AtomicI64::new(stored.fetched_at.as_millis()),
            })
        }))
    }

    async fn fetch_and_store(&self, credential: &AnyCredential) -> Result<Arc<CachedToken>> {
        let fetched_at = self.inner.store.now();
        let issued = self.fetch(credential).await?;
        // WeCom may return the token that it called invalid before.
        self.revalidate(issued.token.expose_secret());
        let token = CachedToken {
            value: issued.token,
            version: credential.version(),
            expires_at: fetched_at + issued.expires_in,
            refreshed_at: AtomicI64::new(fetched_at.as_millis()),
        };
        let (store, keys) = (&self.inner.store, &self.inner.keys);
        let upsert = || rows::upsert(store, keys, credential.owner(), &token, fetched_at);
        // This node can use a token that could not be stored.
        if let Err(error) = retry_transaction(upsert).await {
            tracing::warn!(target: "wecom_login", ?error, "an access token could not be stored");
        }
        Ok(Arc::new(token))
    }
}
