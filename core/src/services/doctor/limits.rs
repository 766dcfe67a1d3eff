//! WeCom's limits: wrong secrets, paused rates, the address that it allows; and its clock.

use std::time::Duration;

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};

use crate::db::entity::api_pause::{Column, Entity};
use crate::error::Result;
use crate::services::doctor::{Doctor, DoctorCheck};
use crate::wecom::Errcode;

/// A difference from WeCom's clock, which shows whole seconds, that is worth a look.
const CLOCK_IS_OFF: Duration = Duration::from_secs(30);
/// Beyond this, times of events are not trusted.
const CLOCK_IS_WRONG: Duration = Duration::from_mins(10);
/// How long a refusal of the address is told of after WeCom's last answer about it.
const ADDRESS_REFUSAL_TTL: Duration = Duration::from_hours(1);

impl Doctor {
    pub(super) async fn wrong_secrets(&self) -> Result<Vec<DoctorCheck>> {
        const ID: &str = "wrongSecrets";
        let wrong = self.tokens.wrong_secrets().await?;
        let (count, max) = (wrong.count, wrong.max);
        let detail = format!("{count} wrong secrets in ten minutes, of {max}");
        let check = if count >= max {
            DoctorCheck::fail(ID, detail)
        } else if count > 0 {
            DoctorCheck::warn(ID, detail)
        } else {
            DoctorCheck::ok(ID, detail)
        };
        let check = check.with_since(wrong.since);
        Ok(vec![if count > 0 {
            check.with_hint(
                "WeCom bars the address for an hour after too many: see the broken corps and the secrets of suites and \
                 the provider",
            )
        } else {
            check
        }])
    }

    pub(super) async fn paused_rates(&self) -> Result<Vec<DoctorCheck>> {
        const ID: &str = "pausedRates";
        let rows = Entity::find()
            .filter(Column::SuiteId.is_in(self.suites.ids()))
            .order_by_asc(Column::SuiteId)
            .all(self.store.database())
            .await?;
        let checks: Vec<_> = rows
            .into_iter()
            .map(|row| {
                let errcode = Errcode::new(row.errcode);
                let detail = format!(
                    "WeCom refuses {} with {}: re-reads are paused until a probe gets through",
                    row.api, row.errcode
                );
                let check = DoctorCheck::fail(ID, detail)
                    .about(row.suite_id.as_str())
                    .with_since(row.since);
                let hint = errcode.hint();
                check.with_hint(hint.unwrap_or("look the errcode up in WeCom's list (D/96213)"))
            })
            .collect();
        if checks.is_empty() {
            return Ok(vec![DoctorCheck::ok(ID, "no API of WeCom is paused")]);
        }
        Ok(checks)
    }

    /// 60020, with the address that WeCom saw.
    pub(super) fn address_allowed(&self) -> DoctorCheck {
        const ID: &str = "addressAllowed";
        let now = self.store.clock().now();
        let refusal = self.observations.address_refusal();
        match refusal.filter(|refusal| now.since(refusal.at) < ADDRESS_REFUSAL_TTL) {
            None => DoctorCheck::ok(ID, "WeCom refused no call because of its address (60020)"),
            Some(refusal) => {
                let seen = refusal.address.map_or_else(
                    || "an address that it did not name".to_owned(),
                    |address| address.to_string(),
                );
                let detail =
                    format!("WeCom refuses calls with 60020; it sees them come from {seen}");
                let check = DoctorCheck::fail(ID, detail).with_since(refusal.at);
                match Errcode::IP_NOT_ALLOWED.hint() {
                    Some(hint) => check.with_hint(hint),
                    None => check,
                }
            }
        }
    }

    pub(super) fn wecom_clock(&self) -> DoctorCheck {
        const ID: &str = "wecomClock";
        let Some(millis) = self.observations.clock_lead_millis() else {
            return DoctorCheck::ok(ID, "no answer of WeCom was seen since the start");
        };
        let off = Duration::from_millis(millis.unsigned_abs());
        let side = if millis > 0 { "ahead of" } else { "behind" };
        let detail = format!("this machine's clock is {} s {side} WeCom's", off.as_secs());
        let check = if off >= CLOCK_IS_WRONG {
            DoctorCheck::fail(ID, detail)
        } else if off >= CLOCK_IS_OFF {
            DoctorCheck::warn(ID, detail)
        } else {
            return DoctorCheck::ok(ID, "this machine's clock is WeCom's");
        };
        check.with_hint("set the machine's clock by NTP")
    }
}
