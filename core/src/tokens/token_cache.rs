//! The token ladder (D/97162, D/97164): suite_ticket → suite access token, permanent code → access token. One fetch a
//! key however many wait; what was fetched outlives a restart; what is dead is dropped by its value.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use moka::ops::compute::Op;
use sea_orm::EntityTrait as _;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;

use crate::clock::Timestamp;
use crate::db::entity::access_token;
use crate::db::{Store, retry_transaction};
use crate::domain::Suite;
use crate::domain::{AccessToken, ProviderAccessToken, ProviderSecret, SuiteAccessToken};
use crate::domain::{CorpId, SuiteId};
use crate::error::{Error, ErrorKind, Result};
use crate::tokens::breaker::Breaker;
use crate::tokens::{rows, ticket};
use crate::vault::KeyRing;
use crate::wecom::{Api, Errcode, IssuedToken};

pub(crate) use crate::tokens::credential::AppCredential;
use crate::tokens::credential::{Credential, Key, Owner};
use crate::tokens::lease::Lease;

/// A token that nobody asks for leaves memory; its row stays.
const UNUSED: Duration = Duration::from_hours(2);
/// A stored token is not used in its last seconds: the call it is for takes some too.
const MARGIN: Duration = Duration::from_secs(5);
/// A suite secret that WeCom called wrong is not tried again for this long.
const SUITE_REFUSED_FOR: Duration = Duration::from_mins(2);
/// A token in use is refreshed this long before it expires …
const REFRESH_AHEAD: Duration = Duration::from_mins(10);
/// … by one attempt in this time: until then WeCom hands out the same token (D/97164).
const REFRESH_INTERVAL: Duration = Duration::from_mins(1);
/// After how long a node looks for the token that another one is fetching; each look doubles it …
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// … up to this.
const LOOK_AGAIN_AT_LEAST: Duration = Duration::from_millis(500);
/// For so long; that is as long as a login may take.
const WAIT_FOR_ANOTHER: Duration = Duration::from_secs(12);

/// A token in memory.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) value: SecretString,
    pub(super) version: i64,
    pub(super) expires_at: Timestamp,
    refreshed_at: AtomicI64,
}

#[derive(Clone)]
pub(crate) struct Tokens(Arc<Inner>);

struct Inner {
    api: Api,
    store: Store,
    keys: KeyRing,
    /// By the version of the secret too: nobody waits for a fetch with another secret than theirs.
    held: moka::future::Cache<Key, Arc<Held>>,
    breaker: Breaker,
    /// The version of the secret that WeCom took last.
    proven: moka::sync::Cache<(SuiteId, CorpId), i64>,
    /// Hashes of tokens that WeCom called dead: whoever read one before it was removed does not bring it back.
    dead: moka::sync::Cache<[u8; 32], ()>,
    /// Suites whose own secret WeCom called wrong: that counts towards the bar too.
    refused_suites: moka::sync::Cache<SuiteId, (Error, Timestamp)>,
    runtime: Handle,
}

impl Tokens {
    pub(crate) fn new(
        api: Api,
        store: Store,
        keys: KeyRing,
        capacity: u64,
        runtime: Handle,
    ) -> Self {
        let held = moka::future::Cache::builder()
            .max_capacity(capacity)
            .time_to_idle(UNUSED)
            .build();
        let proven = moka::sync::Cache::new(capacity);
        let dead = moka::sync::Cache::builder()
            .max_capacity(capacity)
            .time_to_live(UNUSED)
            .build();
        Self(Arc::new(Inner {
            dead,
            api,
            store,
            keys,
            held,
            breaker: Breaker::default(),
            proven,
            refused_suites: moka::sync::Cache::new(1_000),
            runtime,
        }))
    }

    /// The token for `service/…` calls of a suite.
    pub(crate) async fn suite(&self, suite: &Arc<Suite>) -> Result<SuiteAccessToken> {
        let held = self.current(Credential::Suite(Arc::clone(suite))).await?;
        Ok(SuiteAccessToken::new(held.value.expose_secret()))
    }

    /// The token of one company's app.
    pub(crate) async fn app(&self, app: &AppCredential) -> Result<AccessToken> {
        let held = self.current(Credential::App(app.clone())).await?;
        Ok(AccessToken::new(held.value.expose_secret()))
    }

    /// The provider's token.
    pub(crate) async fn provider(
        &self,
        corp_id: &CorpId,
        secret: &ProviderSecret,
    ) -> Result<ProviderAccessToken> {
        let held = self
            .current(Credential::Provider(corp_id.clone(), secret.clone()))
            .await?;
        Ok(ProviderAccessToken::new(held.value.expose_secret()))
    }

    /// WeCom called this suite token dead. Another one that came since stays.
    pub(crate) async fn suite_token_died(&self, suite_id: &SuiteId, token: &SuiteAccessToken) {
        self.died((Owner::Suite(suite_id.clone()), 0), token.expose())
            .await;
    }

    /// WeCom called this app token dead. Another one that came since stays.
    pub(crate) async fn app_token_died(&self, app: &AppCredential, token: &AccessToken) {
        self.died(Credential::App(app.clone()).key(), token.expose())
            .await;
    }

    /// WeCom called this provider token dead. Another one that came since stays.
    pub(crate) async fn provider_token_died(&self, corp_id: &CorpId, token: &ProviderAccessToken) {
        self.died((Owner::Provider(corp_id.clone()), 0), token.expose())
            .await;
    }

    /// Forgets the token of an app, so that the next one proves its secret.
    pub(crate) async fn forget_app(&self, app: &AppCredential) -> Result<()> {
        self.0
            .held
            .invalidate(&Credential::App(app.clone()).key())
            .await;
        let row_id = Self::app_row_id(&app.suite_id, &app.corp_id);
        access_token::Entity::delete_by_id(row_id)
            .exec(self.0.store.database())
            .await?;
        Ok(())
    }

    /// The row that holds the token of an authorisation.
    pub(crate) fn app_row_id(suite_id: &SuiteId, corp_id: &CorpId) -> Vec<u8> {
        Owner::App(suite_id.clone(), corp_id.clone()).row_id()
    }

    async fn current(&self, credential: Credential) -> Result<Arc<Held>> {
        let key = credential.key();
        if let Some(held) = self.0.held.get(&key).await {
            let now = self.0.store.now();
            if now + MARGIN < held.expires_at && !self.is_dead(held.value.expose_secret()) {
                self.refresh_ahead(&held, credential, now);
                return Ok(held);
            }
            self.drop_held(&key, held.value.expose_secret()).await;
        }
        let tokens = self.clone();
        // Spawned with the wait itself: a caller whose time is up cuts off nothing that others wait for, and leaves
        // nothing behind that nobody waits for.
        let task = self.0.runtime.spawn(async move {
            tokens
                .0
                .held
                .try_get_with(key, tokens.stored_or_fetched(&credential))
                .await
        });
        let held = task
            .await
            .map_err(|_| Error::new(ErrorKind::Internal, "a token fetch was cut off"))?;
        held.map_err(|error: Arc<Error>| Error::clone(&error))
    }

    /// The stored token, or a new one: one node fetches it, and the others find it stored.
    async fn stored_or_fetched(&self, credential: &Credential) -> Result<Arc<Held>> {
        let row_id = credential.owner().row_id();
        // By the machine's clock: the other node does not wait for one that a test moves.
        let began = Instant::now();
        let mut pause = LOOK_AGAIN;
        while began.elapsed() < WAIT_FOR_ANOTHER {
            if let Some(held) = self.stored(credential, &row_id).await? {
                return Ok(held);
            }
            if let Some(lease) = Lease::take(&self.0.store, &row_id).await? {
                return lease
                    .during(self.stored_or_fetched_by_us(credential, &row_id))
                    .await;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LOOK_AGAIN_AT_LEAST);
        }
        Err(Error::new(
            ErrorKind::UpstreamTimeout,
            "another node asks WeCom for the token, and gets no answer",
        ))
    }

    /// It may have been stored between our look and the lease.
    async fn stored_or_fetched_by_us(
        &self,
        credential: &Credential,
        row_id: &[u8],
    ) -> Result<Arc<Held>> {
        match self.stored(credential, row_id).await? {
            Some(held) => Ok(held),
            None => self.fetch_and_keep(credential).await,
        }
    }

    async fn stored(&self, credential: &Credential, row_id: &[u8]) -> Result<Option<Arc<Held>>> {
        let stored = rows::find(&self.0.store, &self.0.keys, row_id, credential.version()).await?;
        let usable = stored.filter(|stored| {
            self.0.store.now() + MARGIN < stored.expires_at
                && !self.is_dead(stored.value.expose_secret())
        });
        Ok(usable.map(|stored| {
            if let Credential::App(app) = credential {
                // Whichever node fetched it: WeCom took this secret.
                self.0
                    .proven
                    .insert((app.suite_id.clone(), app.corp_id.clone()), app.version);
            }
            Arc::new(Held {
                value: stored.value,
                version: credential.version(),
                expires_at: stored.expires_at,
                refreshed_at: AtomicI64::new(stored.fetched_at.as_millis()),
            })
        }))
    }

    async fn fetch_and_keep(&self, credential: &Credential) -> Result<Arc<Held>> {
        let asked_at = self.0.store.now();
        let granted = self.fetch(credential, asked_at).await?;
        // WeCom may hand the same one out again; then it lives.
        self.0
            .dead
            .invalidate(&token_hash(granted.token.expose_secret()));
        let held = Held {
            value: granted.token,
            version: credential.version(),
            expires_at: asked_at + granted.expires_in,
            refreshed_at: AtomicI64::new(asked_at.as_millis()),
        };
        // A token that cannot be stored still serves this node.
        let keep = || {
            rows::keep(
                &self.0.store,
                &self.0.keys,
                credential.owner(),
                &held,
                asked_at,
            )
        };
        if let Err(error) = retry_transaction(keep).await {
            tracing::warn!(target: "wecom_login", ?error, "an access token could not be stored");
        }
        Ok(Arc::new(held))
    }

    async fn fetch(
        &self,
        credential: &Credential,
        now: Timestamp,
    ) -> Result<IssuedToken<SecretString>> {
        let api = &self.0.api;
        match credential {
            Credential::Suite(suite) => {
                if let Some((error, at)) = self.0.refused_suites.get(&suite.id)
                    && now.since(at) < SUITE_REFUSED_FOR
                {
                    return Err(error);
                }
                let (ticket, record_id) =
                    ticket::newest(&self.0.store, &self.0.keys, &suite.id).await?;
                let granted = api.suite_token(&suite.id, &suite.secret, &ticket).await;
                if let Err(error) = &granted
                    && error.errcode().is_some_and(Errcode::is_secret_wrong)
                {
                    self.0
                        .refused_suites
                        .insert(suite.id.clone(), (Error::from(*error), now));
                }
                if granted
                    .as_ref()
                    .is_err_and(|error| error.errcode().is_some_and(Errcode::is_ticket_bad))
                {
                    ticket::refused(&self.0.store, &suite.id, record_id).await?;
                }
                let granted = granted?;
                Ok(IssuedToken::new(
                    granted.token.expose().into(),
                    granted.expires_in,
                ))
            }
            Credential::Provider(corp_id, secret) => {
                let granted = api.provider_token(corp_id, secret).await?;
                Ok(IssuedToken::new(
                    granted.token.expose().into(),
                    granted.expires_in,
                ))
            }
            Credential::App(app) => {
                let _asking = self
                    .0
                    .breaker
                    .enter(|| self.0.store.now(), self.is_proven(app))
                    .await
                    .map_err(|wait| {
                        Error::new(
                            ErrorKind::Upstream,
                            "gettoken is held back: WeCom refused too many secrets of late",
                        )
                        .with_retry_after(wait)
                    })?;
                let granted = api.app_token(&app.corp_id, &app.permanent_code).await;
                match granted {
                    Err(error) if error.errcode().is_some_and(Errcode::is_secret_wrong) => {
                        self.0.breaker.wrong_secret(now);
                        self.0
                            .proven
                            .invalidate(&(app.suite_id.clone(), app.corp_id.clone()));
                    }
                    Ok(_) => self
                        .0
                        .proven
                        .insert((app.suite_id.clone(), app.corp_id.clone()), app.version),
                    Err(_) => {}
                }
                let granted = granted?;
                Ok(IssuedToken::new(
                    granted.token.expose().into(),
                    granted.expires_in,
                ))
            }
        }
    }

    /// Fetches the next token in the background while the present one still serves.
    fn refresh_ahead(&self, held: &Held, credential: Credential, now: Timestamp) {
        use Ordering::Relaxed;
        let tried = held.refreshed_at.load(Relaxed);
        let due = now + REFRESH_AHEAD >= held.expires_at
            && now.since(Timestamp::from_millis(tried)) >= REFRESH_INTERVAL
            && held
                .refreshed_at
                .compare_exchange(tried, now.as_millis(), Relaxed, Relaxed)
                .is_ok();
        if !due {
            return;
        }
        let (tokens, expires_at) = (self.clone(), held.expires_at);
        self.0.runtime.spawn(async move {
            match tokens.refreshed(&credential, expires_at).await {
                Ok(Some(held)) => tokens.0.held.insert(credential.key(), held).await,
                // Another node is at it; what it fetches is found at the next attempt.
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(target: "wecom_login", ?error, "a token could not be refreshed ahead");
                }
            }
        });
    }

    /// The next token: what another node has fetched meanwhile, or a new one.
    async fn refreshed(
        &self,
        credential: &Credential,
        expires_at: Timestamp,
    ) -> Result<Option<Arc<Held>>> {
        let row_id = credential.owner().row_id();
        let Some(lease) = Lease::take(&self.0.store, &row_id).await? else {
            return Ok(None);
        };
        let refreshing = async {
            let stored = self.stored(credential, &row_id).await?;
            let fetched_lately = |held: &Held| {
                let fetched_at = Timestamp::from_millis(held.refreshed_at.load(Ordering::Relaxed));
                self.0.store.now().since(fetched_at) < REFRESH_INTERVAL
            };
            match stored {
                Some(held) if held.expires_at > expires_at || fetched_lately(&held) => {
                    Ok(Some(held))
                }
                _ => self.fetch_and_keep(credential).await.map(Some),
            }
        };
        lease.during(refreshing).await
    }

    fn is_dead(&self, value: &str) -> bool {
        self.0.dead.contains_key(&token_hash(value))
    }

    async fn died(&self, key: Key, value: &str) {
        self.0.dead.insert(token_hash(value), ());
        self.drop_held(&key, value).await;
        if let Err(error) = rows::remove(&self.0.store, &self.0.keys, &key.0.row_id(), value).await
        {
            tracing::warn!(target: "wecom_login", ?error, "a dead access token could not be removed");
        }
    }

    async fn drop_held(&self, key: &Key, value: &str) {
        self.0
            .held
            .entry(key.clone())
            .and_compute_with(|entry| {
                let same = entry.is_some_and(|entry| entry.value().value.expose_secret() == value);
                std::future::ready(if same { Op::Remove } else { Op::Nop })
            })
            .await;
    }

    /// Whether WeCom has taken this very secret before.
    fn is_proven(&self, app: &AppCredential) -> bool {
        self.0
            .proven
            .get(&(app.suite_id.clone(), app.corp_id.clone()))
            == Some(app.version)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

fn token_hash(value: &str) -> [u8; 32] {
    Sha256::digest(value.as_bytes()).into()
}
