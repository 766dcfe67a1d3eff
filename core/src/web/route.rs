//! A row of the table of routes: path, methods, access, body limit, endpoint.

/// Who a route is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Access {
    /// Anyone.
    Anyone,
    /// A browser that navigates: every response is a page or a redirect.
    Browser,
    /// WeCom, by its signature.
    WeCom,
    /// A request with a valid session.
    Session,
    /// The host app's administrators.
    Admin,
    /// The same in a browser: every response is a page of the console or a redirect.
    Console,
}

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Endpoint {
    AdminApi(AdminRoute),
    AccessToken,
    BrowserCallback,
    BrowserLogin,
    CallbackRecords,
    Console(ConsoleRoute),
    Corps,
    EndSession,
    ForwardAuth,
    HealthLive,
    HealthReady,
    JsConfig,
    LoginByCode,
    LoginByMiniProgram,
    LoginByWorkbench,
    LoginCode,
    LoginConfig,
    LoginConfigByCode,
    Logout,
    LogoutAll,
    Me,
    Notify,
    OpenApi,
    RetryCallback,
    Sessions,
    SetCode,
}

/// What a route of the admin API does; its methods do different things where there are several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum AdminRoute {
    Audit,
    Corp,
    CorpAlias,
    CorpCode,
    CorpDecision,
    CorpRead,
    CorpSessions,
    CorpSetCode,
    Corps,
    Doctor,
    EndAllSessions,
    Export,
    Import,
    Links,
    Machine,
    Machines,
    People,
    Person,
    PersonSessions,
    Record,
    RecordRelease,
    RecordRetry,
    Records,
    RotateKeys,
}

/// What a page of the operator's console is; of a path that changes something, GET asks first where that is dangerous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ConsoleRoute {
    Audit,
    Corp,
    CorpAlias,
    CorpCode,
    CorpDecision,
    CorpRead,
    CorpSessions,
    CorpSetCode,
    Corps,
    EndAllSessions,
    Links,
    Login,
    Logout,
    Overview,
    People,
    Person,
    PersonErasure,
    PersonSessions,
    Record,
    RecordRelease,
    RecordRetry,
    Records,
    RotateKeys,
    Service,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Route {
    /// The path below the mount; `{Instance}`, `{id}`, `{corpId}` and `{userId}` stand for one segment, as in axum and
    /// actix.
    pub path: &'static str,
    /// The methods it takes; any other is answered 405, except where a proxy asks, which may ask about any.
    pub methods: &'static [&'static str],
    /// Whether everything below the path is the same route: a proxy appends the path that it asks about.
    pub below: bool,
    /// Who it is for.
    pub access: Access,
    /// The longest body in bytes; a longer one is answered 413.
    pub body_limit: usize,
    pub(crate) endpoint: Endpoint,
}

impl Route {
    /// How many bytes of body a request of this method may have; 0 where the body is not to be read at all.
    #[must_use]
    pub fn body_limit_of(&self, method: &str) -> usize {
        let read = self.takes(method) && !matches!(method, "GET" | "HEAD");
        if read { self.body_limit } else { 0 }
    }

    pub(crate) fn takes(&self, method: &str) -> bool {
        self.endpoint == Endpoint::ForwardAuth || self.methods.contains(&method)
    }
}
