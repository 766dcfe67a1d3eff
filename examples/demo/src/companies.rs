//! The sandbox's companies in an example app: they authorize it, and the app stores what a host app keeps of each.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use wecom_login::{
    AuthorizationStatus, CorpInfo, ErrorKind, Hooks, Principal, SuiteId, WecomLogin,
};
use wecom_sandbox::Sandbox;

use crate::binder;

/// How many of the sandbox's companies authorize the app at the start.
const INSTALLED: usize = 2;
/// The organization codes of these companies, to be typed at `/auth/login`.
const ORGANIZATION_CODES: [&str; INSTALLED] = ["demo-a", "demo-b"];
/// How often the installation of one company is attempted.
const INSTALL_ATTEMPTS: usize = 3;
/// How long to wait for these authorizations before printing what to open.
const INSTALL_TIMEOUT: Duration = Duration::from_secs(20);

/// The hook that wakes the onboarding of companies when one authorizes the app.
///
/// A company that left and comes back is onboarded again, because what was stored of it was removed when it left.
#[derive(Clone, Debug, Default)]
pub(crate) struct OnboardingHook {
    authorized: Arc<Notify>,
}

impl Hooks for OnboardingHook {
    async fn corp_authorized(&self, _corp: &CorpInfo) -> wecom_login::Result<()> {
        self.authorized.notify_one();
        Ok(())
    }
}

/// Starts a task that installs the app in the first companies, prints what to open, and onboards each company that
/// authorizes the app later.
pub(crate) fn spawn_onboarding(
    sandbox: &Arc<Sandbox>,
    login: &WecomLogin,
    hook: &OnboardingHook,
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
    let user_ids = sandbox.user_ids(&first);
    let (sandbox, login, public_url) = (Arc::clone(sandbox), login.clone(), public_url.to_owned());
    let hook = hook.clone();
    tokio::spawn(async move {
        for corp_id in corps.iter().take(INSTALLED) {
            install(&sandbox, &login, &suite_id, corp_id).await;
        }
        let all_authorized = async {
            while authorized_corp_ids(&login, &suite_id).await.len() < INSTALLED {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let ready = tokio::time::timeout(INSTALL_TIMEOUT, all_authorized)
            .await
            .is_ok();
        onboard_new_corps(&login, &suite_id).await;
        println!(
            "{}",
            if ready {
                "ready: two of the three companies have authorized the app"
            } else {
                "not ready yet"
            }
        );
        let (user_id, sandbox_url) = (user_ids.first().map_or("", String::as_str), sandbox.url());
        println!("  the app:      {public_url}/");
        println!("  a login:      {public_url}/account, which leads through the login and back");
        println!("  the sandbox:  {sandbox_url}/sandbox");
        println!(
            "  a browser:    {public_url}/auth/login, organization code {}",
            ORGANIZATION_CODES.join(" or ")
        );
        println!("                as 王芳 (wangfang) you choose between two companies");
        println!(
            "  a login code: curl -X POST {sandbox_url}/sandbox/corps/{first}/members/{user_id}/code"
        );
        println!(
            "  a session:    curl {public_url}/auth/loginByWorkbench -d '{{\"corpId\":\"{first}\",\"code\":\"CODE\"}}'"
        );
        println!("  a request:    curl {public_url}/api/hello -H 'authorization: Bearer TOKEN'");
        loop {
            hook.authorized.notified().await;
            onboard_new_corps(&login, &suite_id).await;
        }
    });
}

/// Installs the app in a company, unless both the sandbox and the app have the authorization.
///
/// One of them alone can have it: after a kill between their writes, or when one of their files was removed.
async fn install(sandbox: &Sandbox, login: &WecomLogin, suite_id: &SuiteId, corp_id: &str) {
    for _ in 0..INSTALL_ATTEMPTS {
        let in_sandbox = sandbox.permanent_code(corp_id, suite_id.as_str()).is_some();
        if in_sandbox
            && authorized_corp_ids(login, suite_id)
                .await
                .iter()
                .any(|authorized| authorized == corp_id)
        {
            return;
        }
        match sandbox.install(corp_id).await {
            Ok(delivery) if delivery.succeeded() => return,
            Ok(delivery) => eprintln!(
                "{corp_id} could not authorize the app: {:?}",
                delivery.outcome
            ),
            Err(error) => {
                eprintln!("the sandbox could not install the app in {corp_id}: {error:?}")
            }
        }
    }
}

/// Onboards each authorized company that has no organization code yet.
async fn onboard_new_corps(login: &WecomLogin, suite_id: &SuiteId) {
    let principals = match binder::principals(suite_id) {
        Ok(principals) => principals,
        Err(error) => return eprintln!("the companies could not be onboarded: {error}"),
    };
    for (principal, code) in principals.iter().zip(ORGANIZATION_CODES) {
        if login
            .service()
            .login_config_by_code(code, None)
            .await
            .is_ok()
        {
            continue;
        }
        match onboard(login, principal, code).await {
            // This company has not authorized the app, or has ended that.
            Err(error) if error.kind() == ErrorKind::CorpNotAuthorized => {}
            Err(error) => eprintln!("{} could not be onboarded: {error}", principal.corp_id),
            Ok(()) => {}
        }
    }
}

/// Stores what a host app knows of a company: the user of a member, and the organization code. The ids are those that
/// the host app has: the library finds the company and the member by the ids that WeCom uses today.
async fn onboard(login: &WecomLogin, principal: &Principal, code: &str) -> wecom_login::Result<()> {
    login.admin().bind_user(principal, binder::USER).await?;
    // The code comes last, because a company with a code counts as onboarded.
    login
        .service()
        .set_organization_code(
            &principal.corp_id,
            &code.parse()?,
            Some(&principal.suite_id),
        )
        .await
}

/// The companies with an active authorization whose agent id is known.
async fn authorized_corp_ids(login: &WecomLogin, suite_id: &SuiteId) -> Vec<String> {
    let corps = login.admin().corps().await.unwrap_or_default();
    corps
        .into_iter()
        .filter(|corp| corp.suite_id == *suite_id && corp.agent_id.is_some())
        .filter(|corp| corp.status == AuthorizationStatus::Active)
        .map(|corp| corp.corp_id.to_string())
        .collect()
}
