//! The object-safe twin of [`Hooks`].

use futures_util::future::BoxFuture;

use crate::domain::Principal;
use crate::error::Result;
use crate::hooks::hooks::{CorpDecision, CorpInfo, Hooks, UnhandledEvent};
use crate::hooks::refusal::LoginRefusal;
use crate::session::CurrentUser;

/// The object-safe twin of [`Hooks`]. Every `Hooks` implements it.
pub(crate) trait DynHooks: Send + Sync + 'static {
    fn review_authorization<'a>(
        &'a self,
        corp: &'a CorpInfo,
    ) -> BoxFuture<'a, Result<CorpDecision>>;

    fn corp_authorized<'a>(&'a self, corp: &'a CorpInfo) -> BoxFuture<'a, Result<()>>;

    fn corp_cancelled<'a>(&'a self, corp: &'a CorpInfo) -> BoxFuture<'a, Result<()>>;

    fn member_left<'a>(&'a self, member: &'a Principal) -> BoxFuture<'a, Result<()>>;

    fn logged_in<'a>(&'a self, user: &'a CurrentUser) -> BoxFuture<'a, ()>;

    fn login_refused<'a>(&'a self, refusal: &'a LoginRefusal) -> BoxFuture<'a, ()>;

    fn handles_unhandled_events(&self) -> bool;

    fn unhandled_event(&self, event: UnhandledEvent) -> BoxFuture<'_, Result<()>>;
}

impl<H: Hooks> DynHooks for H {
    fn review_authorization<'a>(
        &'a self,
        corp: &'a CorpInfo,
    ) -> BoxFuture<'a, Result<CorpDecision>> {
        Box::pin(Hooks::review_authorization(self, corp))
    }

    fn corp_authorized<'a>(&'a self, corp: &'a CorpInfo) -> BoxFuture<'a, Result<()>> {
        Box::pin(Hooks::corp_authorized(self, corp))
    }

    fn corp_cancelled<'a>(&'a self, corp: &'a CorpInfo) -> BoxFuture<'a, Result<()>> {
        Box::pin(Hooks::corp_cancelled(self, corp))
    }

    fn member_left<'a>(&'a self, member: &'a Principal) -> BoxFuture<'a, Result<()>> {
        Box::pin(Hooks::member_left(self, member))
    }

    fn logged_in<'a>(&'a self, user: &'a CurrentUser) -> BoxFuture<'a, ()> {
        Box::pin(Hooks::logged_in(self, user))
    }

    fn login_refused<'a>(&'a self, refusal: &'a LoginRefusal) -> BoxFuture<'a, ()> {
        Box::pin(Hooks::login_refused(self, refusal))
    }

    fn handles_unhandled_events(&self) -> bool {
        Hooks::handles_unhandled_events(self)
    }

    fn unhandled_event(&self, event: UnhandledEvent) -> BoxFuture<'_, Result<()>> {
        Box::pin(Hooks::unhandled_event(self, event))
    }
}

/// The hooks of a host app that gives none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NoHooks;

impl Hooks for NoHooks {}
