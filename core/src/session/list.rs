//! The sessions of a member, newest first, page by page.

use crate::domain::{Principal, TokenHash};
use crate::error::Result;
use crate::session::Sessions;
use crate::session::cursor::{SessionCursor, is_session_id};
use crate::session::rows::{self, SessionRow};

/// The rows that are read at a time where all are wanted.
const LIST_BATCH: u64 = 100;

impl Sessions {
    /// A page of the valid sessions of a member, newest first, and the cursor of the next page, if there is one.
    pub(crate) async fn page_of_member(
        &self,
        principal: &Principal,
        after: Option<SessionCursor>,
        limit: u64,
    ) -> Result<(Vec<SessionRow>, Option<SessionCursor>)> {
        let database = self.inner.store.database();
        let (mut page, mut after) = (Vec::new(), after);
        loop {
            // One more, which says whether there is a next page.
            let batch =
                rows::find_by_member(database, principal, after.as_ref(), limit + 1).await?;
            let is_last = (batch.len() as u64) <= limit;
            after = batch.last().map(SessionCursor::of);
            for row in batch {
                let Some(row) = self.if_valid(row) else {
                    continue;
                };
                if page.len() as u64 == limit {
                    let next = page.last().map(SessionCursor::of);
                    return Ok((page, next));
                }
                page.push(row);
            }
            if is_last {
                return Ok((page, None));
            }
        }
    }

    /// All valid sessions of a member, newest first.
    pub(crate) async fn list_by_member(&self, principal: &Principal) -> Result<Vec<SessionRow>> {
        let (mut all, mut next) = self.page_of_member(principal, None, LIST_BATCH).await?;
        while let Some(after) = next {
            let page = self
                .page_of_member(principal, Some(after), LIST_BATCH)
                .await?;
            all.extend(page.0);
            next = page.1;
        }
        Ok(all)
    }

    /// A valid session of a member by its id.
    pub(super) async fn find_of_member(
        &self,
        principal: &Principal,
        id: &str,
    ) -> Result<Option<SessionRow>> {
        // PostgreSQL takes no text with a NUL.
        if !is_session_id(id) {
            return Ok(None);
        }
        let row = rows::find_of_member(self.inner.store.database(), principal, id).await?;
        Ok(row.and_then(|row| self.if_valid(row)))
    }

    fn if_valid(&self, mut row: SessionRow) -> Option<SessionRow> {
        // The cached `last_seen_at` may be newer: the touch is written a moment later.
        let hash = TokenHash::try_from(row.token_hash.as_slice()).ok();
        if let Some(user) = hash.and_then(|hash| self.inner.cache.get(&hash)) {
            row.last_seen_at = row.last_seen_at.max(user.last_seen_at());
        }
        let now = self.inner.store.now();
        row.is_valid_and_not_idle(now, self.inner.config.idle_timeout)
            .then_some(row)
    }
}
