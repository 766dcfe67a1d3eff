//! The operator's console: pages below `/admin` that do in a browser what `/admin/api` does, by the same functions.
//!
//! 1. `identity` finds out who asks: by the console's own cookie, which the admin key gets (`login`), or by one's own
//!    session, where the host app's predicate says who may.
//! 2. `input` separates what belongs to a page (its language, its notice, the token of its form) from the parameters,
//!    which `admin_api` reads, checks and carries out.
//! 3. A POST needs a page of ours (`web::origin`) and the token of a form that was made for the same login (`form`). It
//!    ends in a 303, whose sealed `outcome` says what was done. What is dangerous has a page of its own, by GET, that says
//!    what will happen (`confirm`).
//!
//! There is no script on any page.

mod audit;
mod charts;
mod confirm;
mod corps;
mod form;
mod identity;
mod input;
mod links;
mod login;
mod messages;
mod overview;
mod people;
mod records;
mod request;
mod service;
mod shell;

use http::Response;

use crate::domain::PageCursor;
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::RefusedRequest;
use crate::web::admin::AdminIdentity;
use crate::web::admin_api::{AdminRequest, Input};
use crate::web::admin_routes::is_refusal_of_administrator;
use crate::web::browser::Language;
use crate::web::console::form::Outcome;
use crate::web::console::identity::Identity;
use crate::web::console::input::PageInput;
use crate::web::console::request::ConsoleRequest;
use crate::web::http_service::HttpDeps;
use crate::web::request::RoutedRequest;
use crate::web::response::ResponseBody;
use crate::web::route::{ConsoleRoute, Endpoint};

/// A request of an administrator, and the page that answers it.
struct Page<'a> {
    console: &'a ConsoleRequest<'a>,
    asked: AdminRequest<'a>,
    /// The key of the forms of this login.
    form_key: String,
    /// How far a list goes back.
    within: Option<String>,
    /// What a POST before this did.
    outcome: Option<Outcome>,
}

pub(super) async fn answer(deps: &HttpDeps, request: &RoutedRequest) -> Response<ResponseBody> {
    let Endpoint::Console(route) = request.endpoint else {
        return broken(deps, Language::from_headers(&request.headers));
    };
    let console = ConsoleRequest::new(deps, request, route);
    let answered = match console.other_language() {
        Some(response) => Ok(response),
        None => respond(&console).await,
    };
    answered.unwrap_or_else(|error| {
        if is_refusal_of_administrator(deps, &error) {
            let client = Some(request.client);
            deps.refusals
                .record(RefusedRequest::Admin, &error, client, None);
        }
        tracing::debug!(target: "wecom_login", %error, "a page of the console was refused");
        console.failed(&error)
    })
}

/// The page of a request whose handler panicked.
pub(super) fn broken(deps: &HttpDeps, language: Language) -> Response<ResponseBody> {
    let error = Error::new(ErrorKind::Internal, "the handler panicked");
    request::error_page(&deps.config, language, &error)
}

async fn respond(console: &ConsoleRequest<'_>) -> Result<Response<ResponseBody>> {
    let admin = &console.deps.config.admin;
    admin.require_on()?;
    let headers = &console.request.headers;
    let origins = &console.deps.config.origins;
    origins.require_same_origin(console.request.method.as_str(), headers)?;
    if console.route == ConsoleRoute::Login {
        return login::answer(console).await;
    }
    let Some(identity) = Identity::find(console).await? else {
        return login::required(console);
    };
    let Identity {
        administrator,
        form_key,
    } = identity;
    let input = PageInput::read(console)?;
    if console.is_post() {
        form::check_token(console, &form_key, input.form_token.as_deref())?;
    }
    if console.route == ConsoleRoute::Logout {
        return Ok(login::log_out(console));
    }
    let outcome = input.outcome.as_deref();
    let page = Page {
        console,
        outcome: outcome.and_then(|sealed| Outcome::open(&console.deps.keys, &form_key, sealed)),
        form_key,
        within: input.within,
        asked: AdminRequest {
            deps: console.deps,
            request: console.request,
            admin: console.deps.admin.with_actor(administrator.actor()),
            administrator,
            input: Input::Page {
                query: input.query,
                fields: input.fields,
            },
        },
    };
    let is_user = matches!(page.asked.administrator, AdminIdentity::User(..));
    match page.respond().await {
        Err(error) if is_user && error.kind() == ErrorKind::Forbidden && admin.key().is_some() => {
            // Whoever logged in with the key has a cookie that does not come along with a link of another site.
            if let Some(page) = login::click_first(console) {
                return Ok(page);
            }
            let client = Some(console.request.client);
            let refusals = &console.deps.refusals;
            refusals.record(RefusedRequest::Admin, &error, client, None);
            Ok(console.forbidden(&error, login::login_url(console)))
        }
        answered => answered,
    }
}

impl Page<'_> {
    async fn respond(&self) -> Result<Response<ResponseBody>> {
        use ConsoleRoute as Route;
        let is_post = self.console.is_post();
        match self.console.route {
            Route::Overview => overview::show(self).await,
            Route::Corps => corps::list(self).await,
            Route::Corp => corps::show(self).await,
            Route::CorpRead
            | Route::CorpDecision
            | Route::CorpSessions
            | Route::CorpAlias
            | Route::CorpSetCode
            | Route::CorpCode
                if is_post =>
            {
                corps::act(self).await
            }
            Route::CorpDecision => confirm::decision(self).await,
            Route::CorpSessions => confirm::corp_sessions(self).await,
            Route::CorpAlias => confirm::alias(self).await,
            Route::CorpCode => confirm::code(self).await,
            Route::People => people::list(self).await,
            Route::Person => people::show(self).await,
            Route::PersonSessions | Route::PersonErasure if is_post => people::act(self).await,
            Route::PersonSessions => confirm::person_sessions(self).await,
            Route::PersonErasure => confirm::erasure(self).await,
            Route::Records => records::list(self).await,
            Route::Record => records::show(self).await,
            Route::RecordRetry | Route::RecordRelease => records::act(self).await,
            Route::Links if is_post => links::create(self).await,
            Route::Links => links::show(self),
            Route::Audit => audit::list(self).await,
            Route::Service => service::show(self),
            Route::EndAllSessions | Route::RotateKeys if is_post => service::act(self).await,
            Route::EndAllSessions => confirm::all_sessions(self),
            Route::RotateKeys => confirm::rotation(self),
            Route::CorpRead | Route::CorpSetCode | Route::Login | Route::Logout => {
                Err(Error::new(ErrorKind::Internal, "a page has no answer"))
            }
        }
    }

    /// A parameter as it was asked for; empty if it was not.
    fn parameter(&self, name: &str) -> &str {
        self.asked_pairs()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    fn asked_pairs(&self) -> impl Iterator<Item = &(String, String)> {
        let pairs: &[(String, String)] = match &self.asked.input {
            Input::Page { query, .. } => query,
            Input::Json => &[],
        };
        pairs.iter()
    }

    /// The choices of how far a list goes back: word, name, and whether it is chosen.
    fn periods(&self) -> Vec<(&'static str, &'static str, bool)> {
        let chosen = self.within.as_deref();
        let period = |(word, zh, en)| {
            let name = self.console.language.choose(zh, en);
            (word, name, Some(word) == chosen)
        };
        [
            ("hour", "最近一小时", "Last hour"),
            ("day", "最近一天", "Last day"),
            ("week", "最近一周", "Last week"),
            ("month", "最近 30 天", "Last 30 days"),
        ]
        .map(period)
        .to_vec()
    }

    /// The URL of the page of a list that begins after this cursor.
    fn next_url(&self, path: &str, after: &PageCursor) -> String {
        let after = after.to_string();
        let asked = self.asked_pairs();
        let mut query: Vec<(&str, &str)> = asked
            .map(|(name, value)| (&**name, &**value))
            .filter(|(name, _)| *name != "after" && !(*name == "since" && self.within.is_some()))
            .collect();
        if let Some(within) = &self.within {
            query.push(("within", within));
        }
        query.push(("after", &after));
        self.console.url(path, &query)
    }

    /// A redirect to a page that says what was done.
    fn done(
        &self,
        path: &str,
        query: &[(&str, &str)],
        outcome: &Outcome,
    ) -> Result<Response<ResponseBody>> {
        let sealed = outcome.seal(&self.console.deps.keys, &self.form_key)?;
        let query = [query, &[("outcome", sealed.as_str())][..]].concat();
        Ok(self.console.redirect(&self.console.url(path, &query)))
    }
}
