//! The nodes of the service, and when each was seen.

use std::time::Duration;

use sea_orm::{EntityTrait as _, QueryOrder as _};

use crate::db::entity::node::{Column, Entity};
use crate::error::Result;
use crate::services::doctor::{Doctor, DoctorCheck};

/// A node says every 30 s that it is there.
const IS_GONE: Duration = Duration::from_mins(2);

impl Doctor {
    pub(super) async fn nodes(&self) -> Result<Vec<DoctorCheck>> {
        const ID: &str = "nodes";
        let now = self.store.now();
        let rows = Entity::find()
            .order_by_asc(Column::StartedAt)
            .all(self.store.database())
            .await?;
        let own_version = env!("CARGO_PKG_VERSION");
        let mut checks: Vec<_> = rows
            .into_iter()
            .map(|row| {
                let seen = now.since(row.seen_at);
                let this = if row.id == self.node {
                    "this node, "
                } else {
                    ""
                };
                let detail = format!(
                    "{this}version {}, seen {} s ago",
                    row.version,
                    seen.as_secs()
                );
                let check = if seen >= IS_GONE {
                    DoctorCheck::warn(ID, detail)
                        .with_hint("it ended without a shutdown, or does not reach the database")
                        .with_since(row.seen_at)
                } else if row.version == own_version {
                    DoctorCheck::ok(ID, detail).with_since(row.started_at)
                } else {
                    DoctorCheck::warn(ID, detail)
                        .with_hint("finish the update: nodes of two versions run")
                        .with_since(row.started_at)
                };
                check.about(row.id)
            })
            .collect();
        if checks.is_empty() {
            let check = DoctorCheck::warn(ID, "no node has been seen yet");
            checks
                .push(check.with_hint("a node says within seconds of its start that it is there"));
        }
        Ok(checks)
    }
}
