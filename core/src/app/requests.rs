//! What the methods of the reference page take.

use std::net::IpAddr;

use crate::domain::{CorpId, SuiteId};
use crate::domain::{LoginCode, OAuthCode};
use crate::domain::{LoginType, Platform};

/// What [`Instance::login_code`](crate::Instance::login_code) takes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoginCodeRequest {
    /// The company that the code is of.
    pub corp_id: CorpId,
    /// The code from WeCom.
    pub code: OAuthCode,
    /// By QR code (the default) or from the workbench.
    pub login_type: LoginType,
    /// The client's address, by which failures are counted. Without it only the limit of the company holds: this is
    /// code of the host app, which knows whether it needs one.
    pub client: Option<IpAddr>,
    pub(crate) stated: bool,
}

impl LoginCodeRequest {
    /// A login of this company with this code.
    #[must_use]
    pub fn new(corp_id: CorpId, code: OAuthCode) -> Self {
        Self {
            corp_id,
            code,
            login_type: LoginType::default(),
            client: None,
            stated: false,
        }
    }

    /// Says that the code came with a `state` which the host app had made for this browser and has compared. With
    /// `codeLogin: state` nothing else is taken, and such a code is tried when too many others of its company failed.
    #[must_use]
    pub const fn with_verified_state(mut self, stated: bool) -> Self {
        self.stated = stated;
        self
    }

    /// Sets how the person comes in.
    #[must_use]
    pub const fn with_login_type(mut self, login_type: LoginType) -> Self {
        self.login_type = login_type;
        self
    }

    /// Sets the client's address.
    #[must_use]
    pub const fn with_client(mut self, client: Option<IpAddr>) -> Self {
        self.client = client;
        self
    }
}

/// What [`AuthService::login_by_code`](crate::AuthService::login_by_code) takes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoginByCodeRequest {
    /// The login code.
    pub login_code: LoginCode,
    /// The company to enter, if it is not the one where the person was proven.
    pub corp_id: Option<CorpId>,
    /// What the session is for.
    pub platform: Platform,
    /// The client's address, by which failures are counted. Without it they are not.
    pub client: Option<IpAddr>,
}

impl LoginByCodeRequest {
    /// Exchanges this login code.
    #[must_use]
    pub fn new(login_code: LoginCode) -> Self {
        Self {
            login_code,
            corp_id: None,
            platform: Platform::default(),
            client: None,
        }
    }

    /// Sets the client's address.
    #[must_use]
    pub const fn with_client(mut self, client: Option<IpAddr>) -> Self {
        self.client = client;
        self
    }

    /// Sets the company to enter.
    #[must_use]
    pub fn with_corp_id(mut self, corp_id: Option<CorpId>) -> Self {
        self.corp_id = corp_id;
        self
    }

    /// Sets what the session is for.
    #[must_use]
    pub const fn with_platform(mut self, platform: Platform) -> Self {
        self.platform = platform;
        self
    }
}

/// What [`AuthService::login_by_workbench`](crate::AuthService::login_by_workbench) takes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkbenchLoginRequest {
    /// The company.
    pub corp_id: CorpId,
    /// The code from WeCom.
    pub code: OAuthCode,
    /// What the session is for.
    pub platform: Platform,
    /// The suite, where more than one of ours has the company.
    pub suite_id: Option<SuiteId>,
    /// The client's address, by which failures are counted. Without it only the limit of the company holds.
    pub client: Option<IpAddr>,
    pub(crate) stated: bool,
}

impl WorkbenchLoginRequest {
    /// A login of this company with this code.
    #[must_use]
    pub fn new(corp_id: CorpId, code: OAuthCode) -> Self {
        Self {
            corp_id,
            code,
            platform: Platform::default(),
            suite_id: None,
            client: None,
            stated: false,
        }
    }

    /// Says that the code came with a `state` which the host app had made for this browser and has compared. With
    /// `codeLogin: state` nothing else is taken, and such a code is tried when too many others of its company failed.
    #[must_use]
    pub const fn with_verified_state(mut self, stated: bool) -> Self {
        self.stated = stated;
        self
    }

    /// Sets what the session is for.
    #[must_use]
    pub const fn with_platform(mut self, platform: Platform) -> Self {
        self.platform = platform;
        self
    }

    /// Sets the suite.
    #[must_use]
    pub fn with_suite_id(mut self, suite_id: Option<SuiteId>) -> Self {
        self.suite_id = suite_id;
        self
    }

    /// Sets the client's address.
    #[must_use]
    pub const fn with_client(mut self, client: Option<IpAddr>) -> Self {
        self.client = client;
        self
    }
}
