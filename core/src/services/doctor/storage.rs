//! The database: its clock, the data keys, the migrations.

use std::time::Duration;

use sea_orm::EntityTrait as _;

use crate::db::entity::data_key;
use crate::error::Result;
use crate::services::doctor::{Doctor, DoctorCheck};

/// A difference from the database's clock that is worth a look.
const CLOCK_IS_OFF: Duration = Duration::from_secs(10);
/// Beyond this, lines of the log and times of pages cannot be compared.
const CLOCK_IS_WRONG: Duration = Duration::from_mins(1);

impl Doctor {
    pub(super) async fn database_clock(&self) -> Result<Vec<DoctorCheck>> {
        const ID: &str = "clock";
        let millis = self.store.clock_lead_millis().await?;
        let off = Duration::from_millis(millis.unsigned_abs());
        if off < CLOCK_IS_OFF {
            let detail = "this machine's clock is the database's";
            return Ok(vec![DoctorCheck::ok(ID, detail)]);
        }
        let side = if millis > 0 { "ahead of" } else { "behind" };
        let detail = format!(
            "this machine's clock is {} s {side} the database's",
            off.as_secs()
        );
        let check = if off >= CLOCK_IS_WRONG {
            DoctorCheck::fail(ID, detail)
        } else {
            DoctorCheck::warn(ID, detail)
        };
        Ok(vec![
            check.with_hint("set the clocks of both machines by NTP"),
        ])
    }

    pub(super) async fn data_keys(&self) -> Result<Vec<DoctorCheck>> {
        const ID: &str = "dataKeys";
        let unreadable = self.vault.count_unreadable().await?;
        let registered = data_key::Entity::find().all(self.store.database()).await?;
        let keys = self.vault.keys();
        let missing = registered
            .iter()
            .filter(|row| keys.find(&row.id).is_none())
            .count();
        if unreadable > 0 || missing > 0 {
            let detail = format!(
                "{unreadable} permanent codes are sealed under keys that this node lacks; {missing} registered keys are missing"
            );
            return Ok(vec![DoctorCheck::fail(ID, detail).with_hint(
                "add the missing key after the primary one, on every node, and restart",
            )]);
        }
        let older = registered.len().saturating_sub(1);
        if older > 0 {
            let oldest = registered.iter().map(|row| row.created_at).min();
            let detail = format!("{older} keys besides the primary are still registered");
            let check = DoctorCheck::warn(ID, detail).with_since(oldest);
            return Ok(vec![check.with_hint(
                "finish the change of keys: POST /admin/api/rotateKeys, once every node has the new key first",
            )]);
        }
        Ok(vec![DoctorCheck::ok(
            ID,
            "everything is sealed under the primary key",
        )])
    }

    pub(super) async fn migrations(&self) -> Result<Vec<DoctorCheck>> {
        const ID: &str = "migrations";
        let state = self.store.migration_state().await?;
        Ok(vec![if state.pending > 0 {
            let detail = format!("{} migrations are missing", state.pending);
            DoctorCheck::fail(ID, detail).with_hint(
                "run wecom-login migrate, or start once, with an account that may change tables",
            )
        } else if state.unknown > 0 {
            let detail = format!("{} migrations are of a later version", state.unknown);
            DoctorCheck::warn(ID, detail).with_hint("update this node too")
        } else {
            DoctorCheck::ok(ID, "the tables are up to date")
        }])
    }
}
