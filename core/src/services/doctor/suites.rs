//! Suites and the provider: the suite_ticket, and the tokens.

use std::collections::BTreeMap;
use std::time::Duration;

use sea_orm::EntityTrait as _;

use crate::db::entity::suite::Entity;
use crate::error::Result;
use crate::services::doctor::{Doctor, DoctorCheck};
use crate::tokens::{ProviderCredential, TokenHealth};

/// WeCom pushes a ticket every ten minutes (D/97173): one more than that is late.
const TICKET_IS_LATE: Duration = Duration::from_mins(15);
/// How long a ticket is valid.
const TICKET_TTL: Duration = Duration::from_mins(30);

const NO_TICKET: &str = "check the template's callback URL in the provider console, and push a ticket there with 刷新ticket";
const SUITE_SECRET: &str = "copy the suite secret from the template in the provider console to suiteSecret in the \
                            instance's configuration, and restart";
const PROVIDER_SECRET: &str = "copy the provider secret from the provider console (通用开发参数) to providerSecret in the \
                               instance's configuration, check providerCorpId, and restart";

impl Doctor {
    pub(super) async fn suite_tickets(&self) -> Result<Vec<DoctorCheck>> {
        const ID: &str = "suiteTicket";
        let mut checks = Vec::new();
        for suite_id in self.suites.ids() {
            let row = Entity::find_by_id(suite_id.clone())
                .one(self.store.database())
                .await?;
            let now = self.store.now();
            let ticket_at = row.as_ref().and_then(|row| row.ticket_at);
            let age = now.since(ticket_at.unwrap_or(self.started_at));
            let minutes = age.as_secs() / 60;
            let is_refused = row.is_some_and(|row| row.ticket_refused);
            let check = match ticket_at {
                _ if is_refused => DoctorCheck::fail(ID, "WeCom refused the newest suite_ticket"),
                None if age < TICKET_IS_LATE => {
                    DoctorCheck::warn(ID, "no suite_ticket has come yet")
                }
                None => DoctorCheck::fail(ID, "no suite_ticket has ever come"),
                Some(_) if age >= TICKET_TTL => {
                    DoctorCheck::fail(ID, format!("the newest suite_ticket is {minutes} min old"))
                }
                Some(_) if age >= TICKET_IS_LATE => {
                    DoctorCheck::warn(ID, format!("the newest suite_ticket is {minutes} min old"))
                }
                Some(_) => DoctorCheck::ok(ID, format!("the suite_ticket is {minutes} min old")),
            };
            let is_good = check.status == super::CheckStatus::Ok;
            let check = check.about(suite_id.as_str()).with_since(ticket_at);
            checks.push(if is_good {
                check
            } else {
                check.with_hint(NO_TICKET)
            });
        }
        Ok(checks)
    }

    pub(super) async fn suite_tokens(&self) -> Result<Vec<DoctorCheck>> {
        let mut checks = Vec::new();
        for suite_id in self.suites.ids() {
            let suite = self.suites.require(&suite_id)?;
            let health = self.tokens.suite_health(suite).await?;
            let check = token_check("suiteToken", "suite", &health, SUITE_SECRET);
            checks.push(check.about(suite_id.as_str()));
        }
        Ok(checks)
    }

    pub(super) async fn provider_tokens(&self) -> Result<Vec<DoctorCheck>> {
        const ID: &str = "providerToken";
        let mut providers = BTreeMap::new();
        for suite_id in self.suites.ids() {
            let suite = self.suites.require(&suite_id)?;
            if let (Some(corp_id), Some(secret)) = (&suite.provider_corp_id, &suite.provider_secret)
            {
                providers.insert(corp_id.clone(), secret.clone());
            }
        }
        if providers.is_empty() {
            let detail = "no provider is configured: there are no authorization links, and the ids of corps are not learnt";
            return Ok(vec![DoctorCheck::ok(ID, detail)]);
        }
        let mut checks = Vec::new();
        for (corp_id, secret) in providers {
            let subject = corp_id.as_str().to_owned();
            let provider = ProviderCredential { corp_id, secret };
            let health = self.tokens.provider_health(&provider).await?;
            checks.push(token_check(ID, "provider", &health, PROVIDER_SECRET).about(subject));
        }
        Ok(checks)
    }
}

fn token_check(
    id: &'static str,
    whose: &str,
    health: &TokenHealth,
    hint: &'static str,
) -> DoctorCheck {
    if let Some(wait) = health.rejected_for {
        let minutes = wait.as_secs().div_ceil(60);
        let detail = format!(
            "WeCom calls the {whose} secret wrong; it is sent again in {minutes} min at the earliest"
        );
        return DoctorCheck::fail(id, detail).with_hint(hint);
    }
    match health.expires_in {
        Some(left) => {
            let minutes = left.as_secs() / 60;
            DoctorCheck::ok(id, format!("there is a {whose} token for {minutes} min"))
        }
        None => DoctorCheck::ok(
            id,
            format!("no {whose} token is stored; the next call fetches one"),
        ),
    }
}
