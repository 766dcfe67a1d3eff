//! The operator's API: JSON below `/admin/api`, one file for each subject.

use http::Response;
use serde::Serialize;

use crate::domain::{CorpId, Page, PageCursor, SuiteId};
use crate::error::Result;
use crate::services::AdminService;
use crate::web::admin::{AdminAction, AdminIdentity};
use crate::web::admin_routes;
use crate::web::http_service::HttpDeps;
use crate::web::request::RoutedRequest;
use crate::web::response::ResponseBody;
use crate::web::route::AdminRoute;

mod audit;
mod corps;
mod machines;
mod moving;
mod params;
mod people;
mod records;
mod runbooks;

/// A request of an administrator.
struct AdminRequest<'a> {
    deps: &'a HttpDeps,
    request: &'a RoutedRequest,
    administrator: AdminIdentity,
    /// Acts as the administrator.
    admin: AdminService,
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
    };
    match route {
        AdminRoute::Audit => audit::list(&asked).await,
        AdminRoute::Corps => corps::list(&asked).await,
        AdminRoute::Corp => corps::show(&asked).await,
        AdminRoute::CorpRead => corps::read(&asked).await,
        AdminRoute::CorpDecision => corps::decide(&asked).await,
        AdminRoute::CorpSessions => corps::end_sessions(&asked).await,
        AdminRoute::CorpAlias => corps::add_alias(&asked).await,
        AdminRoute::CorpSetCode => corps::set_code(&asked).await,
        AdminRoute::CorpCode => corps::delete_code(&asked).await,
        AdminRoute::Machines => machines::list(&asked).await,
        AdminRoute::Machine => machines::end(&asked).await,
        AdminRoute::Records => records::list(&asked).await,
        AdminRoute::Record => records::show(&asked).await,
        AdminRoute::RecordRetry => records::retry(&asked).await,
        AdminRoute::RecordRelease => records::release(&asked).await,
        AdminRoute::People => people::list(&asked).await,
        AdminRoute::Person if method == "DELETE" => people::erase(&asked).await,
        AdminRoute::Person => people::show(&asked).await,
        AdminRoute::PersonSessions => people::end_sessions(&asked).await,
        AdminRoute::Links => runbooks::create_link(&asked).await,
        AdminRoute::Doctor => runbooks::examine(&asked).await,
        AdminRoute::Export => moving::export(&asked).await,
        AdminRoute::Import => moving::import(&asked).await,
        AdminRoute::EndAllSessions => runbooks::end_all_sessions(&asked).await,
        AdminRoute::RotateKeys => runbooks::rotate_keys(&asked).await,
    }
}

impl AdminRequest<'_> {
    /// Whether they may do this.
    ///
    /// # Errors
    /// `FORBIDDEN`.
    fn authorize(&self, action: AdminAction, corp_id: Option<&CorpId>) -> Result<()> {
        self.administrator.authorize(action, corp_id)
    }

    /// The corp that is meant, if they may do this to it. Whoever may not is not told whether there is such a corp.
    ///
    /// # Errors
    /// `FORBIDDEN`, `CORP_NOT_FOUND`; `API_PARAMS_ERROR` if several suites have the corp and none is named.
    async fn authorize_corp(
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
