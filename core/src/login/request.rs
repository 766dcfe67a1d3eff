//! The parameters of the logins, as the reference page names them.

use std::net::IpAddr;

use crate::domain::{
    CorpId, JsCode, LinkTicket, LoginCode, LoginHeaders, LoginType, OAuthCode, Platform, SuiteId,
};

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
    pub(crate) state_verified: bool,
    pub(crate) headers: LoginHeaders,
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
            state_verified: false,
            headers: LoginHeaders::default(),
        }
    }

    /// Says that the code came with a `state` that the host app made for this browser and has compared. `codeLogin: state`
    /// accepts nothing else, and such a code is still tried after too many failed codes of its corp.
    #[must_use]
    pub const fn with_verified_state(mut self) -> Self {
        self.state_verified = true;
        self
    }

    /// Sets the type of the login.
    #[must_use]
    pub const fn with_login_type(mut self, login_type: LoginType) -> Self {
        self.login_type = login_type;
        self
    }

    /// Hands on the headers of the request, for the [`UserBinder`](crate::UserBinder). It sees them only
    /// [with a verified state](Self::with_verified_state).
    #[must_use]
    pub fn with_headers(mut self, headers: impl Into<LoginHeaders>) -> Self {
        self.headers = headers.into();
        self
    }

    /// Sets the client's address.
    #[must_use]
    pub const fn with_client(mut self, client: IpAddr) -> Self {
        self.client = Some(client);
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
    pub const fn with_client(mut self, client: IpAddr) -> Self {
        self.client = Some(client);
        self
    }

    /// Sets the company to enter.
    #[must_use]
    pub fn with_corp_id(mut self, corp_id: CorpId) -> Self {
        self.corp_id = Some(corp_id);
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
    pub(crate) state_verified: bool,
    pub(crate) headers: LoginHeaders,
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
            state_verified: false,
            headers: LoginHeaders::default(),
        }
    }

    /// Says that the code came with a `state` that the host app made for this browser and has compared. `codeLogin: state`
    /// accepts nothing else, and such a code is still tried after too many failed codes of its corp.
    #[must_use]
    pub const fn with_verified_state(mut self) -> Self {
        self.state_verified = true;
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
    pub fn with_suite_id(mut self, suite_id: SuiteId) -> Self {
        self.suite_id = Some(suite_id);
        self
    }

    /// Hands on the headers of the request, for the [`UserBinder`](crate::UserBinder). It sees them only
    /// [with a verified state](Self::with_verified_state).
    #[must_use]
    pub fn with_headers(mut self, headers: impl Into<LoginHeaders>) -> Self {
        self.headers = headers.into();
        self
    }

    /// Sets the client's address.
    #[must_use]
    pub const fn with_client(mut self, client: IpAddr) -> Self {
        self.client = Some(client);
        self
    }
}

/// What [`AuthService::login_by_mini_program`](crate::AuthService::login_by_mini_program) takes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MiniProgramLoginRequest {
    /// The company.
    pub corp_id: CorpId,
    /// The code that `wx.qy.login` gave the mini program.
    pub js_code: JsCode,
    /// What the session is for.
    pub platform: Platform,
    /// The suite, where more than one of ours has the company.
    pub suite_id: Option<SuiteId>,
    /// The client's address, by which failures are counted. Without it only the limit of the company holds.
    pub client: Option<IpAddr>,
    pub(crate) headers: LoginHeaders,
}

impl MiniProgramLoginRequest {
    /// A login of this company with this code.
    #[must_use]
    pub fn new(corp_id: CorpId, js_code: JsCode) -> Self {
        Self {
            corp_id,
            js_code,
            platform: Platform::default(),
            suite_id: None,
            client: None,
            headers: LoginHeaders::default(),
        }
    }

    /// Sets what the session is for.
    #[must_use]
    pub const fn with_platform(mut self, platform: Platform) -> Self {
        self.platform = platform;
        self
    }

    /// Sets the suite.
    #[must_use]
    pub fn with_suite_id(mut self, suite_id: SuiteId) -> Self {
        self.suite_id = Some(suite_id);
        self
    }

    /// Hands on the headers of the request, for the [`UserBinder`](crate::UserBinder).
    #[must_use]
    pub fn with_headers(mut self, headers: impl Into<LoginHeaders>) -> Self {
        self.headers = headers.into();
        self
    }

    /// Sets the client's address.
    #[must_use]
    pub const fn with_client(mut self, client: IpAddr) -> Self {
        self.client = Some(client);
        self
    }
}

/// What [`AuthService::finish_login`](crate::AuthService::finish_login) takes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FinishLoginRequest {
    /// The ticket of the login.
    pub ticket: LinkTicket,
    /// The host app's user that the person is.
    pub user_id: String,
    /// The client's address, for the log and the audit.
    pub client: Option<IpAddr>,
}

impl FinishLoginRequest {
    /// Finishes this login for this user.
    #[must_use]
    pub fn new(ticket: LinkTicket, user_id: impl Into<String>) -> Self {
        Self {
            ticket,
            user_id: user_id.into(),
            client: None,
        }
    }

    /// Sets the client's address.
    #[must_use]
    pub const fn with_client(mut self, client: IpAddr) -> Self {
        self.client = Some(client);
        self
    }
}
