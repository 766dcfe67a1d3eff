//! The vocabulary of the product: ids, secrets, principals, machines, profiles, statuses, suites and their callback keys.

mod attributes;
mod callback_keys;
mod corp_aliases;
mod ids;
mod login_headers;
mod login_link;
mod machine;
mod member;
pub(crate) mod number_as_text;
mod page;
mod principal;
mod profile;
mod secret;
mod status;
mod suite;
mod token_hash;

pub use attributes::{Attributes, InvalidAttributes};
pub use callback_keys::{CallbackKeys, EncodingAesKey, InvalidAesKey};
pub(crate) use corp_aliases::{CorpAlias, CorpAliases};
pub(crate) use ids::is_plain_id;
pub use ids::{AgentId, CorpId, InvalidId, OrganizationCode, SuiteId, WecomUserId};
pub use login_headers::LoginHeaders;
pub use login_link::LoginLink;
pub use machine::Machine;
pub use member::AuthenticatedMember;
pub use page::{InvalidPageCursor, Page, PageCursor};
pub use principal::{LoginType, Platform, Principal, UnknownLoginType, UnknownPlatform};
pub use profile::Profile;
pub use secret::{
    AccessToken, AuthCode, CallbackToken, JsApiTicket, JsCode, LinkTicket, LoginCode,
    MiniProgramSessionKey, OAuthCode, PermanentCode, ProviderAccessToken, ProviderSecret,
    SuiteAccessToken, SuiteSecret, SuiteTicket, UserTicket,
};
pub(crate) use secret::{Expose, FlowSecret, serialize_exposed};
pub use status::{AuthorizationStatus, RecordStatus};
pub use suite::Suite;
pub(crate) use suite::{Suites, UnknownSuite};
pub(crate) use token_hash::TokenHash;
