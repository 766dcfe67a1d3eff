//! Who a session belongs to, and how it was made.

use serde::{Deserialize, Serialize};

use crate::domain::{CorpId, SuiteId, WecomUserId};

/// A person, as WeCom proved them: the user of one company under one suite. Nothing else identifies a person;
/// mail, mobile and name are words of that company's administrator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Principal {
    /// The suite under which the company authorised.
    pub suite_id: SuiteId,
    /// The company.
    pub corp_id: CorpId,
    /// The person within it.
    pub third_user_id: WecomUserId,
}

impl Principal {
    /// The person of these three ids.
    #[must_use]
    pub const fn new(suite_id: SuiteId, corp_id: CorpId, third_user_id: WecomUserId) -> Self {
        Self {
            suite_id,
            corp_id,
            third_user_id,
        }
    }
}

macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident, $(#[$error_doc:meta])* $error:ident, $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant),+
        }

        impl $name {
            /// The word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),+
                }
            }
        }

        $(#[$error_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[error("not a {}", stringify!($name))]
        #[non_exhaustive]
        pub struct $error;

        impl std::str::FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, $error> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($error),
                }
            }
        }
    };
}

wire_enum! {
    /// The kind of client that a session is for; kept on the session, without further effect here.
    #[doc(alias = "LoginPlatformEnum")]
    Platform,
    /// The text is no [`Platform`]: `PLATFORM_UNKNOWN`.
    UnknownPlatform,
    /// An app; the default.
    #[default]
    App = "app",
    /// A mobile client.
    Mobile = "mobile",
    /// A browser.
    Web = "web"
}

wire_enum! {
    /// How a person came in.
    LoginType,
    /// The text is no [`LoginType`]: `LOGIN_TYPE_UNKNOWN`.
    UnknownLoginType,
    /// By scanning a QR code; the default.
    #[default]
    Qr = "qr",
    /// From the WeCom workbench.
    Workbench = "workbench"
}
