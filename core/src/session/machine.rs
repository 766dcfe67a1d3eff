//! Sessions of machines: issued, listed, counted, revoked.
//!
//! A machine has a row among the sessions, with the epoch of its corp's authorization and none of a person: the columns of the
//! person hold `machine:` and the session's id, which is the id of no member, as WeCom's have no colon. It has no idle
//! timeout, and an absolute one only where it was given one.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};
use std::sync::{Arc, OnceLock};

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, FromQueryResult, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use serde::Serialize;

use crate::audit::{Actor, AuditAction, NewAuditEntry};
use crate::clock::Timestamp;
use crate::db::entity::session::{Column, Entity, Model};
use crate::db::{CorpColumns as _, id_starts_with, retry_transaction};
use crate::domain::{
    CorpId, InvalidPageCursor, LoginType, Machine, Page, PageCursor, Platform, Principal, Profile,
    SuiteId, TokenHash, WecomUserId,
};
use crate::error::{Error, ErrorKind, Result};
use crate::random;
use crate::session::current_user::CachedSession;
use crate::session::cursor::is_session_id;
use crate::session::rows::{self, Insertion};
use crate::session::{CurrentUser, IssuedSession, Sessions, StoredAttributes, TokenSeed, token};

/// What the ids of machines begin with, where people have theirs.
const MACHINE_ID_PREFIX: &str = "machine:";
/// The absolute timeout of a machine that was given none: the end of the year 9999.
pub(super) const NEVER: Timestamp = Timestamp::from_millis(253_402_300_799_000);

/// A session for a program of the host app or of a customer, to be issued by
/// [`SessionService::issue_machine_session`](crate::SessionService::issue_machine_session).
///
/// ```
/// use wecom_login::{CorpId, MachineSessionRequest, SuiteId};
///
/// let (suite_id, corp_id) = (SuiteId::new("dk1234567890abcdef")?, CorpId::new("ww1234567890abcdef")?);
/// let request = MachineSessionRequest::new(suite_id, corp_id, "nightly export").with_scopes(["orders:read"]);
/// # Ok::<(), wecom_login::InvalidId>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MachineSessionRequest {
    /// The suite.
    pub suite_id: SuiteId,
    /// The corp that it acts for, by whichever of its ids.
    pub corp_id: CorpId,
    /// What it is called in lists: 1 to 64 characters.
    pub name: String,
    /// What it may do, in the words of the host app: each a scope-token of RFC 6749, 3.3.
    pub scopes: Vec<String>,
    /// When it ends at the latest; `None` for no such end.
    pub expires_at: Option<Timestamp>,
}

impl MachineSessionRequest {
    /// A machine of a corp, without scopes and without an end.
    #[must_use]
    pub fn new(suite_id: SuiteId, corp_id: CorpId, name: impl Into<String>) -> Self {
        Self {
            suite_id,
            corp_id,
            name: name.into(),
            scopes: Vec::new(),
            expires_at: None,
        }
    }

    /// Sets what it may do.
    #[must_use]
    pub fn with_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets when it ends at the latest.
    #[must_use]
    pub const fn with_expires_at(mut self, at: Timestamp) -> Self {
        self.expires_at = Some(at);
        self
    }
}

/// The session of one machine, as it is on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MachineSummary {
    /// Names the session; it is no credential.
    pub id: String,
    /// The suite.
    pub suite_id: SuiteId,
    /// The company that it acts for.
    pub corp_id: CorpId,
    /// Its name and its scopes.
    #[serde(flatten)]
    pub machine: Machine,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it was last used, to within 1/96 of the idle timeout of people.
    pub last_seen_at: Timestamp,
    /// When it ends at the latest; none if it has no such end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl MachineSummary {
    /// The machine of the session that asks.
    pub(crate) fn of_current(user: &CurrentUser, machine: &Machine) -> Self {
        Self {
            id: user.session_id().to_owned(),
            suite_id: user.suite_id().clone(),
            corp_id: user.corp_id().clone(),
            machine: machine.clone(),
            created_at: user.created_at(),
            last_seen_at: user.last_seen_at(),
            expires_at: end_of(user.expires_at()),
        }
    }

    fn of_row(row: Model) -> Option<Self> {
        Some(Self {
            machine: Machine::of_stored(row.machine_name?, row.machine_scopes.as_deref()),
            id: row.id,
            suite_id: row.suite_id,
            corp_id: row.corp_id,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            expires_at: end_of(row.expires_at),
        })
    }
}

fn end_of(expires_at: Timestamp) -> Option<Timestamp> {
    Some(expires_at).filter(|at| *at < NEVER)
}

/// A machine's session to be issued, for a corp that is authorized.
pub(crate) struct NewMachineSession {
    pub(crate) suite_id: SuiteId,
    pub(crate) corp_id: CorpId,
    pub(crate) machine: Machine,
    pub(crate) expires_at: Option<Timestamp>,
    /// The instance that serves the corp.
    pub(crate) instance: String,
    pub(crate) authorization_epoch: i64,
    /// [`Sessions::revocation_seq`] when the authorization was read.
    pub(crate) revocation_seq: u64,
}

#[derive(FromQueryResult)]
struct Count {
    suite_id: SuiteId,
    corp_id: CorpId,
    machines: i64,
}

impl Sessions {
    /// Whether this is a machine's, and no member of a corp.
    pub(crate) fn is_machine(principal: &Principal) -> bool {
        principal
            .third_user_id
            .as_str()
            .starts_with(MACHINE_ID_PREFIX)
    }

    /// Issues the session of a machine, unless the corp's epoch advanced meanwhile.
    ///
    /// # Errors
    /// `API_PARAMS_ERROR`: it would have ended already. `CORP_NOT_AUTHORIZED`: the corp cancelled, or its sessions were
    /// revoked.
    pub(crate) async fn issue_machine(&self, new: NewMachineSession) -> Result<IssuedSession> {
        let now = self.inner.store.now();
        if new.expires_at.is_some_and(|at| at <= now) {
            return Err(Error::new(
                ErrorKind::ApiParams,
                "the session of a machine must not end before it begins",
            ));
        }
        let token = self.inner.signer.issue(&TokenSeed::random());
        let id = random::hex::<16>();
        let user_id = format!("{MACHINE_ID_PREFIX}{id}");
        let third_user_id = WecomUserId::new(&user_id)
            .map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
        let entry = NewAuditEntry::new(Actor::App, AuditAction::MachineIssued)
            .of_corp(&new.suite_id, &new.corp_id)
            .with_detail(new.machine.name());
        let principal =
            self.intern_principal(Principal::new(new.suite_id, new.corp_id, third_user_id));
        // The binder says nothing of machines.
        let attributes = self
            .inner
            .attributes
            .track(&principal, StoredAttributes::default());
        let epoch = new.authorization_epoch;
        let session = CachedSession {
            id: id.into(),
            token_hash: token::hash(token.expose().as_bytes()),
            member_epoch: self.member_epoch(&principal, epoch, 0, 0),
            authorization_epoch: self.authorization_epoch(&principal, epoch, epoch),
            principal,
            user_id: user_id.into(),
            instance: self.inner.instances.intern(new.instance.into()),
            platform: Platform::default(),
            login_type: LoginType::default(),
            profile: Profile::default(),
            attributes,
            machine: Some(Box::new(new.machine)),
            created_at: now,
            expires_at: Ord::min(new.expires_at.unwrap_or(NEVER), NEVER),
            revoked: AtomicBool::new(false),
            last_seen_at: AtomicI64::new(now.as_millis()),
            visible_at: AtomicI64::new(NEVER.as_millis()),
            revocation_seq: AtomicU64::new(new.revocation_seq),
            sessions: Arc::downgrade(&self.inner),
            changes: OnceLock::new(),
        };
        match retry_transaction(|| self.insert(&session, (0, epoch), &entry)).await? {
            // It exists where the answer to its insertion was lost: the token is nobody else's.
            Insertion::Inserted | Insertion::Exists => {}
            Insertion::EpochsAdvanced => {
                return Err(Error::new(
                    ErrorKind::CorpNotAuthorized,
                    "the corp cancelled, or its sessions ended, meanwhile",
                ));
            }
        }
        let user = CurrentUser::new(session);
        self.cache(&user, new.revocation_seq);
        Ok(IssuedSession { token, user })
    }

    /// The live sessions of a corp's machines, newest first.
    pub(crate) async fn machines_of_corp(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        limit: u64,
        after: Option<&PageCursor>,
    ) -> Result<Page<MachineSummary>> {
        let mut found = Entity::find()
            .filter(Entity::of_corp(suite_id, corp_id))
            .filter(self.is_live_machine());
        if let Some(after) = after {
            let [created_at, id] = after.parts()?;
            let created_at = created_at.parse().map_err(|_| InvalidPageCursor)?;
            let created_at = Timestamp::from_millis(created_at);
            if !is_session_id(id) {
                return Err(InvalidPageCursor.into());
            }
            let older = Condition::any().add(Column::CreatedAt.lt(created_at)).add(
                Condition::all()
                    .add(Column::CreatedAt.eq(created_at))
                    .add(Column::Id.lt(id)),
            );
            found = found.filter(older);
        }
        let rows = found
            .order_by_desc(Column::CreatedAt)
            .order_by_desc(Column::Id)
            .limit(limit + 1)
            .all(self.inner.store.database())
            .await?;
        let mut page = Page::of_query(rows, limit, |row: &Model| {
            PageCursor::after(&[&row.created_at.as_millis().to_string(), &row.id])
        });
        let machines = std::mem::take(&mut page.items)
            .into_iter()
            .filter_map(|row| {
                let hash = TokenHash::try_from(row.token_hash.as_slice()).ok();
                let mut machine = MachineSummary::of_row(row)?;
                // What the cache knows of its use may be newer.
                if let Some(user) = hash.and_then(|hash| self.inner.cache.get(&hash)) {
                    machine.last_seen_at = Ord::max(machine.last_seen_at, user.last_seen_at());
                }
                Some(machine)
            });
        let machines = machines.collect();
        Ok(page.with_items(machines))
    }

    /// The suite and the corp of a machine's live session.
    pub(crate) async fn corp_of_machine(&self, id: &str) -> Result<Option<(SuiteId, CorpId)>> {
        let row = self.find_machine(id).await?;
        Ok(row.map(|row| (row.suite_id, row.corp_id)))
    }

    /// Revokes the session of a machine.
    ///
    /// # Errors
    /// `SESSION_NOT_FOUND`: no machine of this corp has it.
    pub(crate) async fn revoke_machine(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        id: &str,
        actor: Actor,
    ) -> Result<()> {
        let not_found = || {
            Error::new(
                ErrorKind::SessionNotFound,
                "no machine of this corp has this session",
            )
        };
        let row = self.find_machine(id).await?;
        let row = row
            .filter(|row| row.suite_id == *suite_id && row.corp_id == *corp_id)
            .ok_or_else(not_found)?;
        let token_hash = TokenHash::try_from(row.token_hash.as_slice()).map_err(|_| not_found())?;
        let entry = NewAuditEntry::new(actor, AuditAction::MachineEnded)
            .of_corp(suite_id, corp_id)
            .with_detail(row.machine_name.unwrap_or_default());
        self.revoke_rows(&[(row.id, token_hash)], &entry).await
    }

    /// The live machines of these corps, for those that have some.
    pub(crate) async fn count_machines_by_corp(
        &self,
        suites: Vec<SuiteId>,
        corps: Vec<CorpId>,
    ) -> Result<Vec<(SuiteId, CorpId, i64)>> {
        let database = self.inner.store.database();
        let counts = Entity::find()
            .select_only()
            .column(Column::SuiteId)
            .column(Column::CorpId)
            .column_as(Column::Id.count(), "machines")
            .filter(Column::SuiteId.is_in(suites))
            .filter(Column::CorpId.is_in(corps))
            .filter(self.is_live_machine())
            .group_by(Column::SuiteId)
            .group_by(Column::CorpId)
            .into_model::<Count>()
            .all(database)
            .await?;
        let counts = counts.into_iter();
        Ok(counts
            .map(|count| (count.suite_id, count.corp_id, count.machines))
            .collect())
    }

    async fn find_machine(&self, id: &str) -> Result<Option<Model>> {
        if !is_session_id(id) {
            return Ok(None);
        }
        let found = Entity::find_by_id(id.to_owned()).filter(self.is_live_machine());
        Ok(found.one(self.inner.store.database()).await?)
    }

    /// Matches the machines that have not ended. With a corp, the first part can be answered from the index of a member's
    /// sessions.
    fn is_live_machine(&self) -> Condition {
        id_starts_with(Column::ThirdUserId, MACHINE_ID_PREFIX)
            .add(Column::MachineName.is_not_null())
            .add(Column::ExpiresAt.gt(self.inner.store.now()))
            .add(Expr::exists(rows::current_authorization()))
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use std::time::Duration;

    use sea_orm::EntityTrait as _;
    use tokio::sync::mpsc;

    use super::*;
    use crate::clock::ManualClock;
    use crate::db::entity::authorization;
    use crate::db::{Pool, Store};
    use crate::session::fixture::insert_member;
    use crate::session::{BackgroundTask, SessionConfig, delete_expired};
    use crate::vault::{DataKey, KeyRing};

    #[tokio::test]
    async fn neither_idleness_nor_housekeeping_nor_visibility_ends_a_machine() {
        let database = Pool::connect("sqlite::memory:").await.unwrap();
        let clock = ManualClock::starting_now();
        let store = Store::open(database, Arc::new(clock.clone()), true)
            .await
            .unwrap();
        let member = Principal::new(
            SuiteId::new("dk1").unwrap(),
            CorpId::new("ww1").unwrap(),
            WecomUserId::new("zhangsan").unwrap(),
        );
        insert_member(&store, &member).await;
        let keys = KeyRing::new(vec![DataKey::new([7; 32])]).unwrap();
        let (sender, mut background_tasks) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Handle::current();
        let node = || {
            let config = SessionConfig::default();
            Sessions::new(
                store.clone(),
                &keys,
                config,
                sender.clone(),
                runtime.clone(),
            )
        };
        let sessions = node();
        // More than a person has.
        let mut hashes = Vec::new();
        for _ in 0..110 {
            let new = NewMachineSession {
                suite_id: member.suite_id.clone(),
                corp_id: member.corp_id.clone(),
                machine: Machine::new("export", &["a".to_owned()]).unwrap(),
                expires_at: None,
                instance: String::new(),
                authorization_epoch: 0,
                revocation_seq: 0,
            };
            let issued = sessions.issue_machine(new).await.unwrap();
            hashes.push(issued.user.session.token_hash);
        }
        clock.advance(Duration::from_hours(1_000 * 24));
        let clean = async || {
            let now = store.now();
            let idle_since = now - Duration::from_hours(48);
            delete_expired(&store, now, idle_since).await.unwrap();
            Entity::find().all(store.database()).await.unwrap().len()
        };
        assert_eq!(clean().await, 110);
        let second = node();
        for (sessions, hash) in [(&sessions, hashes[0]), (&second, hashes[1])] {
            let user = match sessions.get_fresh(&hash) {
                Some(user) => user,
                None => sessions.load(hash).await.unwrap(),
            };
            assert!(user.machine().unwrap().has_scope("a"));
            assert!(user.is_live());
        }
        while let Ok(task) = background_tasks.try_recv() {
            assert!(matches!(task, BackgroundTask::Touch(_)), "{task:?}");
        }

        authorization::Entity::update_many()
            .col_expr(authorization::Column::Epoch, Expr::value(1))
            .exec(store.database())
            .await
            .unwrap();
        assert!(node().load(hashes[2]).await.is_err());
        clock.advance(Duration::from_hours(100));
        assert_eq!(clean().await, 0);
    }
}
