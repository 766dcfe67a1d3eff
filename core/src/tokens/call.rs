//! Calls with a token, repeated once after a token error.

use crate::error::Result;
use crate::tokens::credential::Credential;
use crate::tokens::token_cache::Tokens;
use crate::wecom::{CallError, CorpCallError, Errcode};

/// An error of a call.
pub(crate) trait CallFailure {
    /// WeCom's answer, if the call was made.
    fn call_error(&self) -> Option<&CallError>;

    /// Whether WeCom called the token of the call invalid.
    fn is_token_invalid(&self) -> bool {
        self.call_error()
            .and_then(|error| error.errcode())
            .is_some_and(Errcode::is_token_invalid)
    }
}

impl CallFailure for CallError {
    fn call_error(&self) -> Option<&CallError> {
        Some(self)
    }
}

impl CallFailure for CorpCallError {
    fn call_error(&self) -> Option<&CallError> {
        Some(&self.call)
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
        let log = |outcome: &std::result::Result<T, E>| {
            let error = outcome.as_ref().err().and_then(CallFailure::call_error);
            self.log_refusal(&credential.to_any(), error);
        };
        let outcome = call(token.clone()).await;
        log(&outcome);
        if !outcome.as_ref().is_err_and(CallFailure::is_token_invalid) {
            return Ok((outcome, token));
        }
        // Dropped before the next await: it need not be `Send` while we wait.
        drop(outcome);
        self.invalidate(credential, &token).await;
        let token = self.token(credential).await?;
        let outcome = call(token.clone()).await;
        log(&outcome);
        Ok((outcome, token))
    }
}
