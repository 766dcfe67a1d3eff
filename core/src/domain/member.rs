//! A member whom WeCom, or a login provider of the host app, has authenticated.

use crate::domain::{LoginHeaders, Principal, Profile};

/// A member that was just authenticated, with their profile.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthenticatedMember {
    /// The member.
    pub principal: Principal,
    /// Texts that the corp's administrator and the member wrote. Show them; decide nothing by them.
    pub profile: Profile,
    /// The headers of the request, such as the cookie of a session of the host app's own. Empty where the code may have come
    /// from another client: see [`UserBinder::bind`](crate::UserBinder::bind).
    pub headers: LoginHeaders,
}

impl AuthenticatedMember {
    /// Creates one that was authenticated by other means, such as a login provider of your own.
    #[must_use]
    pub fn new(principal: Principal, profile: Profile) -> Self {
        Self {
            principal,
            profile,
            headers: LoginHeaders::default(),
        }
    }
}
