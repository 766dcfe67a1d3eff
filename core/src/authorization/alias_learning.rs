//! The other id of a corp, asked of WeCom: `service/corpid_to_opencorpid` (D/97105), with the provider's token.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _,
};

use crate::authorization::authorizations::Authorizations;
use crate::db::entity::authorization::{Column, Entity};
use crate::db::entity::corp_alias;
use crate::domain::{CorpId, Suite, SuiteId};
use crate::element::Pin;
use crate::error::{Error, ErrorKind, Result};
use crate::tokens::ProviderCredential;
use crate::wecom::Errcode;

/// How often WeCom is asked about one corp that no authorization bears.
const ASK_INTERVAL: Duration = Duration::from_mins(10);
/// Corps of which it is remembered that WeCom was asked.
pub(super) const MAX_ASKED: u64 = 10_000;
/// Authorizations that are asked about at a time.
const ASK_BATCH: u64 = 100;

/// What WeCom says of a corp's other id.
#[derive(Debug)]
enum Answer {
    /// The encrypted id of the corp.
    OpenCorpId(CorpId),
    /// There is none: the id is an encrypted one, or the corp has authorized no app of the provider.
    None,
    /// The question was not answered.
    Unanswered(Error),
}

impl Authorizations {
    /// The pins whose corp may have another id that is not known.
    pub(super) fn unresolved_pins(&self) -> impl Iterator<Item = &Pin> {
        let aliases = &self.inner.aliases;
        self.inner
            .pins
            .iter()
            .filter(|pin| !aliases.is_resolved(&pin.suite_id, &pin.corp_id))
    }

    /// At the start: reads the aliases, and asks about the pins that have to be resolved, because another id of their
    /// corp would find a way around them. The others are asked about in the background.
    ///
    /// # Errors
    /// `CONFIG_ERROR`: such a pin cannot be resolved, or two instances of a suite are pinned to one corp.
    pub(crate) async fn resolve_pins(&self) -> Result<()> {
        self.load_aliases().await?;
        let unresolved: Vec<&Pin> = self.unresolved_pins().collect();
        for pin in unresolved.into_iter().filter(|pin| pin.must_be_resolved) {
            self.learn_pin(pin).await.map_err(|error| {
                let detail = format!(
                    "{}: corpId: an instance that is inactive or restricts codeLogin, beside one of the same suite \
                     without a corpId, needs to know the corp's other id, which is not known: {}",
                    pin.instance.full(),
                    error.detail(),
                );
                Error::new(ErrorKind::Config, detail)
            })?;
        }
        self.check_pins()?;
        for pin in self.unresolved_pins() {
            tracing::warn!(
                target: "wecom_login", instance = %pin.instance, corp_id = %pin.corp_id,
                "the other id of the corp that the instance is pinned to is not known yet: the corp is compared as written"
            );
        }
        Ok(())
    }

    /// No two pins of a suite are one corp.
    fn check_pins(&self) -> Result<()> {
        let pins = &self.inner.pins;
        for (position, second) in pins.iter().enumerate() {
            let twin = pins[..position].iter().find(|first| {
                let aliases = &self.inner.aliases;
                first.suite_id == second.suite_id
                    && aliases.is_same(&first.suite_id, &first.corp_id, &second.corp_id)
            });
            if let Some(first) = twin {
                let (first, second) = (first.instance.full(), second.instance.full());
                let detail = format!(
                    "{first} and {second}: corpId: two instances must not have one suiteId and one corpId, by whichever id"
                );
                return Err(Error::new(ErrorKind::Config, detail));
            }
        }
        Ok(())
    }

    async fn learn_pin(&self, pin: &Pin) -> Result<()> {
        let suite = self.inner.suites.require(&pin.suite_id)?;
        match self.ask(suite, &pin.corp_id).await {
            Answer::OpenCorpId(open) => self.store_pair(&suite.id, &pin.corp_id, &open, None).await,
            // Nothing else is this corp now. It is asked again whenever a corp authorizes.
            Answer::None => Ok(()),
            Answer::Unanswered(error) => Err(error),
        }
    }

    /// The id that a corp is stored under that just authorized: WeCom is asked about every pin and every authorization
    /// whose other id is not known, since it may be this one.
    ///
    /// # Errors
    /// A pin that has to be resolved is not, or the database does not answer.
    pub(super) async fn resolve_new(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<CorpId> {
        if let Some(known) = self.resolve_known(suite_id, corp_id).await? {
            return Ok(known);
        }
        let pins: Vec<&Pin> = self
            .unresolved_pins()
            .filter(|pin| pin.suite_id == *suite_id)
            .collect();
        for pin in pins {
            match self.learn_pin(pin).await {
                Err(error) if pin.must_be_resolved => return Err(error),
                Err(error) => {
                    tracing::info!(target: "wecom_login", ?error, "could not ask for the other id of a corp");
                }
                Ok(()) => {}
            }
        }
        self.learn_authorizations(suite_id).await?;
        let known = self.resolve_known(suite_id, corp_id).await?;
        Ok(known.unwrap_or_else(|| corp_id.normalized()))
    }

    /// Asks about a corp that is about to be imported, or that sent an event and is not known. Returns whether the question
    /// was answered.
    ///
    /// # Errors
    /// The database does not answer.
    pub(crate) async fn learn_corp(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<bool> {
        let suite = self.inner.suites.require(suite_id)?;
        match self.ask(suite, corp_id).await {
            Answer::OpenCorpId(open) => {
                self.store_pair(suite_id, corp_id, &open, None).await?;
                Ok(true)
            }
            Answer::None => Ok(true),
            Answer::Unanswered(error) => {
                tracing::info!(target: "wecom_login", %suite_id, %corp_id, ?error, "could not ask for the other id of a corp");
                Ok(false)
            }
        }
    }

    /// The encrypted id of a corp that has authorized the app, by the id that it is stored under: the one that is known, or
    /// WeCom's answer, which is kept.
    ///
    /// # Errors
    /// `CONFIG_ERROR`: providerCorpId or providerSecret is missing. WeCom or the database does not answer.
    pub(crate) async fn open_corp_id(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<CorpId> {
        if !corp_id.is_plain() {
            return Ok(corp_id.clone());
        }
        let known = self.inner.aliases.of(suite_id, corp_id);
        if let Some(open) = known.into_iter().find(|alias| !alias.is_plain()) {
            return Ok(open);
        }
        let suite = self.inner.suites.require(suite_id)?;
        match self.ask(suite, corp_id).await {
            Answer::OpenCorpId(open) => {
                self.store_pair(suite_id, corp_id, &open, None).await?;
                Ok(open)
            }
            // WeCom names the corp by this id.
            Answer::None => Ok(corp_id.clone()),
            Answer::Unanswered(error) => Err(error),
        }
    }

    /// An event is of a corp that no authorization bears: its other id is asked for in the background, once in a while.
    pub(crate) fn request_learning(&self, suite_id: &SuiteId, corp_id: &CorpId) {
        let (asked, now) = (&self.inner.asked, self.inner.store.now());
        let key = (suite_id.clone(), corp_id.normalized());
        if asked
            .get(&key)
            .is_some_and(|at| now.since(at) < ASK_INTERVAL)
        {
            return;
        }
        asked.insert(key.clone(), now);
        self.inner.to_learn.lock().push(key);
        self.inner.aliases_due.notify_one();
    }

    /// Learns what is to be learnt: the pins, the authorizations whose other id was never asked for, and the corps of
    /// [`Self::request_learning`].
    ///
    /// # Errors
    /// The database does not answer.
    pub(crate) async fn learn_due(&self) -> Result<()> {
        if self.inner.aliases_changed.swap(false, Ordering::AcqRel) {
            self.load_aliases().await?;
        }
        let to_learn = std::mem::take(&mut *self.inner.to_learn.lock());
        for (suite_id, corp_id) in &to_learn {
            self.learn_corp(suite_id, corp_id).await?;
        }
        let now = self.inner.store.now();
        for pin in self.unresolved_pins() {
            let key = (pin.suite_id.clone(), pin.corp_id.normalized());
            if self
                .inner
                .asked
                .get(&key)
                .is_some_and(|at| now.since(at) < ASK_INTERVAL)
            {
                continue;
            }
            self.inner.asked.insert(key, now);
            if let Err(error) = self.learn_pin(pin).await {
                tracing::debug!(target: "wecom_login", ?error, "a pin could not be resolved");
            }
        }
        for suite_id in self.inner.suites.ids() {
            self.learn_authorizations(&suite_id).await?;
        }
        Ok(())
    }

    /// Asks about the authorizations of a suite whose other id was never asked for, until WeCom does not answer.
    async fn learn_authorizations(&self, suite_id: &SuiteId) -> Result<()> {
        let suite = Arc::clone(self.inner.suites.require(suite_id)?);
        let Some(provider) = ProviderCredential::of(&suite) else {
            return Ok(());
        };
        // After a question that was not answered, the next change of an authorization does not repeat it.
        let (unanswered, now) = ((suite_id.clone(), provider.corp_id), self.inner.store.now());
        if self
            .inner
            .asked
            .get(&unanswered)
            .is_some_and(|at| now.since(at) < ASK_INTERVAL)
        {
            return Ok(());
        }
        loop {
            let answered = corp_alias::Entity::find()
                .select_only()
                .column(corp_alias::Column::CorpId)
                .filter(corp_alias::Column::SuiteId.eq(suite_id.clone()))
                .into_query();
            let unasked: Vec<CorpId> = Entity::find()
                .select_only()
                .column(Column::CorpId)
                .filter(Column::SuiteId.eq(suite_id.clone()))
                .filter(Column::PermanentCode.is_not_null())
                .filter(Column::CorpId.not_in_subquery(answered))
                .order_by_asc(Column::CorpId)
                .limit(ASK_BATCH)
                .into_tuple()
                .all(self.inner.store.database())
                .await?;
            let full = unasked.len() as u64 == ASK_BATCH;
            for corp_id in unasked {
                match self.ask(&suite, &corp_id).await {
                    Answer::OpenCorpId(open) => {
                        self.store_pair(suite_id, &corp_id, &open, None).await?
                    }
                    Answer::None => self.store_no_pair(suite_id, &corp_id).await?,
                    Answer::Unanswered(error) => {
                        tracing::info!(target: "wecom_login", %suite_id, ?error, "could not ask for the other ids of corps");
                        self.inner.asked.insert(unanswered, now);
                        return Ok(());
                    }
                }
            }
            if !full {
                return Ok(());
            }
        }
    }

    async fn ask(&self, suite: &Suite, corp_id: &CorpId) -> Answer {
        let Some(provider) = ProviderCredential::of(suite) else {
            return Answer::Unanswered(Error::new(
                ErrorKind::Config,
                "providerCorpId and providerSecret are needed to ask WeCom for it",
            ));
        };
        let call = |token| async move { self.inner.api.open_corp_id(&token, corp_id).await };
        match self.inner.tokens.call_with_token(&provider, call).await {
            Ok((Ok(open), _)) if open.normalized() == corp_id.normalized() => Answer::None,
            Ok((Ok(open), _)) => Answer::OpenCorpId(open),
            Ok((Err(error), _)) if error.errcode().is_some_and(Errcode::is_corp_unknown) => {
                Answer::None
            }
            Ok((Err(error), _)) => Answer::Unanswered(error.into()),
            Err(error) => Answer::Unanswered(error),
        }
    }
}
