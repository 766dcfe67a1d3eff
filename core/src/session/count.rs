//! How many live sessions corps and members have.

use sea_orm::sea_query::{Expr, ExprTrait as _, Query, SelectStatement};
use sea_orm::{ConnectionTrait as _, FromQueryResult};

use crate::domain::{CorpId, SuiteId, WecomUserId};
use crate::error::Result;
use crate::session::Sessions;
use crate::session::rows::equal;

#[derive(FromQueryResult)]
struct Count {
    suite_id: SuiteId,
    corp_id: CorpId,
    sessions: i64,
}

#[derive(FromQueryResult)]
struct MemberCount {
    suite_id: SuiteId,
    corp_id: CorpId,
    user_id: WecomUserId,
    sessions: i64,
}

impl Sessions {
    /// The live sessions of the people of these corps, for those that have some.
    pub(crate) async fn count_by_corp(
        &self,
        suites: Vec<SuiteId>,
        corps: Vec<CorpId>,
    ) -> Result<Vec<(SuiteId, CorpId, i64)>> {
        let mut select = self.select_live(suites, corps);
        for column in ["suite_id", "corp_id"] {
            let column = Expr::col(("wecom_session", column));
            select.expr(column.clone()).add_group_by([column]);
        }
        let database = self.inner.store.database();
        let statement = database.get_database_backend().build(&select);
        let counts = Count::find_by_statement(statement).all(database).await?;
        let counts = counts.into_iter();
        let counts = counts.map(|count| (count.suite_id, count.corp_id, count.sessions));
        Ok(counts.collect())
    }

    /// The live sessions of these members, for those that have some.
    pub(crate) async fn count_by_member(
        &self,
        suites: Vec<SuiteId>,
        corps: Vec<CorpId>,
        members: Vec<WecomUserId>,
    ) -> Result<Vec<(SuiteId, CorpId, WecomUserId, i64)>> {
        let mut select = self.select_live(suites, corps);
        select.and_where(Expr::col(("wecom_session", "user_id")).is_in(members));
        for column in ["suite_id", "corp_id", "user_id"] {
            let column = Expr::col(("wecom_session", column));
            select.expr(column.clone()).add_group_by([column]);
        }
        let database = self.inner.store.database();
        let statement = database.get_database_backend().build(&select);
        let counts = MemberCount::find_by_statement(statement)
            .all(database)
            .await?;
        let counts = counts.into_iter();
        let counts =
            counts.map(|count| (count.suite_id, count.corp_id, count.user_id, count.sessions));
        Ok(counts.collect())
    }

    /// Counts the sessions that are not expired, not idle, and of current epochs.
    fn select_live(&self, suites: Vec<SuiteId>, corps: Vec<CorpId>) -> SelectStatement {
        let now = self.inner.store.now();
        let session = |column: &'static str| Expr::col(("wecom_session", column));
        let equal_to_session = |table, column| equal(table, "wecom_session", column);
        let mut select = Query::select();
        select
            .expr_as(Expr::col(("wecom_session", "id")).count(), "sessions")
            .from("wecom_session")
            .inner_join(
                "wecom_person",
                equal_to_session("wecom_person", "suite_id")
                    .and(equal_to_session("wecom_person", "corp_id"))
                    .and(equal_to_session("wecom_person", "user_id"))
                    .and(session("person_epoch").eq(Expr::col(("wecom_person", "epoch")))),
            )
            .inner_join(
                "wecom_authorization",
                equal_to_session("wecom_authorization", "suite_id")
                    .and(equal_to_session("wecom_authorization", "corp_id"))
                    .and(
                        session("authorization_epoch")
                            .eq(Expr::col(("wecom_authorization", "epoch"))),
                    ),
            )
            .and_where(session("suite_id").is_in(suites))
            .and_where(session("corp_id").is_in(corps))
            .and_where(session("expires_at").gt(now))
            .and_where(session("last_seen_at").gt(now - self.inner.config.idle_timeout));
        select
    }
}
