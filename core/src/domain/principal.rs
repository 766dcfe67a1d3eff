//! The principal of a session, its platform and its login type.

use serde::{Deserialize, Serialize};

use crate::domain::{CorpId, SuiteId, WecomUserId};

/// A member of one corp under one suite, as WeCom authenticated them. Nothing else identifies a member: mail address,
/// mobile number and name are texts that the corp's administrator wrote.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Principal {
    /// The suite that the corp authorized.
    pub suite_id: SuiteId,
    /// The corp.
    pub corp_id: CorpId,
    /// WeCom's userid of the member.
    pub third_user_id: WecomUserId,
}

impl Principal {
    /// Creates a principal from its three ids.
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
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the text on the wire.
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
    /// The kind of client that a session is for. It is stored with the session and has no other effect.
    #[doc(alias = "LoginPlatformEnum")]
    Platform,
    /// The text is not a [`Platform`]: `PLATFORM_UNKNOWN`.
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
    /// How a member logged in.
    LoginType,
    /// The text is not a [`LoginType`]: `LOGIN_TYPE_UNKNOWN`.
    UnknownLoginType,
    /// By scanning a QR code; the default.
    #[default]
    Qr = "qr",
    /// From the WeCom workbench.
    Workbench = "workbench"
}
