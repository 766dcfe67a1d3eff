//! A call that the host app chooses, with the access token of a corp's app.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use tracing::Instrument as _;

use crate::domain::AccessToken;
use crate::error::Error;
use crate::wecom::api::{Api, RequestBody};
use crate::wecom::api_path::ApiPath;
use crate::wecom::call_error::{CallError, CallErrorKind};
use crate::wecom::observed_call::{ObservedCall, label_of};
use crate::wecom::response;

/// Longer responses are rejected: a list of the members of a large corp has some megabytes.
const MAX_CORP_RESPONSE_BYTES: usize = 10 << 20;
/// Of WeCom's text about an error, so much is kept.
const MAX_ERRMSG_CHARS: usize = 300;
/// Parameters that carry a code: the first call uses it up, whatever becomes of its answer.
const CODE_PARAMETERS: [&str; 2] = ["code", "js_code"];

/// A call of the host app, without its token.
#[derive(Clone)]
pub(crate) struct CorpCall {
    pub(crate) method: Method,
    pub(crate) path: ApiPath,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Option<RequestBody>,
    /// It is waited for so long at least.
    pub(crate) min_timeout: Duration,
}

/// A call of the host app that failed, with WeCom's text.
#[derive(Clone, Debug)]
pub(crate) struct CorpCallError {
    pub(crate) call: CallError,
    errmsg: Option<String>,
}

impl CorpCall {
    /// Whether the call only reads, as far as its method, path and parameters tell.
    fn is_read(&self) -> bool {
        let has_code = self
            .query
            .iter()
            .any(|(name, _)| CODE_PARAMETERS.contains(&name.as_str()));
        self.method == Method::GET && !has_code && !self.path.is_change()
    }

    /// Whether the call may be made again after this error: one that changes something only if WeCom did not carry it out.
    fn may_be_repeated_after(&self, error: &CorpCallError) -> bool {
        let call = &error.call;
        call.may_be_repeated() && (self.is_read() || call.is_definite_refusal())
    }
}

impl Api {
    /// Makes a call of the host app. One that only reads is repeated as our own are; another one only after an errcode that
    /// says that it was not carried out. Returns the JSON text of a response whose errcode is 0.
    pub(crate) async fn call_as_corp(
        &self,
        token: &AccessToken,
        call: &CorpCall,
    ) -> Result<Bytes, CorpCallError> {
        self.repeat_after(
            |error| call.may_be_repeated_after(error),
            || self.send_as_corp(token, call),
        )
        .await
    }

    async fn send_as_corp(
        &self,
        token: &AccessToken,
        call: &CorpCall,
    ) -> Result<Bytes, CorpCallError> {
        let own = ("access_token", token.expose());
        let others = call.query.iter().map(|(name, value)| (&**name, &**value));
        let query: Vec<(&str, &str)> = std::iter::once(own).chain(others).collect();
        let path = call.path.as_str();
        let request = self.request(call.method.clone(), path, &query, call.body.clone());
        let observed = ObservedCall::start(path, request.as_ref());
        let received = match request {
            Some(request) => {
                self.http()
                    .send(request, call.min_timeout, MAX_CORP_RESPONSE_BYTES)
                    .instrument(observed.span())
                    .await
            }
            None => Err(CallErrorKind::Unreachable),
        };
        let outcome = received
            .map_err(|kind| (kind, None))
            .and_then(|body| response::check(&body).map(|()| body))
            .map_err(|(kind, errmsg)| CorpCallError {
                call: CallError::of_path(path, kind),
                errmsg: errmsg.map(|errmsg| shown(&errmsg, token)),
            });
        let error = outcome.as_ref().err().map(|error| &error.call);
        observed.finish(path, label_of(path), error);
        outcome
    }
}

/// WeCom's text without the link to its page about the error, without our token, and on one line.
fn shown(errmsg: &str, token: &AccessToken) -> String {
    let hidden = errmsg.replace(token.expose(), "******");
    let end = [hidden.find("http://"), hidden.find("https://")];
    let text = &hidden[..end.into_iter().flatten().min().unwrap_or(hidden.len())];
    let text = text.trim_end();
    let text = text.strip_suffix("more info at").unwrap_or(text);
    text.trim_end_matches([' ', ',', ';'])
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .take(MAX_ERRMSG_CHARS)
        .collect()
}

impl From<CorpCallError> for Error {
    fn from(error: CorpCallError) -> Self {
        let wire = Self::from(error.call);
        match error.errmsg {
            Some(errmsg) if !errmsg.is_empty() => wire.with_errmsg(errmsg),
            _ => wire,
        }
    }
}

impl fmt::Debug for CorpCall {
    /// Omits query and body, which are the host app's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CorpCall")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
