//! `/forwardAuth`: the guard for a proxy, which asks about a request before it passes it on.
//!
//! 200 sets the seven identity headers and `X-Wecom-Machine`, each of them always, so that the proxy replaces what a client sent under these
//! names. Everything else is what [`Guard`](crate::web::Guard) answers.

use http::Response;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::CorpId;
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::RefusedRequest;
use crate::session::CurrentUser;
use crate::web::forwarded::{ForwardedRequest, is_appended};
use crate::web::http_service::HttpDeps;
use crate::web::params::invalid_param;
use crate::web::query::RouteQuery;
use crate::web::rejection::Rejection;
use crate::web::request::RoutedRequest;
use crate::web::response::{ResponseBody, ResponseExt as _, empty};

/// The characters of a name that are not encoded (RFC 3986, 2.3).
const NAME: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What the proxy's address demands, in its query.
#[derive(Debug, Default)]
struct Demands {
    corp_id: Option<CorpId>,
    /// The full name of an instance.
    instance: Option<String>,
    /// Machines that have this scope are let in, beside people.
    scope: Option<String>,
    /// Whether nobody is redirected: for proxies that pass on nothing but 401 and 403.
    on_401: bool,
}

impl Demands {
    fn parse(deps: &HttpDeps, query: &str) -> Result<Self> {
        let mut query = RouteQuery::new(query)?;
        let corp_id = query.optional_text("corpId")?.map(CorpId::new).transpose();
        let instance = query.optional_text("instance")?;
        let scope = query.optional_text("scope")?;
        let on = query.optional_text("on")?;
        query.finish()?;
        Ok(Self {
            corp_id: corp_id.map_err(|_| invalid_param("corpId", "is not an id"))?,
            instance: instance
                .map(|name| deps.instance(&name).map(|found| found.name().to_owned()))
                .transpose()?,
            scope,
            on_401: match on.as_deref() {
                None => false,
                Some("401") => true,
                Some(_) => return Err(invalid_param("on", "must be 401")),
            },
        })
    }

    fn are_met_by(&self, deps: &HttpDeps, user: &CurrentUser) -> bool {
        let aliases = deps.instances.aliases();
        let corp = self.corp_id.as_ref();
        let is_for_it = user.machine().is_none_or(|machine| {
            self.scope
                .as_ref()
                .is_some_and(|scope| machine.has_scope(scope))
        });
        is_for_it
            && corp.is_none_or(|corp| aliases.is_same(user.suite_id(), user.corp_id(), corp))
            && self
                .instance
                .as_ref()
                .is_none_or(|name| user.instance() == name)
    }
}

/// Answers a proxy about a request.
pub(super) async fn answer(deps: &HttpDeps, request: &RoutedRequest) -> Response<ResponseBody> {
    let forwarded = ForwardedRequest::new(request);
    let config = &deps.config;
    config.proxy_warnings.check(request, &forwarded);
    // A query behind an appended path is the request's, not the proxy's.
    let demands = if is_appended(request) {
        Ok(Demands::default())
    } else {
        Demands::parse(deps, &request.query)
    };
    let demands = match demands {
        Ok(demands) => demands,
        Err(error) => return config.rejection(error, &request.headers).response(),
    };
    let method = forwarded.method_of_origin_check();
    let verification = config.verify(&deps.sessions, method, &request.headers);
    let rejection = match verification.resolve().await {
        Ok(Some(verified)) if demands.are_met_by(deps, &verified.user) => {
            match identity(&verified.user) {
                Ok(response) => return response,
                Err(error) => config.rejection(error, &request.headers),
            }
        }
        Ok(Some(_)) => Rejection::forbidden(),
        Ok(None) => Rejection::unauthenticated(),
        Err(error) => config.rejection(error, &request.headers),
    };
    if rejection.kind() == ErrorKind::CrossSite {
        deps.refusals.record(
            RefusedRequest::Session,
            rejection.error(),
            Some(request.client),
            None,
        );
    }
    tracing::debug!(target: "wecom_login", error = %rejection.error(), "a proxy's request was refused");
    let is_page = config
        .redirect(&rejection, forwarded.method(), &request.headers, "/")
        .is_some();
    if !is_page {
        return rejection.response();
    }
    let login = login_url(deps, &demands, &forwarded);
    if demands.on_401 {
        // nginx can make a redirect of it.
        return rejection.response().with_header("location", login);
    }
    rejection.with_location(login).response()
}

/// 200 with the seven headers, and the name of a machine. A machine is no user: those of a user are empty then.
fn identity(user: &CurrentUser) -> Result<Response<ResponseBody>> {
    let profile = user.profile();
    let name = profile.name.as_deref().unwrap_or_default();
    let name = utf8_percent_encode(name, NAME).to_string();
    let email = profile.email.as_deref().filter(|email| is_value(email));
    let machine = user.machine().map(|machine| machine.name());
    let machine = machine.map(|name| utf8_percent_encode(name, NAME).to_string());
    let of_user = |text| if machine.is_some() { "" } else { text };
    let headers = [
        ("remote-user", of_user(user.user_id())),
        ("remote-name", &*name),
        ("remote-email", email.unwrap_or_default()),
        ("remote-groups", user.corp_id().as_str()),
        ("x-wecom-corp-id", user.corp_id().as_str()),
        ("x-wecom-user-id", of_user(user.third_user_id().as_str())),
        ("x-wecom-suite-id", user.suite_id().as_str()),
        ("x-wecom-machine", machine.as_deref().unwrap_or_default()),
    ];
    let mut response = empty(200);
    for (name, value) in headers {
        // Left out it would let a client's own through, and changed it would be another user.
        if !is_value(value) {
            return Err(Error::new(
                ErrorKind::Internal,
                format!("the user's {name} cannot be the value of a header"),
            ));
        }
        response = response.with_header(name, value);
    }
    Ok(response)
}

/// Whether a text is a header's value as it stands.
fn is_value(text: &str) -> bool {
    text.trim() == text && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The login page as a URL: a proxy may take a path for one of its own address of ours.
fn login_url(deps: &HttpDeps, demands: &Demands, forwarded: &ForwardedRequest) -> String {
    let config = &deps.config;
    let return_to = forwarded.return_to(config);
    let mut query = Vec::new();
    query.extend(return_to.as_deref().map(|target| ("returnTo", target)));
    query.extend(demands.corp_id.as_ref().map(|id| ("corpId", id.as_str())));
    format!(
        "{}{}",
        config.public_url.origin(),
        config.path_with("/login", &query)
    )
}
