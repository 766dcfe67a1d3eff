//! Secrets, which cannot be printed. Each kind has a type of its own, so that none is used in place of another.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serializer};

/// A secret that a response or a sealed record may contain.
pub(crate) trait Expose {
    /// The secret text.
    fn expose(&self) -> &str;
}

/// `serialize_with` for a secret that goes to its owner, or that is sealed next.
pub(crate) fn serialize_exposed<S: Serializer>(
    secret: &impl Expose,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        secret! { $(#[$doc])* in pub $name }
    };
    ($(#[$doc:meta])* in $visibility:vis $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        $visibility struct $name(SecretString);

        impl $name {
            /// Wraps the text.
            #[must_use]
            $visibility fn new(text: impl Into<String>) -> Self {
                Self(SecretString::from(text.into()))
            }

            /// Returns the text, for the one place that has to send it.
            #[must_use]
            $visibility fn expose(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl Expose for $name {
            fn expose(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(******)"))
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                use subtle::ConstantTimeEq as _;
                self.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
            }
        }

        impl Eq for $name {}

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::new)
            }
        }
    };
}

secret! {
    /// The secret of a suite (D/97162).
    SuiteSecret
}
secret! {
    /// The newest `suite_ticket` of a suite, pushed every ten minutes (D/97173).
    SuiteTicket
}
secret! {
    /// The provider's own secret, for authorization links (D/96237).
    ProviderSecret
}
secret! {
    /// The permanent code of a corp, which for 代开发 is the secret of its app (D/97163).
    PermanentCode
}
secret! {
    /// The AuthCode of `create_auth` and `reset_permanent_code`: single use, ten minutes (D/100965).
    AuthCode
}
secret! {
    /// The OAuth code that WeCom issues to a member who logs in: single use, five minutes (D/96442).
    OAuthCode
}
secret! {
    /// A code that proves who logged in: single use, 300 seconds, exchanged for a session.
    LoginCode
}
secret! {
    /// Proves who logged in at WeCom whose user the host app does not know yet: single use, ten minutes
    /// ([`Binding::Link`](crate::Binding::Link)).
    LinkTicket
}
secret! {
    /// The secret of a browser's login, sealed in its cookie. The token of the session is derived from it.
    in pub(crate) FlowSecret
}
secret! {
    /// A suite's access token, for the `service/…` calls (D/97162).
    SuiteAccessToken
}
secret! {
    /// The provider's access token, for authorization links (D/96237).
    ProviderAccessToken
}
secret! {
    /// The access token of one corp's app (D/97164).
    AccessToken
}
secret! {
    /// A ticket that pages of a corp's app are signed with for the JS-SDK (D/96909).
    JsApiTicket
}
secret! {
    /// The code that WeCom's mini program client gives to one who logs in: single use (D/92426).
    JsCode
}
secret! {
    /// The key of a person's session in a mini program, with which WeCom encrypts and signs what the client reads
    /// (D/96959).
    MiniProgramSessionKey
}
secret! {
    /// The ticket that `auth/getuserinfo` returns for `snsapi_privateinfo` and `auth/getuserdetail` takes (D/96443).
    UserTicket
}
secret! {
    /// The token that signs callbacks (D/96211).
    CallbackToken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_print_secret() {
        let secret = PermanentCode::new("hush");
        assert_eq!(format!("{secret:?}"), "PermanentCode(******)");
        assert_eq!(secret.expose(), "hush");
    }
}
