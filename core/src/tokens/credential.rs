//! The credentials that tokens are fetched with, and the rows and cache keys of their tokens.

use std::sync::Arc;

use crate::digest;
use crate::domain::{
    AccessToken, CorpId, JsApiTicket, PermanentCode, ProviderAccessToken, ProviderSecret, Suite,
    SuiteAccessToken, SuiteId,
};

/// A credential with the type of the token that it gets.
pub(crate) trait Credential: Send + Sync {
    /// The token of the calls that WeCom makes available to this credential.
    type Token: Clone + Send + Sync;

    /// The credential in the form in which a fetch owns it.
    fn to_any(&self) -> AnyCredential;

    /// The token with this text.
    fn token(text: &str) -> Self::Token;

    /// The text of a token.
    fn expose(token: &Self::Token) -> &str;
}

/// The credential of a corp's app: its permanent code, and which version of it that is.
#[derive(Clone, Debug)]
pub(crate) struct AppCredential {
    pub(crate) suite_id: SuiteId,
    pub(crate) corp_id: CorpId,
    pub(crate) permanent_code: PermanentCode,
    pub(crate) version: i64,
}

/// Which ticket of the JS-SDK (D/96909).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum JsTicketKind {
    /// `get_jsapi_ticket`: for `wx.config`.
    Corp,
    /// `ticket/get?type=agent_config`: for `wx.agentConfig`.
    Agent,
}

/// What a ticket of the JS-SDK is fetched with: the app's access token.
#[derive(Clone, Debug)]
pub(crate) struct JsTicket {
    pub(super) app: AppCredential,
    pub(super) kind: JsTicketKind,
}

impl JsTicket {
    pub(crate) const fn new(app: AppCredential, kind: JsTicketKind) -> Self {
        Self { app, kind }
    }
}

/// The credential of the provider.
#[derive(Clone, Debug)]
pub(crate) struct ProviderCredential {
    pub(crate) corp_id: CorpId,
    pub(crate) secret: ProviderSecret,
}

impl ProviderCredential {
    /// The credential that a suite is configured with, if it is.
    pub(crate) fn of(suite: &Suite) -> Option<Self> {
        Some(Self {
            corp_id: suite.provider_corp_id.clone()?,
            secret: suite.provider_secret.clone()?,
        })
    }
}

macro_rules! credential {
    ($credential:ty, $any:ident, $token:ident) => {
        impl Credential for $credential {
            type Token = $token;

            fn to_any(&self) -> AnyCredential {
                AnyCredential::$any(self.clone())
            }

            fn token(text: &str) -> $token {
                $token::new(text)
            }

            fn expose(token: &$token) -> &str {
                token.expose()
            }
        }
    };
}

credential!(AppCredential, App, AccessToken);
credential!(JsTicket, JsTicket, JsApiTicket);
credential!(ProviderCredential, Provider, ProviderAccessToken);
credential!(Arc<Suite>, Suite, SuiteAccessToken);

/// One of the credentials, owned, because a fetch goes on when its caller is dropped.
#[derive(Clone, Debug)]
pub(crate) enum AnyCredential {
    App(AppCredential),
    JsTicket(JsTicket),
    Provider(ProviderCredential),
    Suite(Arc<Suite>),
}

impl AnyCredential {
    pub(super) fn owner(&self) -> TokenOwner {
        match self {
            Self::App(app) => TokenOwner::App(app.suite_id.clone(), app.corp_id.clone()),
            Self::JsTicket(ticket) => TokenOwner::JsTicket(
                ticket.app.suite_id.clone(),
                ticket.app.corp_id.clone(),
                ticket.kind,
            ),
            Self::Provider(provider) => TokenOwner::Provider(provider.corp_id.clone()),
            Self::Suite(suite) => TokenOwner::Suite(suite.id.clone()),
        }
    }

    pub(super) fn key(&self) -> TokenKey {
        (self.owner(), self.version())
    }

    pub(super) fn version(&self) -> i64 {
        match self {
            Self::App(app) => app.version,
            Self::JsTicket(ticket) => ticket.app.version,
            Self::Provider(_) | Self::Suite(_) => 0,
        }
    }
}

/// The owner of a token: a corp's app, the pages of one, the provider, or a suite.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum TokenOwner {
    App(SuiteId, CorpId),
    JsTicket(SuiteId, CorpId, JsTicketKind),
    Provider(CorpId),
    Suite(SuiteId),
}

impl TokenOwner {
    /// The key of the token's row: a hash over length-prefixed parts.
    pub(super) fn row_id(&self) -> Vec<u8> {
        let parts: [&str; 3] = match self {
            Self::App(suite_id, corp_id) => ["app", suite_id.as_str(), corp_id.as_str()],
            Self::JsTicket(suite_id, corp_id, JsTicketKind::Corp) => {
                ["jsapi_ticket", suite_id.as_str(), corp_id.as_str()]
            }
            Self::JsTicket(suite_id, corp_id, JsTicketKind::Agent) => {
                ["agent_ticket", suite_id.as_str(), corp_id.as_str()]
            }
            Self::Provider(corp_id) => ["provider", corp_id.as_str(), ""],
            Self::Suite(suite_id) => ["suite", suite_id.as_str(), ""],
        };
        digest::of_parts(&parts.map(str::as_bytes)).to_vec()
    }
}

/// The owner of a token and the version of the secret that it was fetched with.
pub(super) type TokenKey = (TokenOwner, i64);
