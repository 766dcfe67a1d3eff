//! Where a login comes from.

use std::net::IpAddr;

use crate::audit::{Actor, ClientAddresses};

/// Where a login comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LoginOrigin {
    /// A client, at this address if it has one.
    Client(Option<IpAddr>),
    /// The host app's code, without WeCom.
    HostApp,
}

impl LoginOrigin {
    /// The same with as much of the client's address as is kept.
    pub(crate) fn kept(self, addresses: ClientAddresses) -> Self {
        match self {
            Self::Client(client) => {
                // A client without an address counts as the unspecified one.
                let known = client.filter(|client| !client.is_unspecified());
                Self::Client(known.and_then(|client| addresses.keep(client)))
            }
            Self::HostApp => Self::HostApp,
        }
    }

    pub(crate) const fn client(self) -> Option<IpAddr> {
        match self {
            Self::Client(client) => client,
            Self::HostApp => None,
        }
    }

    /// Who logs this user in.
    pub(crate) fn actor(self, user_id: &str) -> Actor {
        match self {
            Self::Client(_) => Actor::User(user_id.to_owned()),
            Self::HostApp => Actor::App,
        }
    }
}
