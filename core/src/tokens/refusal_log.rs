//! The log of what WeCom refuses and an operator can mend: one WARN a minute for each call, errcode and credential.

use std::borrow::Cow;

use crate::tokens::credential::{AnyCredential, TokenOwner};
use crate::tokens::token_cache::Tokens;
use crate::wecom::{CallError, CallErrorKind, Errcode};

/// What one line is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Refusal {
    path: Cow<'static, str>,
    kind: CallErrorKind,
    /// Whose credential it was; nobody's where the cause is not one corp's.
    owner: Option<TokenOwner>,
}

impl Refusal {
    /// `None` for an error that is part of normal work: a code that is too old, a person outside the visible range, a token
    /// that is fetched again.
    fn of(owner: TokenOwner, error: &CallError) -> Option<Self> {
        let is_normal = |errcode: Errcode| {
            errcode.is_code_invalid()
                || errcode.is_token_invalid()
                || errcode.is_user_not_visible()
                || errcode.is_auth_code_invalid()
                || errcode == Errcode::MEMBER_FORBIDDEN
        };
        let is_of_one_owner = match error.errcode() {
            Some(errcode) if is_normal(errcode) || error.hint().is_none() => return None,
            Some(errcode) => !errcode.pauses_api() && !errcode.is_busy(),
            None => false,
        };
        Some(Self {
            path: error.path.clone(),
            kind: error.kind,
            owner: is_of_one_owner.then_some(owner),
        })
    }

    fn log(&self, count: u64) {
        let error = CallError::of_path(&self.path, self.kind);
        let (path, kind, hint) = (&*self.path, self.kind, error.hint());
        let errcode = error.errcode().map(Errcode::number);
        let (suite_id, corp_id) = match &self.owner {
            None => (None, None),
            Some(
                TokenOwner::App(suite_id, corp_id) | TokenOwner::JsTicket(suite_id, corp_id, _),
            ) => (Some(suite_id), Some(corp_id)),
            Some(TokenOwner::Suite(suite_id)) => (Some(suite_id), None),
            Some(TokenOwner::Provider(corp_id)) => (None, Some(corp_id)),
        };
        let suite_id = suite_id.map(tracing::field::display);
        let corp_id = corp_id.map(tracing::field::display);
        tracing::warn!(target: "wecom_login", path, errcode, suite_id, corp_id, count, hint, "WeCom call failed: {kind}");
    }
}

impl Tokens {
    /// Logs a failed call, unless this minute's line about it was written.
    pub(super) fn log_refusal(&self, credential: &AnyCredential, error: Option<&CallError>) {
        let Some(refusal) = error.and_then(|error| Refusal::of(credential.owner(), error)) else {
            return;
        };
        if let Some(count) = self.inner.refusals.record(refusal.clone()) {
            refusal.log(count);
        }
    }

    /// Logs the failures that were counted within the minute after their last line.
    pub(crate) fn log_ended_refusals(&self) {
        for (refusal, count) in self.inner.refusals.take_ended() {
            refusal.log(count);
        }
    }
}
