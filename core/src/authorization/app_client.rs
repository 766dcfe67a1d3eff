//! Calls to WeCom with the access token of a corp's app.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::authorization::{Authorizations, not_authorized};
use crate::domain::AccessToken;
use crate::error::{Error, Result};
use crate::tokens::{AppCredential, Tokens};
use crate::wecom::{CallError, Errcode};

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
    pub(crate) async fn call<'a, T>(
        &self,
        app: &AppCredential,
        call: impl Fn(AccessToken) -> BoxFuture<'a, std::result::Result<T, CallError>> + Send + Sync,
    ) -> Result<(T, AccessToken)> {
        match self.tokens.call_with_token(app, call).await {
            Ok((Ok(answer), token)) => Ok((answer, token)),
            Ok((Err(error), _)) => Err(self.map_error(app, error.into()).await),
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
