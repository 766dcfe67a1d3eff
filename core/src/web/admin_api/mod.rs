//! The operator's API: JSON below `/admin/api`, one file for each subject.
//!
//! Of each request there are two functions. The inner one reads the parameters, checks who may, and does it: the pages of
//! `console` call it too, with the parameters of a page in place of the query and a form in place of the JSON. The outer
//! one writes the answer.

use http::Response;
use serde::Serialize;
use serde_json::Value;

use crate::domain::{CorpId, Page, PageCursor, SuiteId};
use crate::error::Result;
use crate::services::AdminService;
use crate::web::admin::{AdminAction, AdminIdentity};
use crate::web::admin_routes;
use crate::web::http_service::HttpDeps;
use crate::web::json::Fields;
use crate::web::query::RouteQuery;
use crate::web::request::RoutedRequest;
use crate::web::response::{ResponseBody, empty};
use crate::web::route::AdminRoute;

pub(super) mod audit;
pub(super) mod corps;
mod machines;
mod moving;
mod params;
pub(super) mod people;
pub(super) mod records;
pub(super) mod runbooks;

/// A request of an administrator.
pub(super) struct AdminRequest<'a> {
    pub(super) deps: &'a HttpDeps,
    pub(super) request: &'a RoutedRequest,
    pub(super) administrator: AdminIdentity,
    /// Acts as the administrator.
    pub(super) admin: AdminService,
    pub(super) input: Input,
}

/// Where the parameters of a request are, apart from its path.
pub(super) enum Input {
    /// In the query, and in a JSON body.
    Json,
    /// In a page's query and form, of which what belongs to the page itself is taken out.
    Page {
        query: Vec<(String, String)>,
        fields: Vec<(String, Value)>,
    },
}

/// A page on the wire: its items under the name of the list, and the cursor of the next page.
#[derive(Serialize)]
struct PageBody<T> {
    #[serde(flatten)]
    items: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<PageCursor>,
}

pub(super) async fn answer(
    deps: &HttpDeps,
    request: &RoutedRequest,
    route: AdminRoute,
) -> Result<Response<ResponseBody>> {
    let method = request.method.as_str();
    let administrator = admin_routes::authenticate(deps, request).await?;
    let asked = AdminRequest {
        deps,
        request,
        admin: deps.admin.with_actor(administrator.actor()),
        administrator,
        input: Input::Json,
    };
    match route {
        AdminRoute::Audit => audit::list(&asked).await,
        AdminRoute::Corps => corps::list(&asked).await,
        AdminRoute::Corp => corps::show(&asked).await,
        AdminRoute::CorpRead => done(corps::read(&asked).await),
        AdminRoute::CorpDecision => done(corps::decide(&asked).await),
        AdminRoute::CorpSessions => done(corps::end_sessions(&asked).await),
        AdminRoute::CorpAlias => done(corps::add_alias(&asked).await),
        AdminRoute::CorpSetCode => done(corps::set_code(&asked).await),
        AdminRoute::CorpCode => done(corps::delete_code(&asked).await),
        AdminRoute::Machines => machines::list(&asked).await,
        AdminRoute::Machine => machines::end(&asked).await,
        AdminRoute::Records => records::list(&asked).await,
        AdminRoute::Record => records::show(&asked).await,
        AdminRoute::RecordRetry => done(records::retry(&asked).await),
        AdminRoute::RecordRelease => done(records::release(&asked).await),
        AdminRoute::People => people::list(&asked).await,
        AdminRoute::Person if method == "DELETE" => done(people::erase(&asked).await),
        AdminRoute::Person => people::show(&asked).await,
        AdminRoute::PersonSessions => done(people::end_sessions(&asked).await),
        AdminRoute::Links => runbooks::create_link(&asked).await,
        AdminRoute::Doctor => runbooks::examine(&asked).await,
        AdminRoute::Export => moving::export(&asked).await,
        AdminRoute::Import => moving::import(&asked).await,
        AdminRoute::EndAllSessions => done(runbooks::end_all_sessions(&asked).await),
        AdminRoute::RotateKeys => runbooks::rotate_keys(&asked).await,
    }
}

/// The answer to what returns nothing.
fn done(result: Result<()>) -> Result<Response<ResponseBody>> {
    result.map(|()| empty(204))
}

impl AdminRequest<'_> {
    /// The query.
    ///
    /// # Errors
    /// `API_PARAMS_ERROR`: a parameter comes twice.
    pub(super) fn query(&self) -> Result<RouteQuery<'_>> {
        match &self.input {
            Input::Json => RouteQuery::new(&self.request.query),
            Input::Page { query, .. } => RouteQuery::of_pairs(query),
        }
    }

    /// The fields of the body; none of an empty one.
    ///
    /// # Errors
    /// `BODY_TOO_LARGE`; `BODY_TIMEOUT`; `API_PARAMS_ERROR`.
    pub(super) fn fields(&self) -> Result<Fields> {
        match &self.input {
            Input::Json => {
                let body = self.request.body()?;
                Fields::new(if body.is_empty() { b"{}" } else { body })
            }
            Input::Page { fields, .. } => Ok(Fields::of_form(fields.clone())),
        }
    }

    /// Whether they may do this.
    ///
    /// # Errors
    /// `FORBIDDEN`.
    pub(super) fn authorize(&self, action: AdminAction, corp_id: Option<&CorpId>) -> Result<()> {
        self.administrator.authorize(action, corp_id)
    }

    /// The corp that is meant, if they may do this to it. Whoever may not is not told whether there is such a corp.
    ///
    /// # Errors
    /// `FORBIDDEN`, `CORP_NOT_FOUND`; `API_PARAMS_ERROR` if several suites have the corp and none is named.
    pub(super) async fn authorize_corp(
        &self,
        action: AdminAction,
        suite_id: Option<&SuiteId>,
        corp_id: &CorpId,
    ) -> Result<(SuiteId, CorpId)> {
        let resolved = self.admin.resolve_corp(suite_id, corp_id).await;
        // The predicate compares the corp with that of a session, which has the id that is stored.
        let stored = resolved.as_ref().map_or(corp_id, |(_, stored)| stored);
        self.authorize(action, Some(stored))?;
        resolved
    }
}

impl<T> PageBody<T> {
    fn new<I>(page: Page<I>, wrap: impl FnOnce(Vec<I>) -> T) -> Self {
        Self {
            items: wrap(page.items),
            next: page.next,
        }
    }
}
