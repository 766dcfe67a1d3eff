//! Calls with a token, repeated once after a token error.

use crate::error::Result;
use crate::tokens::credential::Credential;
use crate::tokens::token_cache::Tokens;
use crate::wecom::{CallError, Errcode};

/// An error of a call.
pub(crate) trait CallFailure {
    /// Whether WeCom called the token of the call invalid.
    fn is_token_invalid(&self) -> bool;
}

impl CallFailure for CallError {
    fn is_token_invalid(&self) -> bool {
        self.errcode().is_some_and(Errcode::is_token_invalid)
    }
}

impl Tokens {
    /// Makes a call with the credential's token. After a token error the token is invalidated and the call repeated once
    /// with the next one. Returns the last outcome and the token of that call.
    ///
    /// # Errors
    /// No token could be had.
    pub(crate) async fn call_with_token<C: Credential, T, E: CallFailure, F>(
        &self,
        credential: &C,
        call: impl Fn(C::Token) -> F + Send + Sync,
    ) -> Result<(std::result::Result<T, E>, C::Token)>
    where
        F: Future<Output = std::result::Result<T, E>> + Send,
    {
        let token = self.token(credential).await?;
        let outcome = call(token.clone()).await;
        if !outcome.as_ref().is_err_and(CallFailure::is_token_invalid) {
            return Ok((outcome, token));
        }
        // Dropped before the next await: it need not be `Send` while we wait.
        drop(outcome);
        self.invalidate(credential, &token).await;
        let token = self.token(credential).await?;
        Ok((call(token.clone()).await, token))
    }
}
