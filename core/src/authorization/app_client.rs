//! Calls to WeCom with the access token of a corp's app.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::authorization::{Authorizations, not_authorized};
use crate::domain::{AccessToken, JsApiTicket};
use crate::error::{Error, Result};
use crate::tokens::{AppCredential, CallFailure, JsTicket, JsTicketKind, TimedToken, Tokens};
use crate::wecom::Errcode;

/// Calls WeCom as a corp's app. An answer that breaks the authorization is recorded on it.
#[derive(Clone)]
pub(crate) struct AppClient {
    tokens: Tokens,
    authorizations: Authorizations,
}

impl AppClient {
    pub(crate) const fn new(tokens: Tokens, authorizations: Authorizations) -> Self {
        Self {
            tokens,
            authorizations,
        }
    }

    /// Makes a call with the app's token; repeats it once, after a token error, with another token.
    pub(crate) async fn call<'a, T, E: CallFailure + Into<Error> + Send>(
        &self,
        app: &AppCredential,
        call: impl Fn(AccessToken) -> BoxFuture<'a, std::result::Result<T, E>> + Send + Sync,
    ) -> Result<(T, AccessToken)> {
        match self.tokens.call_with_token(app, call).await {
            Ok((Ok(answer), token)) => Ok((answer, token)),
            Ok((Err(error), _)) => Err(self.map_error(app, error.into()).await),
            Err(error) => Err(self.map_error(app, error).await),
        }
    }

    /// The app's access token, and when it expires.
    pub(crate) async fn access_token(
        &self,
        app: &AppCredential,
    ) -> Result<TimedToken<AccessToken>> {
        match self.tokens.timed_token(app).await {
            Ok(token) => Ok(token),
            Err(error) => Err(self.map_error(app, error).await),
        }
    }

    /// The next access token is another one than this.
    pub(crate) async fn invalidate(&self, app: &AppCredential, token: &AccessToken) {
        self.tokens.invalidate(app, token).await;
    }

    /// A ticket of the JS-SDK.
    pub(crate) async fn js_ticket(
        &self,
        app: &AppCredential,
        kind: JsTicketKind,
    ) -> Result<JsApiTicket> {
        match self.tokens.token(&JsTicket::new(app.clone(), kind)).await {
            Ok(ticket) => Ok(ticket),
            Err(error) => Err(self.map_error(app, error).await),
        }
    }

    /// Records an error that breaks the authorization, which stops its logins.
    async fn map_error(&self, app: &AppCredential, error: Error) -> Error {
        let Some(errcode) = error
            .errcode()
            .map(Errcode::new)
            .filter(|errcode| errcode.breaks_authorization())
        else {
            return error;
        };
        match self.authorizations.mark_broken(app, errcode).await {
            Ok(()) => not_authorized()
                .with_errcode(errcode.number())
                .with_source(error),
            Err(error) => error,
        }
    }
}

impl fmt::Debug for AppClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppClient")
    }
}
