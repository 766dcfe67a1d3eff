//! A member whom WeCom, or a login provider of the host app, has authenticated.

use super::{Principal, Profile};

/// A person that WeCom has just proven, with what it told of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthenticatedMember {
    /// Who they are.
    pub principal: Principal,
    /// Words of the company's administrator and of the person: to show, never to decide by.
    pub profile: Profile,
}

impl AuthenticatedMember {
    /// A person that was proven otherwise, such as by a login Type of your own.
    #[must_use]
    pub const fn new(principal: Principal, profile: Profile) -> Self {
        Self { principal, profile }
    }
}
