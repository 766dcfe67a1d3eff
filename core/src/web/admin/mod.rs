//! Access to the admin routes: by the admin key, or by the host app's predicate.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::audit::Actor;
use crate::clock::{Clock, SystemClock};
use crate::domain::CorpId;
use crate::error::{Error, ErrorKind, Result};
use crate::rate_limit::ClientRateLimiter;
use crate::session::{CurrentUser, Sessions};
use crate::web::config::HttpConfig;
use crate::web::credential::{Bearer, bearer, malformed};
use crate::web::request::Headers;

const SHORTEST_KEY: usize = 24;
const WRONG_KEYS_PER_MINUTE: u32 = 10;
const WRONG_KEY: &str = "the admin key is wrong";

/// The operation that an administrator requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AdminAction {
    /// Read the access token of a company.
    AccessToken,
    /// Say that two ids are one company.
    AddCorpAlias,
    /// Read the audit.
    Audit,
    /// Read the callback records.
    CallbackRecords,
    /// Read the list of companies, or everything about one.
    Corps,
    /// Make a link by which a company authorizes the app.
    CreateInstallLink,
    /// Approve, hold or deny a company.
    DecideCorp,
    /// Take a company's organization code away.
    DeleteCode,
    /// Read what the doctor says.
    Doctor,
    /// End every session of the service.
    EndAllSessions,
    /// End the sessions of a company's people.
    EndCorpSessions,
    /// End the session of a machine.
    EndMachineSession,
    /// End the sessions of a person.
    EndPersonSessions,
    /// Erase a person.
    ErasePerson,
    /// Read the list of a company's machines.
    Machines,
    /// Read every authorization, without its permanent code, and every binding.
    Export,
    /// Import authorizations and bindings.
    Import,
    /// Read the list of people, or everything about one.
    People,
    /// Read a company's authorization from WeCom.
    ReadCorp,
    /// Free a callback record that a node holds.
    ReleaseCallback,
    /// Run a callback record again.
    RetryCallback,
    /// Seal everything anew under the primary data key.
    RotateKeys,
    /// Set the organization code of a company.
    SetCode,
}

/// The host app's answer to: may this person do this, to this company where one is named?
pub(crate) type AdminPredicate =
    Arc<dyn Fn(&CurrentUser, AdminAction, Option<&CorpId>) -> bool + Send + Sync>;

/// The SHA-256 of the admin key: compared in constant time, whatever the lengths.
#[derive(Clone)]
pub(crate) struct AdminKey([u8; 32]);

impl AdminKey {
    /// # Errors
    /// `CONFIG_ERROR`: fewer than 24 characters.
    pub(crate) fn new(key: &str) -> Result<Self> {
        let key = key.trim();
        if key.chars().count() < SHORTEST_KEY {
            return Err(Error::new(
                ErrorKind::Config,
                "the admin key must have at least 24 characters",
            ));
        }
        Ok(Self(Sha256::digest(key).into()))
    }

    /// What another key has otherwise: it binds a cookie to this key.
    pub(super) const fn digest(&self) -> &[u8; 32] {
        &self.0
    }

    fn matches(&self, given: &[u8]) -> bool {
        let given: [u8; 32] = Sha256::digest(given).into();
        self.0.ct_eq(&given).into()
    }
}

/// The gate of the admin routes.
pub(crate) struct AdminAuth {
    key: Option<AdminKey>,
    predicate: Option<AdminPredicate>,
    wrong: ClientRateLimiter,
}

impl AdminAuth {
    pub(crate) fn new(
        key: Option<AdminKey>,
        predicate: Option<AdminPredicate>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            key,
            predicate,
            wrong: ClientRateLimiter::new("admin_keys", WRONG_KEYS_PER_MINUTE, clock),
        }
    }

    /// Whether the bearer is the key. What this service minted as a session's token is no guess at it.
    fn is_key(&self, given: &[u8], client: IpAddr, sessions: &Sessions) -> Result<bool> {
        let Some(key) = &self.key else {
            return Ok(false);
        };
        if sessions.is_own_token(given) {
            return Ok(false);
        }
        self.check_key(key, given, client)?;
        Ok(true)
    }

    /// Whether the bearer is the key, for what comes before its check: a wrong one does not count.
    fn may_be_key(&self, given: &[u8], client: IpAddr) -> bool {
        let key = self.key.as_ref();
        self.wrong.check(Some(client)).is_ok() && key.is_some_and(|key| key.matches(given))
    }

    /// Checks a key that somebody gives.
    ///
    /// # Errors
    /// `FORBIDDEN`: it is wrong; `RATE_LIMITED` after ten wrong ones.
    pub(super) fn check_key(&self, key: &AdminKey, given: &[u8], client: IpAddr) -> Result<()> {
        // Before the comparison: else the right key among too many wrong ones would still be found.
        self.wrong.check(Some(client))?;
        if key.matches(given) {
            return Ok(());
        }
        self.wrong.record(Some(client));
        Err(refused(WRONG_KEY))
    }

    pub(super) const fn key(&self) -> Option<&AdminKey> {
        self.key.as_ref()
    }

    pub(super) const fn predicate(&self) -> Option<&AdminPredicate> {
        self.predicate.as_ref()
    }

    /// Checks that there are administrators at all.
    ///
    /// # Errors
    /// `FORBIDDEN`.
    pub(super) fn require_on(&self) -> Result<()> {
        if self.key.is_none() && self.predicate.is_none() {
            return Err(refused("administration is off"));
        }
        Ok(())
    }
}

impl Default for AdminAuth {
    /// Off.
    fn default() -> Self {
        Self::new(None, None, Arc::new(SystemClock))
    }
}

impl fmt::Debug for AdminAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminAuth")
            .field("key", &self.key.is_some())
            .field("predicate", &self.predicate.is_some())
            .finish_non_exhaustive()
    }
}

/// An authorized administrator.
pub(super) enum AdminIdentity {
    Key,
    User(CurrentUser, AdminPredicate),
}

impl AdminIdentity {
    /// Whom the audit names.
    pub(super) fn actor(&self) -> Actor {
        match self {
            Self::Key => Actor::Key,
            Self::User(user, _) => Actor::User(user.user_id().to_owned()),
        }
    }

    /// Whether they may do this to this company.
    ///
    /// # Errors
    /// `FORBIDDEN`.
    pub(super) fn authorize(&self, action: AdminAction, corp_id: Option<&CorpId>) -> Result<()> {
        match self {
            Self::User(user, predicate) if !predicate(user, action, corp_id) => {
                Err(refused("the predicate does not let this person do this"))
            }
            _ => Ok(()),
        }
    }
}

impl HttpConfig {
    /// Authenticates administrators: by key, or by a session, whose member the predicate authorizes later.
    ///
    /// # Errors
    /// `FORBIDDEN` where no administrator is configured or the key is missing or wrong, `RATE_LIMITED` after ten wrong keys, and
    /// what is wrong with the session.
    pub(super) async fn administrator(
        &self,
        sessions: &Sessions,
        method: &str,
        headers: &(impl Headers + ?Sized),
        client: IpAddr,
    ) -> Result<AdminIdentity> {
        let admin = &self.admin;
        admin.require_on()?;
        let given = bearer(headers);
        if given == Bearer::Malformed {
            return Err(malformed());
        }
        if let Bearer::Token(given) = given
            && admin.is_key(given, client, sessions)?
        {
            return Ok(AdminIdentity::Key);
        }
        if admin.predicate.is_none() {
            return Err(refused("the admin key is missing"));
        }
        let of_session = self.administrator_of_session(sessions, method, headers);
        of_session
            .await?
            .ok_or_else(|| Error::new(ErrorKind::Unauthenticated, "no credential was sent"))
    }

    /// Whether the credential is an administrator's, or of a user whom the predicate may let in: asked before a long body is
    /// read. The check that counts comes after it.
    pub(super) async fn is_administrator(
        &self,
        sessions: &Sessions,
        method: &str,
        headers: &(impl Headers + ?Sized),
        client: IpAddr,
    ) -> bool {
        if let Bearer::Token(given) = bearer(headers)
            && self.admin.may_be_key(given, client)
        {
            return true;
        }
        let of_session = self.administrator_of_session(sessions, method, headers);
        matches!(of_session.await, Ok(Some(_)))
    }

    /// The user of a session, where the host app has a predicate that authorizes users later; `None` without a credential or
    /// a predicate.
    ///
    /// # Errors
    /// What is wrong with the session; `FORBIDDEN` if it is a machine's.
    pub(super) async fn administrator_of_session(
        &self,
        sessions: &Sessions,
        method: &str,
        headers: &(impl Headers + ?Sized),
    ) -> Result<Option<AdminIdentity>> {
        let Some(predicate) = &self.admin.predicate else {
            return Ok(None);
        };
        let verify = self.verify(sessions, method, headers);
        match verify.resolve().await? {
            // A predicate that compares the corp alone would make an administrator of every program of that corp.
            Some(verified) if verified.user.machine().is_some() => {
                Err(refused("a machine is no administrator"))
            }
            Some(verified) => Ok(Some(AdminIdentity::User(
                verified.user,
                Arc::clone(predicate),
            ))),
            None => Ok(None),
        }
    }
}

/// Whether a wrong admin key was sent, or too many were.
pub(super) fn is_about_keys(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::RateLimited => true,
        kind => kind == ErrorKind::Forbidden && error.detail() == WRONG_KEY,
    }
}

fn refused(why: &str) -> Error {
    Error::new(ErrorKind::Forbidden, why)
}

#[cfg(all(test, feature = "sqlite"))]
mod tests;
