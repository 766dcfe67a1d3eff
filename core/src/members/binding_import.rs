//! The import of bindings, many at a time.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, Condition, EntityTrait as _, QueryFilter as _};

use crate::audit::{self, Actor, AuditAction, NewAuditEntry};
use crate::db::entity::{member, member_alias, user};
use crate::db::{Transaction, is_unique_violation, retry_transaction};
use crate::domain::{CorpId, Principal, Profile, SuiteId, WecomUserId};
use crate::error::{Error, ErrorKind, Result};
use crate::members::{DefaultUserBinder, Members};

/// How often bindings are stored anew because somebody logged in for the first time meanwhile.
const MAX_ROUNDS: usize = 5;

/// A member and the user of the host app, as they are brought along.
#[derive(Clone, Debug)]
pub(crate) struct ImportedBinding {
    /// By the ids that are stored, or are to be.
    pub(crate) principal: Principal,
    pub(crate) user_id: String,
    /// Other userids of the member.
    pub(crate) aliases: Vec<WecomUserId>,
    /// The encrypted userid that the member is to be moved to.
    pub(crate) encrypted_user_id: Option<WecomUserId>,
}

/// What an import does about a binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BindingChange {
    /// Nothing: it is stored.
    None,
    /// It is new.
    Added,
    /// It is stored, and an id of the member is new.
    IdsAdded,
    /// The member is bound to another user, or was known and not bound: the sessions end.
    Replaced,
}

impl ImportedBinding {
    /// The other userids, and whether the member is to be moved to them.
    pub(crate) fn other_ids(&self) -> impl Iterator<Item = (&WecomUserId, bool)> {
        let known = self.aliases.iter().map(|alias| (alias, false));
        known.chain(self.encrypted_user_id.iter().map(|alias| (alias, true)))
    }
}

impl Members {
    /// The userids that these are known by: of each the one that its member is stored under. Those of unknown members are
    /// left out.
    ///
    /// # Errors
    /// The database does not answer.
    pub(crate) async fn stored_ids(
        &self,
        principals: &[Principal],
    ) -> Result<HashMap<Principal, WecomUserId>> {
        let database = self.inner.store.database();
        let mut stored = HashMap::new();
        if principals.is_empty() {
            return Ok(stored);
        }
        use member_alias::Column as Alias;
        let columns = (Alias::SuiteId, Alias::CorpId, Alias::Alias);
        let aliases = member_alias::Entity::find()
            .filter(any_of(columns, principals))
            .all(database)
            .await?;
        for row in aliases {
            let named = Principal::new(row.suite_id, row.corp_id, row.alias);
            stored.insert(named, row.third_user_id);
        }
        use member::Column as Of;
        let members = member::Entity::find()
            .filter(any_of(
                (Of::SuiteId, Of::CorpId, Of::ThirdUserId),
                principals,
            ))
            .all(database)
            .await?;
        for row in members {
            let id = row.third_user_id.clone();
            stored.insert(
                Principal::new(row.suite_id, row.corp_id, row.third_user_id),
                id,
            );
        }
        Ok(stored)
    }

    /// What the import of each of these bindings would do, or does unless `dry_run`. No two are of one member.
    ///
    /// # Errors
    /// The database does not answer. Of a batch nothing is stored then, but sessions may have ended.
    pub(crate) async fn import_bindings(
        &self,
        binder: &DefaultUserBinder,
        bindings: &[ImportedBinding],
        actor: &Actor,
        dry_run: bool,
    ) -> Result<Vec<BindingChange>> {
        let mut changes = self.binding_changes(bindings).await?;
        if dry_run {
            return Ok(changes);
        }
        let mut rounds = 0;
        loop {
            let added = with_change(bindings, &changes, BindingChange::Added);
            if added.is_empty() || retry_transaction(|| self.add_bindings(&added, actor)).await? {
                break;
            }
            rounds += 1;
            if rounds == MAX_ROUNDS {
                return Err(Error::new(
                    ErrorKind::StoreUnavailable,
                    "the bindings change while they are imported",
                ));
            }
            // Somebody logged in for the first time meanwhile.
            changes = self.binding_changes(bindings).await?;
        }
        for (binding, change) in bindings.iter().zip(&changes) {
            if *change == BindingChange::Replaced {
                let entry = NewAuditEntry::new(actor.clone(), AuditAction::UserBound);
                let entry = entry.of_member(&binding.principal).with_detail("import");
                let now = self.inner.store.now();
                audit::append(self.inner.store.database(), &entry, now).await?;
                binder.set(&binding.principal, &binding.user_id).await?;
                self.revoke_sessions(&binding.principal, actor).await?;
            }
        }
        let mut of_replaced = with_change(bindings, &changes, BindingChange::Replaced);
        of_replaced.retain(|binding| binding.other_ids().next().is_some());
        let of_known = with_change(bindings, &changes, BindingChange::IdsAdded);
        retry_transaction(|| self.add_aliases(&of_replaced, &of_known, actor)).await?;
        Ok(changes)
    }

    async fn binding_changes(&self, bindings: &[ImportedBinding]) -> Result<Vec<BindingChange>> {
        let database = self.inner.store.database();
        let principals: Vec<Principal> = bindings
            .iter()
            .map(|binding| binding.principal.clone())
            .collect();
        if principals.is_empty() {
            return Ok(Vec::new());
        }
        use user::Column as Of;
        let bound: HashMap<Principal, String> = user::Entity::find()
            .filter(any_of(
                (Of::SuiteId, Of::CorpId, Of::ThirdUserId),
                &principals,
            ))
            .all(database)
            .await?
            .into_iter()
            .map(|row| {
                let principal = Principal::new(row.suite_id, row.corp_id, row.third_user_id);
                (principal, row.user_id)
            })
            .collect();
        use member::Column as Known;
        let known: HashSet<Principal> = member::Entity::find()
            .filter(any_of(
                (Known::SuiteId, Known::CorpId, Known::ThirdUserId),
                &principals,
            ))
            .all(database)
            .await?
            .into_iter()
            .map(|row| Principal::new(row.suite_id, row.corp_id, row.third_user_id))
            .collect();
        let others: Vec<Principal> = bindings
            .iter()
            .flat_map(|binding| {
                binding
                    .other_ids()
                    .map(|(alias, _)| with_id(&binding.principal, alias))
            })
            .collect();
        let aliases = if others.is_empty() {
            HashMap::new()
        } else {
            use member_alias::Column as Alias;
            let columns = (Alias::SuiteId, Alias::CorpId, Alias::Alias);
            let rows = member_alias::Entity::find()
                .filter(any_of(columns, &others))
                .all(database)
                .await?;
            rows.into_iter()
                .map(|row| {
                    let alias = Principal::new(row.suite_id, row.corp_id, row.alias);
                    (alias, row.third_user_id)
                })
                .collect()
        };
        let change = |binding: &ImportedBinding| {
            let principal = &binding.principal;
            match bound.get(principal) {
                Some(user_id) if *user_id == binding.user_id => {
                    let has_all = binding.other_ids().all(|(alias, _)| {
                        *alias == principal.third_user_id
                            || aliases.get(&with_id(principal, alias))
                                == Some(&principal.third_user_id)
                    });
                    if has_all {
                        BindingChange::None
                    } else {
                        BindingChange::IdsAdded
                    }
                }
                Some(_) => BindingChange::Replaced,
                None if known.contains(principal) => BindingChange::Replaced,
                None => BindingChange::Added,
            }
        };
        Ok(bindings.iter().map(change).collect())
    }

    /// Stores new bindings with their members and what the audit says of them. Returns `false`, and stores nothing, if one of
    /// them is not new.
    async fn add_bindings(&self, bindings: &[&ImportedBinding], actor: &Actor) -> Result<bool> {
        let now = self.inner.store.now();
        let transaction = self.inner.store.begin().await?;
        let users = bindings.iter().map(|binding| user::ActiveModel {
            suite_id: Set(binding.principal.suite_id.clone()),
            corp_id: Set(binding.principal.corp_id.clone()),
            third_user_id: Set(binding.principal.third_user_id.clone()),
            user_id: Set(binding.user_id.clone()),
            created_at: Set(now),
        });
        let inserted = user::Entity::insert_many(users)
            .exec_without_returning(&transaction)
            .await;
        match inserted {
            Ok(_) => {}
            Err(error) if is_unique_violation(&error) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        let members = bindings
            .iter()
            .map(|binding| self.new_row(&binding.principal, &Profile::default()));
        let keep = OnConflict::columns([
            member::Column::SuiteId,
            member::Column::CorpId,
            member::Column::ThirdUserId,
        ])
        .value(
            member::Column::Epoch,
            Expr::col((member::Entity, member::Column::Epoch)),
        )
        .to_owned();
        member::Entity::insert_many(members)
            .on_conflict(keep)
            .exec_without_returning(&transaction)
            .await?;
        self.write_aliases(&transaction, bindings).await?;
        self.audit_bound(&transaction, bindings, actor, "import")
            .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Stores the other ids of members whose binding was replaced, which the audit tells of, and of those that stay bound
    /// as they are.
    async fn add_aliases(
        &self,
        of_replaced: &[&ImportedBinding],
        of_known: &[&ImportedBinding],
        actor: &Actor,
    ) -> Result<()> {
        if of_replaced.is_empty() && of_known.is_empty() {
            return Ok(());
        }
        let transaction = self.inner.store.begin().await?;
        let bindings = [of_replaced, of_known].concat();
        self.write_aliases(&transaction, &bindings).await?;
        self.audit_bound(&transaction, of_known, actor, "import of ids")
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// One entry for each corp.
    async fn audit_bound(
        &self,
        transaction: &Transaction,
        bindings: &[&ImportedBinding],
        actor: &Actor,
        detail: &str,
    ) -> Result<()> {
        let mut by_corp: HashMap<(&SuiteId, &CorpId), u64> = HashMap::new();
        for binding in bindings {
            let principal = &binding.principal;
            *by_corp
                .entry((&principal.suite_id, &principal.corp_id))
                .or_default() += 1;
        }
        for ((suite_id, corp_id), count) in by_corp {
            let entry = NewAuditEntry::new(actor.clone(), AuditAction::UserBound)
                .of_corp(suite_id, corp_id)
                .with_detail(detail)
                .times(count);
            audit::append(transaction, &entry, self.inner.store.now()).await?;
        }
        Ok(())
    }

    async fn write_aliases(
        &self,
        transaction: &Transaction,
        bindings: &[&ImportedBinding],
    ) -> Result<()> {
        use member_alias::{ActiveModel, Column, Entity};
        let now = self.inner.store.now();
        let mut rows: HashMap<Principal, ActiveModel> = HashMap::new();
        for binding in bindings {
            let principal = &binding.principal;
            let others = binding.other_ids();
            for (alias, pending) in others.filter(|(alias, _)| **alias != principal.third_user_id) {
                let row = ActiveModel {
                    suite_id: Set(principal.suite_id.clone()),
                    corp_id: Set(principal.corp_id.clone()),
                    alias: Set(alias.clone()),
                    third_user_id: Set(principal.third_user_id.clone()),
                    pending: Set(pending),
                    created_at: Set(now),
                };
                rows.insert(with_id(principal, alias), row);
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        let replace = OnConflict::columns([Column::SuiteId, Column::CorpId, Column::Alias])
            .update_columns([Column::ThirdUserId, Column::Pending])
            .to_owned();
        Entity::insert_many(rows.into_values())
            .on_conflict(replace)
            .exec_without_returning(transaction)
            .await?;
        Ok(())
    }
}

fn with_change<'a>(
    bindings: &'a [ImportedBinding],
    changes: &[BindingChange],
    wanted: BindingChange,
) -> Vec<&'a ImportedBinding> {
    let with_change = bindings.iter().zip(changes);
    with_change
        .filter(|(_, change)| **change == wanted)
        .map(|(binding, _)| binding)
        .collect()
}

fn with_id(principal: &Principal, id: &WecomUserId) -> Principal {
    Principal {
        third_user_id: id.clone(),
        ..principal.clone()
    }
}

/// Matches the rows of these members: one list of userids for each corp, so that each is a range of the primary key.
fn any_of<C: sea_orm::ColumnTrait>(columns: (C, C, C), principals: &[Principal]) -> Condition {
    let mut by_corp: HashMap<(&SuiteId, &CorpId), Vec<WecomUserId>> = HashMap::new();
    for principal in principals {
        by_corp
            .entry((&principal.suite_id, &principal.corp_id))
            .or_default()
            .push(principal.third_user_id.clone());
    }
    let (suite, corp, third_user) = columns;
    let mut any = Condition::any();
    for ((suite_id, corp_id), ids) in by_corp {
        any = any.add(
            Condition::all()
                .add(suite.eq(suite_id.clone()))
                .add(corp.eq(corp_id.clone()))
                .add(third_user.is_in(ids)),
        );
    }
    any
}
