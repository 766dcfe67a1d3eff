//! What an entry of the audit tells of.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        /// What an entry of the audit tells of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum AuditAction {
            $($(#[$doc])* $variant),+
        }

        impl AuditAction {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }
    };
}

actions! {
    /// An administrator was given the access token of a corp.
    AccessTokenRead = "accessTokenRead",
    /// Somebody logged in to the console with the admin key.
    AdminLogin = "adminLogin",
    /// An administrator was refused: the key was wrong or missing, or the predicate said no.
    AdminRefused = "adminRefused",
    /// Every session of the service ended.
    AllSessionsEnded = "allSessionsEnded",
    /// A callback record was freed.
    CallbackReleased = "callbackReleased",
    /// A callback record was run again.
    CallbackRetried = "callbackRetried",
    /// A corp's organization code was taken away.
    CodeDeleted = "codeDeleted",
    /// A corp got its organization code.
    CodeSet = "codeSet",
    /// A corp got another id.
    CorpAliasAdded = "corpAliasAdded",
    /// A corp was approved, held or denied.
    CorpDecided = "corpDecided",
    /// An administrator confirmed the end of a corp's authorization.
    CorpEndConfirmed = "corpEndConfirmed",
    /// A corp's authorization was imported.
    CorpImported = "corpImported",
    /// A corp's authorization was read from WeCom.
    CorpRead = "corpRead",
    /// Every session of a corp's people ended.
    CorpSessionsEnded = "corpSessionsEnded",
    /// Authorizations and bindings were exported.
    Exported = "exported",
    /// The members of a corp were moved to encrypted ids.
    IdsMigrated = "idsMigrated",
    /// The data keys were rotated.
    KeysRotated = "keysRotated",
    /// A link by which a corp authorizes the app was made.
    LinkCreated = "linkCreated",
    /// Somebody logged in.
    Login = "login",
    /// A login was refused.
    LoginRefused = "loginRefused",
    /// The session of a machine was ended.
    MachineEnded = "machineEnded",
    /// A machine was given a session.
    MachineIssued = "machineIssued",
    /// A person was erased.
    PersonErased = "personErased",
    /// Every session of a person ended.
    PersonSessionsEnded = "personSessionsEnded",
    /// A request with the cookie of a session was refused.
    RequestRefused = "requestRefused",
    /// One session ended.
    SessionEnded = "sessionEnded",
    /// A member was bound to a user.
    UserBound = "userBound",
    /// The binding of a member ended.
    UserUnbound = "userUnbound",
}

/// The text is not an action of the audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("action must be a word of the audit, such as login or loginRefused")]
#[non_exhaustive]
pub struct InvalidAuditAction;

impl From<InvalidAuditAction> for Error {
    fn from(error: InvalidAuditAction) -> Self {
        Self::new(ErrorKind::ApiParams, error.to_string())
    }
}

impl FromStr for AuditAction {
    type Err = InvalidAuditAction;

    fn from_str(word: &str) -> Result<Self, InvalidAuditAction> {
        let known = Self::ALL.iter().find(|action| action.as_str() == word);
        known.copied().ok_or(InvalidAuditAction)
    }
}

impl fmt::Display for AuditAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_different_and_fit_their_column() {
        for action in AuditAction::ALL {
            assert_eq!(action.as_str().parse(), Ok(*action));
            assert!(action.as_str().len() <= 32);
        }
        assert_eq!("log in".parse::<AuditAction>(), Err(InvalidAuditAction));
    }
}
