//! Interface licenses (D/97176): of a corp, of a member, and the login of a member of whom WeCom said that there is none.

use std::fmt;
use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::clock::Timestamp;
use crate::db::entity::member::{Column, Entity, Model};
use crate::db::{PrincipalColumns as _, Store};
use crate::domain::{CorpId, Principal, SuiteId, Suites};
use crate::error::{Error, ErrorKind, Result};
use crate::members::members::Members;
use crate::members::within_optional_time;
use crate::tokens::{ProviderCredential, Tokens};
use crate::wecom::Api;

/// How long the word of `unlicensed_notify` stands where WeCom cannot be asked: it comes again with each attempt.
const UNLICENSED_TTL: Duration = Duration::from_mins(10);

/// Whether the members of a corp need interface licenses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CorpLicence {
    /// WeCom checks none in this corp.
    Unchecked,
    /// The trial of the app runs: nobody needs one yet.
    Trial {
        /// When it ends.
        until: Timestamp,
    },
    /// Each member needs one that was bought, with an end of its own:
    /// [`CorpApi::licence_of`](crate::CorpApi::licence_of).
    Bought,
}

/// The interface license of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberLicence {
    /// Whether the member has one that is active. Without one the member can use the app only while
    /// [`CorpLicence`] is not [`Bought`](CorpLicence::Bought).
    pub is_active: bool,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When WeCom last said that the member could not log in for want of one (`unlicensed_notify`), if there was no login since.
    pub missed_at: Option<Timestamp>,
}

/// Asks WeCom for licenses, with the provider's token.
#[derive(Clone)]
pub(crate) struct Licences {
    store: Store,
    suites: Suites,
    api: Api,
    tokens: Tokens,
    members: Members,
}

impl Licences {
    pub(crate) const fn new(
        store: Store,
        suites: Suites,
        api: Api,
        tokens: Tokens,
        members: Members,
    ) -> Self {
        Self {
            store,
            suites,
            api,
            tokens,
            members,
        }
    }

    /// Whether the members of a corp need licenses.
    ///
    /// # Errors
    /// `CONFIG_ERROR`: providerCorpId or providerSecret is missing. WeCom does not answer.
    pub(crate) async fn of_corp(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<CorpLicence> {
        let provider = self.provider(suite_id)?;
        let call = |token| async move { self.api.app_licence(&token, corp_id, suite_id).await };
        let (licence, _) = self.tokens.call_with_token(&provider, call).await?;
        let licence = licence?;
        Ok(match licence.trial_ends_at {
            _ if !licence.is_checked => CorpLicence::Unchecked,
            Some(until) if until > self.store.now() => CorpLicence::Trial { until },
            _ => CorpLicence::Bought,
        })
    }

    /// The license of a member.
    ///
    /// # Errors
    /// As [`of_corp`](Self::of_corp).
    pub(crate) async fn of_member(&self, principal: &Principal) -> Result<MemberLicence> {
        let provider = self.provider(&principal.suite_id)?;
        let (corp_id, user) = (&principal.corp_id, &principal.third_user_id);
        let call = |token| async move { self.api.user_licence(&token, corp_id, user).await };
        let (licence, _) = self.tokens.call_with_token(&provider, call).await?;
        let licence = licence?;
        let ends = licence.accounts.iter().filter(|account| account.is_base);
        let known = self.members.find(principal).await?;
        Ok(MemberLicence {
            is_active: licence.is_active,
            expires_at: ends.filter_map(|account| account.expires_at).max(),
            missed_at: known.and_then(|known| known.unlicensed_at),
        })
    }

    /// Refuses the login of a member of whom WeCom said that there is no license, unless WeCom says now that none is missing.
    /// `known` is the member as it is stored.
    ///
    /// # Errors
    /// `LICENCE_MISSING`.
    pub(crate) async fn require(&self, principal: &Principal, known: Option<&Model>) -> Result<()> {
        let Some(missed_at) = known.and_then(|known| known.unlicensed_at) else {
            return Ok(());
        };
        let is_missing = match within_optional_time(self.is_missing(principal)).await {
            Ok(is_missing) => is_missing,
            Err(error) => {
                tracing::info!(target: "wecom_login", ?error, "could not ask for the license of a member");
                self.store.now().since(missed_at) < UNLICENSED_TTL
            }
        };
        if is_missing {
            return Err(Error::new(
                ErrorKind::LicenceMissing,
                "WeCom said that the member has no interface license",
            ));
        }
        self.members.clear_unlicensed(principal, missed_at).await
    }

    async fn is_missing(&self, principal: &Principal) -> Result<bool> {
        if self.of_member(principal).await?.is_active {
            return Ok(false);
        }
        let of_corp = self
            .of_corp(&principal.suite_id, &principal.corp_id)
            .await?;
        Ok(of_corp == CorpLicence::Bought)
    }

    fn provider(&self, suite_id: &SuiteId) -> Result<ProviderCredential> {
        let suite = self.suites.require(suite_id)?;
        ProviderCredential::of(suite).ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                "providerCorpId and providerSecret are needed to ask WeCom for licenses",
            )
        })
    }
}

impl Members {
    /// WeCom said that a member who is stored has no license. Of others nothing is kept: a row under an id that WeCom
    /// just made up for them would be a second person.
    pub(crate) async fn record_unlicensed(
        &self,
        principal: &Principal,
        at: Timestamp,
    ) -> Result<()> {
        self.set_unlicensed(
            principal,
            Some(at),
            Column::UnlicensedAt
                .is_null()
                .or(Column::UnlicensedAt.lt(at)),
        )
        .await
    }

    /// The member has a license after all, unless WeCom said since that there is none.
    async fn clear_unlicensed(&self, principal: &Principal, missed_at: Timestamp) -> Result<()> {
        self.set_unlicensed(principal, None, Column::UnlicensedAt.lte(missed_at))
            .await
    }

    async fn set_unlicensed(
        &self,
        principal: &Principal,
        at: Option<Timestamp>,
        condition: sea_orm::sea_query::SimpleExpr,
    ) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::UnlicensedAt, Expr::value(at))
            .filter(Entity::of_principal(principal))
            .filter(condition)
            .exec(self.inner.store.database())
            .await?;
        Ok(())
    }
}

impl fmt::Debug for Licences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Licences")
    }
}
