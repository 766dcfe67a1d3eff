//! The login of a WeCom (企业微信) 代开发 app for Rust web services.
//!
//! A provider develops an app once, many companies authorize it, and their people log in by scanning a QR code or from
//! WeCom's workbench. This crate receives WeCom's callbacks, stores each company's permanent code, authenticates members
//! by the codes that WeCom issues, and creates sessions. It knows no web framework: `wecom-login-tower` and
//! `wecom-login-actix` mount its routes into axum, tower and actix-web, and guard yours.
//!
//! The handbook has the rest: configuration, the HTTP API, going live, deployment, storage and keys. Its pages are in
//! the repository's `docs/`, and in these docs as the module `handbook`.
//!
//! # Quick start
//!
//! An instance is a directory with two files, `auths/QywxProxyDefault/e.json` and
//! `auths/QywxProxyDefault/QywxProxyDefault.json`; see [`element`]. The handle is built once, within a tokio runtime:
//!
//! ```no_run
//! # async fn start() -> wecom_login::Result<()> {
//! use wecom_login::{DataKeys, WecomLogin};
//!
//! let login = WecomLogin::builder()
//!     .auths_dir("auths")
//!     .database_url("sqlite://wecom-login.db")
//!     .data_keys(DataKeys::from_env()) // WECOM_LOGIN_DATA_KEY: base64 of 32 random bytes
//!     .public_url("https://app.example.com")
//!     .build()
//!     .await?;
//! // … serve, with the routes mounted at /auth …
//! login.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! [`Builder::build`] checks the configuration and names what is wrong by file, field and rule, never by value. Each
//! method of the [`Builder`] documents its default.
//!
//! The same without files:
//!
//! ```
//! # fn configure() -> Result<wecom_login::Builder, Box<dyn std::error::Error>> {
//! use wecom_login::callback::{CallbackKeys, EncodingAesKey};
//! use wecom_login::element::{InstanceConfig, InstanceName};
//! use wecom_login::{CallbackToken, Suite, SuiteId, SuiteSecret, WecomLogin};
//!
//! let keys = CallbackKeys::new(
//!     CallbackToken::new("a-token-of-16-or-more"),
//!     EncodingAesKey::new("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")?,
//! );
//! let suite = Suite::new(SuiteId::new("dk1234567890abcdef")?, SuiteSecret::new("the suite's secret"), keys);
//! let name = InstanceName::new("auths.QywxProxyDefault")?;
//! let builder = WecomLogin::builder().instance(InstanceConfig::new(name, "WeCom", suite));
//! # Ok(builder)
//! # }
//! # configure().unwrap();
//! ```
//!
//! # Instances and services
//!
//! An [`Instance`] is one login configuration. What is not about one instance is in four services: [`AuthService`] has
//! the methods of the reference page, [`AdminService`] what an operator does, [`SessionService`] the sessions,
//! [`LinkService`] the links to WeCom. The routes call the same methods, so a host app can have routes of its own:
//!
//! ```no_run
//! # async fn log_in(login: wecom_login::WecomLogin) -> wecom_login::Result<()> {
//! use wecom_login::{CorpId, LoginByCodeRequest, LoginCodeRequest, OAuthCode};
//!
//! let corp_id = CorpId::new("ww1234567890abcdef")?;
//! let instance = login.instance("QywxProxyDefault")?;
//! let code = OAuthCode::new("what WeCom put into the redirect");
//! let issued = instance.login_code(LoginCodeRequest::new(corp_id, code)).await?;
//! let result = login.service().login_by_code(LoginByCodeRequest::new(issued.login_code)).await?;
//! println!("{} is logged in", result.user_id);
//! # Ok(())
//! # }
//! ```
//!
//! | route | in code |
//! |---|---|
//! | `getLoginConfig`, `getLoginCode` of an instance | [`Instance::login_config`], [`Instance::login_code`] |
//! | `loginByCode`, `loginByWorkbench` | [`AuthService::login_by_code`], [`AuthService::login_by_workbench`] |
//! | `loginByMiniProgram` | [`AuthService::login_by_mini_program`] |
//! | `jsConfig`, `accessToken` | [`CorpApi::js_config`], [`CorpApi::access_token`] |
//! | `notify` | [`AuthService::notify`], [`Instance::notify`] |
//! | `setCode`, `getLoginConfigByCode` | [`AuthService::set_organization_code`], [`AuthService::login_config_by_code`] |
//! | `retryCallBack`, `callbackRecords` | [`AuthService::retry_callback`], [`AdminService::callback_records`] |
//! | `sessions`, `logout`, `logoutAll` | [`SessionService::list`], [`SessionService::logout`], [`SessionService::logout_all`] |
//! | `login`, `callback` | for browsers; their pages: [`Builder::branding`], [`Builder::pages`], [`Builder::qr_panel`] |
//!
//! A login Type of your own is a [`LoginProvider`](element::LoginProvider), given to [`Builder::login_provider`]; one that
//! changes a part of ours wraps [`QywxProxyType`](element::QywxProxyType). Each has a full name, by which
//! [`WecomLogin::element`] looks it up. [`AuthService::instance_by_corp_id`] is the instance that serves a company.
//!
//! # Companies
//!
//! A company that scans the authorization QR code arrives by itself, as a `create_auth` callback. A company that
//! authorized earlier has to be imported once, with the permanent code that the provider stored; [`AdminService::import`]
//! takes many at a time, with the users that their members are:
//!
//! ```no_run
//! # async fn import(login: wecom_login::WecomLogin) -> wecom_login::Result<()> {
//! use wecom_login::{CorpId, PermanentCode, SuiteId};
//!
//! let (suite_id, corp_id) = (SuiteId::new("dk1234567890abcdef")?, CorpId::new("wpAbCdEf")?);
//! let permanent_code = PermanentCode::new("from the provider's old database");
//! login.admin().import_authorization(&suite_id, &corp_id, permanent_code, None).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Protected routes
//!
//! In axum and tower: `AuthLayer` and `User` of `wecom-login-tower`; in actix: `AuthMiddleware` and `User` of
//! `wecom-login-actix`. Under any other framework, [`WecomLogin::verify`] takes method and headers and answers with the
//! [`CurrentUser`]; it makes no future and allocates nothing for a cached session. [`web`] documents how an adapter is
//! built.
//!
//! # Your users: the binder
//!
//! WeCom authenticates a [`Principal`]: suite, corp, userid. A [`UserBinder`] says which of your users that is; the docs
//! of the trait have an example. Without one, the [`DefaultUserBinder`] creates a user on a member's first login, or with
//! [`BindingPolicy::BoundUsersOnly`] only knows the members that [`AdminService::bind_user`] bound before.
//!
//! [`UserBinder::attributes`] says what your app knows of a user, such as a role; [`CurrentUser::attributes`] has it. Where
//! your app has users of its own already, the binder answers [`Binding::Link`], and the app asks the person once
//! ([handbook](handbook::accounts)).
//!
//! A person of several companies chooses one of them on a page of ours: [`UserBinder::linked_principals`] names the
//! others, and each must be bound to the same user. [`Builder::wrap_binder`] adds such a rule to the default binder; the
//! example apps do so in 60 lines.
//!
//! # Hooks
//!
//! [`Hooks`] ask the host app whether a company may use the app, and tell it of companies, logins and callbacks that this
//! crate does not handle. A deferred company is approved later by [`AdminService::set_corp_decision`]. What a hook is told
//! is stored until it returns `Ok`; a hook that fails, or takes over 10 s, is called again and delays nothing else.
//!
//! # Sessions
//!
//! A token is handed out once; only its hash is stored. A session ends after 24 hours without a request and 30 days after
//! the login; [`SessionConfig`] changes both, [`SessionConfig::strict`] is 1 hour and 24 hours. A logout ends it earlier,
//! and so do the company's cancellation, the member's departure or renaming in WeCom,
//! [`SessionService::revoke_member`] and [`SessionService::revoke_corp`].
//!
//! A program of the host app or of a customer has a session by [`SessionService::issue_machine_session`]: a bearer of one
//! corp with a name and scopes, which guards let in only where they allow machines.
//!
//! # Calling WeCom
//!
//! [`WecomLogin::corp`] and [`WecomLogin::corp_of`] make calls with a company's access token, which only this library can
//! get: [`CorpApi`].
//!
//! ```no_run
//! # async fn departments(login: wecom_login::WecomLogin, user: wecom_login::CurrentUser) -> wecom_login::Result<()> {
//! let tree: serde_json::Value = login.corp_of(&user).get("department/list", &()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Storage
//!
//! SQLite by default, PostgreSQL and MySQL with the features `postgres` and `mysql`, by URL or by a connection of the
//! host app ([`Builder::database`]). All tables begin with `wecom_`, and their migrations run in
//! [`Builder::build`]. Permanent codes, tickets, access tokens and stored events are sealed under [`DataKeys`]: without
//! its key nobody can use a database, not even its owner.
//!
//! # Testing
//!
//! The crate `wecom-login-test` has a login for tests, ready made. Underneath, [`SessionService::issue`] creates a session
//! for any principal, without a login, and a [`ManualClock`] gives the test control of the time.
//!
//! ```
//! # use wecom_login::callback::{CallbackKeys, EncodingAesKey};
//! # use wecom_login::element::{InstanceConfig, InstanceName};
//! # use wecom_login::{CallbackToken, Suite, SuiteSecret};
//! use std::time::Duration;
//!
//! use wecom_login::{
//!     CorpId, DataKey, DataKeys, ErrorKind, ManualClock, Platform, Principal, SuiteId, WecomUserId, WecomLogin,
//! };
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let suite_id = SuiteId::new("dk1234567890abcdef")?;
//! # let key = EncodingAesKey::new("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")?;
//! # let suite = Suite::new(
//! #     suite_id.clone(), SuiteSecret::new("secret"), CallbackKeys::new(CallbackToken::new("a-token-of-16-or-more"), key));
//! # let instance = InstanceConfig::new(InstanceName::new("auths.QywxProxyDefault")?, "WeCom", suite);
//! let clock = ManualClock::starting_now();
//! let login = WecomLogin::builder()
//!     .instance(instance) // as above
//!     .database_url("sqlite::memory:")
//!     .data_keys(DataKeys::from_keys([DataKey::random()]))
//!     .public_url("http://127.0.0.1:3000")
//!     .clock(clock.clone())
//!     .build()
//!     .await?;
//!
//! let who = Principal::new(suite_id, CorpId::new("ww1234567890abcdef")?, WecomUserId::new("zhangwei")?);
//! let issued = login.sessions().issue(&who, Platform::Web).await?;
//!
//! let bearer = format!("Bearer {}", issued.token.expose());
//! let headers = [("authorization".to_owned(), bearer.into_bytes())];
//! let verified = login.verify("GET", headers.as_slice()).resolve().await?;
//! assert_eq!(verified.unwrap().user.principal(), &who);
//!
//! clock.advance(Duration::from_hours(25));
//! let error = login.verify("GET", headers.as_slice()).resolve().await.unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::TokenInvalid);
//! # login.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! To test the login itself, callbacks and faults included, start a WeCom in a box: the crate `wecom-sandbox`, as a
//! library or as a program. [`Builder::wecom_url`] points all calls at it.
//!
//! # Errors
//!
//! There is one [`Error`]. Its [`ErrorKind`] is one row of a table: wire code, status, title, and who has to act. It never
//! holds a secret. Where WeCom refused, it has WeCom's errcode.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

pub mod callback;
pub mod element;
#[cfg(doc)]
pub mod handbook;
#[cfg(not(feature = "metrics"))]
mod metrics;
#[cfg(feature = "metrics")]
pub mod metrics;
pub mod web;
pub mod wecom;

mod app;
mod audit;
mod authorization;
mod clock;
mod corp_api;
mod db;
mod digest;
mod domain;
mod error;
mod failpoint;
mod hooks;
mod inbox;
mod log_limiter;
mod login;
mod loopback;
mod members;
mod query;
mod random;
mod rate_limit;
mod revocation;
mod services;
mod session;
mod task_runner;
mod tokens;
mod vault;

pub use app::{Builder, Element, Retention, WecomLogin};
pub use audit::{AuditAction, AuditEntry, AuditQuery, ClientAddresses, InvalidAuditAction};
pub use authorization::{CorpDetails, CorpQuery, CorpSummary};
pub use clock::{Clock, ManualClock, Sleep, SystemClock, Timestamp};
pub use corp_api::{CorpAccessToken, CorpApi, JsConfig, JsSignature, UploadFile};
#[cfg(wecom_login_failpoints)]
#[doc(hidden)]
pub use db::migrate_steps;
pub use domain::{
    AccessToken, AgentId, Attributes, AuthCode, AuthenticatedMember, AuthorizationStatus,
    CallbackToken, CorpId, InvalidAttributes, InvalidId, InvalidPageCursor, JsApiTicket, JsCode,
    LinkTicket, LoginCode, LoginHeaders, LoginLink, LoginType, Machine, MiniProgramSessionKey,
    OAuthCode, OrganizationCode, Page, PageCursor, PermanentCode, Platform, Principal, Profile,
    ProviderAccessToken, ProviderSecret, RecordStatus, Suite, SuiteAccessToken, SuiteId,
    SuiteSecret, SuiteTicket, UnknownLoginType, UnknownPlatform, UserTicket, WecomUserId,
};
pub use element::AuthConfig;
pub use error::{Blame, Error, ErrorKind, ErrorRow, Result};
pub use hooks::{CorpDecision, CorpInfo, Hooks, LoginRefusal, RefusedRequest, UnhandledEvent};
pub use inbox::{
    CallbackRecord, CallbackRecordDetails, NotifyRequest, NotifyResponse, RecordQuery,
};
pub use login::{
    CorpChoice, FinishLoginRequest, LoginByCodeRequest, LoginCodeRequest, LoginCodeResult,
    LoginConfig, LoginResult, MiniProgramLoginRequest, OrgCodeLogin, WorkbenchLoginRequest,
};
pub use members::PersonSummary;
pub use members::{
    Binding, BindingPolicy, CorpLicence, DefaultUserBinder, IdMigrationProgress, MemberLicence,
    UserBinder,
};
#[doc(no_inline)]
pub use sea_orm;
pub use services::{
    AdminService, AuthModel, AuthService, CheckStatus, DoctorCheck, DoctorReport, ExportLine,
    ImportStatus, ImportedLine, InstallLink, Instance, LinkService, MAX_IMPORT_BYTES,
    MAX_IMPORT_LINES, PeopleQuery, PersonDetails, SessionService,
};
pub use session::{
    CurrentUser, IssuedSession, MachineSessionRequest, MachineSummary, SessionConfig, SessionPage,
    SessionSummary, SessionToken, UserSummary, Verification, Verified,
};
pub use vault::{DATA_KEY_VARIABLE, DataKey, DataKeys, KeyRotationReport};

/// The README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
