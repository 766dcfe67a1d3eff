//! Who a session belongs to, and how it was made.

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};
use crate::ids::{CorpId, SuiteId, WecomUserId};

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
    ($(#[$doc:meta])* $name:ident, $error:ident, $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+) => {
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

        impl std::str::FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(Error::new(ErrorKind::$error, concat!("not a ", stringify!($name)))),
                }
            }
        }
    };
}

wire_enum! {
    /// The kind of client that a session is for; kept on the session, without further effect here.
    #[doc(alias = "LoginPlatformEnum")]
    Platform, PlatformUnknown,
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
    LoginType, LoginTypeUnknown,
    /// By scanning a QR code; the default.
    #[default]
    Qr = "qr",
    /// From the WeCom workbench.
    Workbench = "workbench"
}
