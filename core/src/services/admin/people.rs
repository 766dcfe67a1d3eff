//! People: listed, looked at, logged out, erased.

use serde::{Deserialize, Serialize};

use crate::domain::{CorpId, Page, PageCursor, Principal, SuiteId};
use crate::error::Result;
use crate::members::{PeopleFilter, PersonSummary};
use crate::services::admin::{AdminDeps, AdminService};
use crate::session::SessionSummary;

/// Which people are listed, or meant.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PeopleQuery {
    /// Only those of this suite.
    pub suite_id: Option<SuiteId>,
    /// Only those of this corp, by whichever of its ids.
    pub corp_id: Option<CorpId>,
    /// Only those whose user id this is, or whose userid of WeCom or name begins with it; within a corp, whose name contains
    /// it.
    pub text: Option<String>,
    /// The page after this cursor; the first one without it.
    pub after: Option<PageCursor>,
}

impl PeopleQuery {
    /// Everybody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the suite.
    #[must_use]
    pub fn with_suite_id(mut self, suite_id: SuiteId) -> Self {
        self.suite_id = Some(suite_id);
        self
    }

    /// Sets the corp.
    #[must_use]
    pub fn with_corp_id(mut self, corp_id: CorpId) -> Self {
        self.corp_id = Some(corp_id);
        self
    }

    /// Sets the text that is searched for.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Sets where the page begins.
    #[must_use]
    pub fn with_after(mut self, after: PageCursor) -> Self {
        self.after = Some(after);
        self
    }
}

/// A person: the members that one user of the host app is, and their live sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PersonDetails {
    /// The host app's user, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Who the person is in WeCom, once for each corp.
    pub members: Vec<PersonSummary>,
    /// The live sessions, the newest of each member first.
    pub sessions: Vec<SessionSummary>,
}

impl AdminService {
    /// A page of the people that the query asks for, by suite, corp and userid of WeCom.
    ///
    /// # Errors
    /// `CORP_NOT_FOUND`; `API_PARAMS_ERROR` if several suites have the corp and none is named, or the cursor is of another
    /// list. The database or the binder does not answer.
    pub async fn people(&self, query: &PeopleQuery, limit: u64) -> Result<Page<PersonSummary>> {
        let query = query.clone();
        self.run(|deps| async move {
            let filter = deps.people_filter(query).await?;
            deps.members.search(&filter, limit).await
        })
        .await
    }

    /// A person, by the id of the host app's user; where no user has it, by WeCom's userid. `scope` says of which corp or
    /// suite.
    ///
    /// # Errors
    /// `USER_NOT_FOUND`, `CORP_NOT_FOUND`; `API_PARAMS_ERROR` if the id is WeCom's and several members have it. The
    /// database or the binder does not answer.
    pub async fn person(&self, id: &str, scope: &PeopleQuery) -> Result<PersonDetails> {
        let (id, scope) = (id.to_owned(), scope.clone());
        self.run(|deps| async move {
            let filter = deps.people_filter(scope).await?;
            let members = deps.members.require_person(&filter, &id).await?;
            let mut sessions = Vec::new();
            for member in &members {
                for row in deps.sessions.list_by_member(&member.principal()).await? {
                    sessions.push(SessionSummary::of_row(row, None)?);
                }
            }
            let user_id = members.first().and_then(|member| member.user_id.clone());
            Ok(PersonDetails {
                user_id,
                members,
                sessions,
            })
        })
        .await
    }

    /// Ends every session of a member; a login of the member that is under way fails too.
    ///
    /// # Errors
    /// The database does not answer; the sessions go on.
    pub async fn revoke_member_sessions(&self, principal: &Principal) -> Result<()> {
        let (principal, actor) = (principal.clone(), self.actor());
        self.run(|deps| async move {
            let principal = deps.stored(&principal).await?;
            deps.members.revoke_sessions(&principal, &actor).await
        })
        .await
    }

    /// Erases a member: sessions, profile, other userids, login codes, and the binding, through
    /// [`UserBinder::unbind`](crate::UserBinder::unbind). Whoever logs in with this userid later is a new person. What the
    /// host app stores about its user is not touched.
    ///
    /// # Errors
    /// The database or the binder does not answer; a repetition erases what is left.
    pub async fn erase_member(&self, principal: &Principal) -> Result<()> {
        let (principal, actor) = (principal.clone(), self.actor());
        self.run(|deps| async move {
            let principal = deps.stored(&principal).await?;
            deps.members.erase(&principal, &actor).await
        })
        .await
    }
}

impl AdminDeps {
    /// The member by the ids that are stored.
    async fn stored(&self, principal: &Principal) -> Result<Principal> {
        let of_corp = self.authorizations.resolve_corp_of(principal).await?;
        self.members.resolve(&of_corp).await
    }

    async fn people_filter(&self, query: PeopleQuery) -> Result<PeopleFilter> {
        let suite_id = query.suite_id.as_ref();
        self.require_suite(suite_id)?;
        let corp = match &query.corp_id {
            Some(corp_id) => Some(self.authorizations.require_corp(suite_id, corp_id).await?),
            None => None,
        };
        let suites = match query.suite_id {
            Some(suite_id) => vec![suite_id],
            None => self.suites.ids(),
        };
        Ok(PeopleFilter {
            suites,
            corp,
            text: query.text,
            after: query.after,
        })
    }
}
