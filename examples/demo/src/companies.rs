//! The sandbox's companies, as the example app finds them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use wecom_login::{AuthorizationStatus, CorpInfo, CorpSummary, Hooks, SuiteId, WecomLogin};
use wecom_sandbox::Sandbox;

use crate::two_companies;

/// How many of the sandbox's companies have authorised the app.
const AUTHORISED: usize = 2;
/// What people of these companies type at `/auth/login`.
const ORGANISATION_CODES: [&str; AUTHORISED] = ["demo-a", "demo-b"];
/// How often a company that is not let in tries again.
const INSTALLS: usize = 3;
/// How long they are waited for before what is there is printed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Hears of companies that authorise the app, at the start or later: what a host app keeps of a company went when it
/// left, so one that comes back is set up anew.
#[derive(Clone, Debug, Default)]
pub(crate) struct Newcomers(Arc<Notify>);

impl Hooks for Newcomers {
    async fn corp_authorized(&self, _corp: &CorpInfo) {
        self.0.notify_one();
    }
}

/// Lets the first companies authorise the app, waits in the background until it knows them, prints what to open, and
/// sets up whoever comes later.
pub(crate) fn authorise_and_introduce(
    sandbox: &Arc<Sandbox>,
    login: &WecomLogin,
    newcomers: &Newcomers,
    public_url: &str,
) {
    let corps = sandbox.corp_ids();
    let suite_id = login
        .instances()
        .find_map(|instance| instance.auth_config())
        .map(|config| config.suite_id);
    let (Some(suite_id), Some(first)) = (suite_id, corps.first().cloned()) else {
        return;
    };
    let people = sandbox.user_ids(&first);
    let (sandbox, login, public_url) = (Arc::clone(sandbox), login.clone(), public_url.to_owned());
    let newcomers = newcomers.clone();
    tokio::spawn(async move {
        for corp_id in corps.iter().take(AUTHORISED) {
            authorise(&sandbox, &login, &suite_id, corp_id).await;
        }
        let all_known = async {
            while known(&login, &suite_id).await.len() < AUTHORISED {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let all = tokio::time::timeout(PATIENCE, all_known).await.is_ok();
        set_up(&login, &corps).await;
        println!(
            "{}",
            if all {
                "ready: two of the three companies have authorised the app"
            } else {
                "not ready yet"
            }
        );
        let (person, sandbox_url) = (people.first().map_or("", String::as_str), sandbox.url());
        println!("  the app:      {public_url}/");
        println!("  a login:      {public_url}/account, which leads through the login and back");
        println!("  the sandbox:  {sandbox_url}/sandbox");
        println!(
            "  a browser:    {public_url}/auth/login, organisation code {}",
            ORGANISATION_CODES.join(" or ")
        );
        println!("                as 王芳 (wangfang) you choose between two companies");
        println!(
            "  a login code: curl -X POST {sandbox_url}/sandbox/corps/{first}/members/{person}/code"
        );
        println!(
            "  a session:    curl {public_url}/auth/loginByWorkbench -d '{{\"corpId\":\"{first}\",\"code\":\"CODE\"}}'"
        );
        println!("  a request:    curl {public_url}/api/hello -H 'authorization: Bearer TOKEN'");
        loop {
            newcomers.0.notified().await;
            set_up(&login, &corps).await;
        }
    });
}

/// Lets a company authorise the app, unless both of them know that it did: a kill may come between what the sandbox
/// writes down and what the app does, and either's file may be removed.
async fn authorise(sandbox: &Sandbox, login: &WecomLogin, suite_id: &SuiteId, corp_id: &str) {
    for _ in 0..INSTALLS {
        let by_the_sandbox = sandbox.permanent_code(corp_id, suite_id.as_str()).is_some();
        if by_the_sandbox
            && known(login, suite_id)
                .await
                .iter()
                .any(|known| known == corp_id)
        {
            return;
        }
        match sandbox.install(corp_id).await {
            Ok(delivery) if delivery.succeeded() => return,
            Ok(delivery) => eprintln!(
                "{corp_id} could not authorise the app: {:?}",
                delivery.outcome
            ),
            Err(problem) => eprintln!("the sandbox could not authorise {corp_id}: {problem:?}"),
        }
    }
}

/// Sets up what a host app keeps of a company, unless it did so before: the organisation code, and which of its people
/// is a user that the host app knows from elsewhere.
async fn set_up(login: &WecomLogin, corps: &[String]) {
    let known = login.admin().corps().await.unwrap_or_default();
    for (corp_id, code) in corps.iter().zip(ORGANISATION_CODES) {
        let Some(corp) = known.iter().find(|corp| corp.corp_id.as_str() == corp_id) else {
            continue;
        };
        if corp.status == AuthorizationStatus::Active
            && corp.org_code.is_none()
            && let Err(problem) = enter(login, corp, code).await
        {
            eprintln!("{corp_id} is not set up: {problem}");
        }
    }
}

async fn enter(login: &WecomLogin, corp: &CorpSummary, code: &str) -> wecom_login::Result<()> {
    for person in two_companies::people(&corp.suite_id)? {
        if person.corp_id == corp.corp_id {
            login
                .admin()
                .bind_user(&person, two_companies::USER)
                .await?;
        }
    }
    // Last: a company that has a code is set up.
    login
        .service()
        .set_organization_code(&corp.corp_id, &code.parse()?, Some(&corp.suite_id))
        .await
}

/// The companies that the app knows, with their app's number.
async fn known(login: &WecomLogin, suite_id: &SuiteId) -> Vec<String> {
    let corps = login.admin().corps().await.unwrap_or_default();
    corps
        .into_iter()
        .filter(|corp| corp.suite_id == *suite_id && corp.agent_id.is_some())
        .filter(|corp| corp.status == AuthorizationStatus::Active)
        .map(|corp| corp.corp_id.to_string())
        .collect()
}
