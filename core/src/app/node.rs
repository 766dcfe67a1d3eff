//! This node's row in the list of nodes.

use std::time::Duration;

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _};

use crate::clock::Timestamp;
use crate::db::entity::node::{ActiveModel, Column, Entity};
use crate::db::{Store, delete_in_batches};
use crate::error::Result;

/// How often a node says that it is there.
const NODE_HEARTBEAT: Duration = Duration::from_secs(30);
/// How long a node stays in the list that is not seen any more.
const NODE_TTL: Duration = Duration::from_hours(24);
/// How long a shutdown waits for the node to leave the list.
const LEAVE_TIMEOUT: Duration = Duration::from_millis(300);

/// This node, from its start to its shutdown.
#[derive(Clone, Debug)]
pub(super) struct Node {
    store: Store,
    id: String,
    started_at: Timestamp,
}

impl Node {
    pub(super) fn new(store: Store, id: String) -> Self {
        let started_at = store.now();
        Self {
            store,
            id,
            started_at,
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Says again and again that this node is there, until dropped.
    pub(super) async fn run(self) {
        loop {
            if let Err(error) = self.heartbeat().await {
                tracing::debug!(target: "wecom_login", ?error, "the node's heartbeat was not stored");
            }
            self.store.clock().sleep(NODE_HEARTBEAT).await;
        }
    }

    /// Takes this node off the list, unless the database takes too long.
    pub(super) async fn leave(&self) {
        let delete = Entity::delete_by_id(self.id.clone()).exec(self.store.heartbeat());
        if let Ok(Err(error)) = tokio::time::timeout(LEAVE_TIMEOUT, delete).await {
            tracing::debug!(target: "wecom_login", %error, "the node was not taken off the list of nodes");
        }
    }

    async fn heartbeat(&self) -> Result<()> {
        let now = self.store.now();
        let row = ActiveModel {
            id: Set(self.id.clone()),
            version: Set(env!("CARGO_PKG_VERSION").to_owned()),
            started_at: Set(self.started_at),
            seen_at: Set(now),
        };
        let seen = OnConflict::column(Column::Id)
            .value(Column::SeenAt, Expr::value(now))
            .to_owned();
        Entity::insert(row)
            .on_conflict(seen)
            .exec_without_returning(self.store.database())
            .await?;
        Ok(())
    }
}

/// Deletes the nodes that were not seen for long.
pub(super) async fn remove_old(store: &Store) -> Result<()> {
    let old = Condition::all().add(Column::SeenAt.lt(store.now() - NODE_TTL));
    delete_in_batches::<Entity, String>(store, Column::Id, old).await?;
    Ok(())
}
