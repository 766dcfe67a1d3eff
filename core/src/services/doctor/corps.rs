//! Corps: those of the instances, and those that are broken, switched off, or wait for an administrator.

use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};

use crate::db::entity::authorization::{Column, Entity, Model};
use crate::domain::{AuthorizationStatus, SuiteId};
use crate::element::InstanceKind;
use crate::error::Result;
use crate::services::doctor::{Doctor, DoctorCheck};
use crate::wecom::Errcode;

/// Corps that are named one by one; the rest is counted.
const MAX_NAMED_CORPS: u64 = 50;

const SWITCHED_OFF: &str = "an administrator of the corp has to enable the app";
const END_HELD: &str = "confirm the end if the corp is gone (AdminService::confirm_corp_end), or wait until WeCom \
                        contradicts it";
const HELD: &str = "approve or deny it: POST /admin/api/corps/{corpId}/decide";

impl Doctor {
    pub(super) async fn instance_corps(&self) -> Result<Vec<DoctorCheck>> {
        const ID: &str = "instance";
        let mut checks = Vec::new();
        for (name, kind) in self.instances.iter() {
            let check = match kind {
                InstanceKind::Custom { type_name, .. } => {
                    DoctorCheck::ok(ID, format!("of the Type {type_name}"))
                }
                InstanceKind::QywxProxy(config) if !config.accepts_logins() => {
                    DoctorCheck::ok(ID, "inactive: it takes no logins")
                }
                InstanceKind::QywxProxy(config) => match &config.corp_id {
                    None => self.unpinned(&config.suite.id).await?,
                    Some(pinned) => {
                        let suite_id = &config.suite.id;
                        let stored = self.instances.aliases().resolve(suite_id, pinned);
                        let row = Entity::find_by_id((suite_id.clone(), stored))
                            .one(self.store.database())
                            .await?;
                        pinned_corp(row.filter(|row| row.secret_version > 0))
                    }
                },
            };
            checks.push(check.about(name.full()));
        }
        Ok(checks)
    }

    async fn unpinned(&self, suite_id: &SuiteId) -> Result<DoctorCheck> {
        let active = Entity::find()
            .filter(Column::SuiteId.eq(suite_id.clone()))
            .filter(Column::Status.eq(AuthorizationStatus::Active))
            .count(self.store.database())
            .await?;
        Ok(DoctorCheck::ok(
            "instance",
            format!("for every corp of the suite; {active} are authorized"),
        ))
    }

    pub(super) async fn corps(&self) -> Result<Vec<DoctorCheck>> {
        const ID: &str = "corp";
        let database = self.store.database();
        let known = Condition::all()
            .add(Column::SuiteId.is_in(self.suites.ids()))
            .add(Column::SecretVersion.gt(0));
        let troubled = known
            .clone()
            .add(Column::Status.ne(AuthorizationStatus::Cancelled))
            .add(
                Condition::any()
                    .add(
                        Column::Status
                            .is_in([AuthorizationStatus::Broken, AuthorizationStatus::Held]),
                    )
                    .add(Column::SwitchedOffAt.is_not_null())
                    .add(Column::EndHeldAt.is_not_null())
                    .add(Column::AgentId.is_null()),
            );
        let count = Entity::find()
            .filter(troubled.clone())
            .count(database)
            .await?;
        let rows = Entity::find()
            .filter(troubled)
            .order_by_asc(Column::SuiteId)
            .order_by_asc(Column::CorpId)
            .limit(MAX_NAMED_CORPS)
            .all(database)
            .await?;
        let mut checks: Vec<_> = rows
            .into_iter()
            .map(|row| {
                let subject = row.corp_id.as_str().to_owned();
                troubled_corp(&row).about(subject)
            })
            .collect();
        let unnamed = count.saturating_sub(MAX_NAMED_CORPS);
        if unnamed > 0 {
            let detail = format!("{unnamed} more corps have trouble");
            checks.push(DoctorCheck::warn(ID, detail).with_hint("see GET /admin/api/corps"));
        }
        if checks.is_empty() {
            let active = Entity::find()
                .filter(known.add(Column::Status.eq(AuthorizationStatus::Active)))
                .count(database)
                .await?;
            checks.push(DoctorCheck::ok(
                ID,
                format!("{active} corps are authorized"),
            ));
        }
        Ok(checks)
    }
}

fn pinned_corp(row: Option<Model>) -> DoctorCheck {
    const ID: &str = "instance";
    let Some(row) = row else {
        return DoctorCheck::warn(ID, "its corp has not authorized the app").with_hint(
            "send the corp an authorization link, or check corpId in the instance's configuration",
        );
    };
    match row.status {
        AuthorizationStatus::Active => DoctorCheck::ok(ID, "its corp is authorized"),
        AuthorizationStatus::Broken => DoctorCheck::fail(ID, "its corp is broken")
            .with_hint("see the check of the corp; read it again when that is mended")
            .with_since(row.broken_at),
        AuthorizationStatus::Cancelled => DoctorCheck::fail(ID, "its corp has cancelled")
            .with_hint("send the corp an authorization link, or remove the instance"),
        AuthorizationStatus::Held => {
            DoctorCheck::warn(ID, "its corp waits for a decision").with_hint(HELD)
        }
        AuthorizationStatus::Refused => {
            DoctorCheck::warn(ID, "its corp was denied").with_hint(HELD)
        }
    }
}

fn troubled_corp(row: &Model) -> DoctorCheck {
    const ID: &str = "corp";
    if let Some(since) = row.end_held_at {
        let detail =
            "WeCom says that it has ended, and too many ended within an hour without a cancel_auth";
        return DoctorCheck::fail(ID, detail)
            .with_hint(END_HELD)
            .with_since(since);
    }
    if let Some(since) = row.switched_off_at {
        return DoctorCheck::fail(ID, "the corp has switched the app off")
            .with_hint(SWITCHED_OFF)
            .with_since(since);
    }
    if row.status == AuthorizationStatus::Broken {
        let errcode = row.broken_by.unwrap_or_default();
        let check = DoctorCheck::fail(
            ID,
            format!("WeCom refuses its permanent code with {errcode}"),
        );
        let check = check.with_since(row.broken_at);
        let hint = Errcode::new(errcode).hint();
        return check.with_hint(hint.unwrap_or("look the errcode up in WeCom's list (D/96213)"));
    }
    if row.status == AuthorizationStatus::Held {
        return DoctorCheck::warn(ID, "it waits for a decision")
            .with_hint(HELD)
            .with_since(row.created_at);
    }
    DoctorCheck::warn(
        ID,
        "WeCom has not named its app (agentId): it has no login link",
    )
    .with_hint("read it again: POST /admin/api/corps/{corpId}/read")
    .with_since(row.created_at)
}
