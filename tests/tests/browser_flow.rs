//! The login of a browser, from `/login` to the app: WeCom's pages are the sandbox's.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use wecom_login::{Binder, CorpId, HookFuture, Principal, ProvenPerson, Result, SuiteId, UserId};
use wecom_login_tests::adapter::AxumAdapter;
use wecom_login_tests::auths::{CLOSED, CODES_OFF, COMPANY_A, SUITE};
use wecom_login_tests::{Ask, Layout, Reply, Setup, World, send};

const WECOM: &str = "Mozilla/5.0 (iPhone) AppleWebKit/605 wxwork/4.1.20 MicroMessenger/7.0.1 Language/zh";

/// A browser: cookies, and a way to go.
#[derive(Clone, Default)]
struct Browser {
    cookies: Vec<(String, String)>,
    agent: String,
    language: &'static str,
}

impl Browser {
    fn new() -> Self {
        Self { agent: "Mozilla/5.0 (X11; Linux x86_64)".to_owned(), language: "en", ..Self::default() }
    }

    fn in_wecom() -> Self {
        Self { agent: WECOM.to_owned(), language: "zh-CN,zh;q=0.9", ..Self::default() }
    }

    /// GET of a path of the app, as this browser sends it.
    fn ask(&self, target: &str) -> Ask {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let ask = Ask::get(target)
            .header("user-agent", &*self.agent)
            .header("accept-language", self.language)
            .header("accept", "text/html,*/*;q=0.8");
        if cookies.is_empty() { ask } else { ask.header("cookie", cookies.join("; ")) }
    }

    fn keep(&mut self, reply: &Reply) {
        for line in reply.all("set-cookie") {
            let (pair, attributes) = line.split_once(';').unwrap();
            assert!(attributes.contains("Path=/; HttpOnly; SameSite=Lax"), "{line}");
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !attributes.contains("Max-Age=0;") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// Opens a page of ours; checks what every answer there has to keep.
    async fn open(&mut self, world: &World, target: &str) -> Reply {
        let reply = world.host(self.ask(target)).await;
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
        if !matches!(reply.status, 302 | 303) {
            assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{reply:?}");
            let nonce = reply.text().split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
            assert!(policy.contains(&format!("'nonce-{nonce}'")), "{policy}");
        }
        self.keep(&reply);
        reply
    }

    /// `/login` with this query, which leads to WeCom: the link there.
    async fn begin(&mut self, world: &World, query: &str) -> String {
        let reply = self.open(world, &format!("/auth/login?{query}")).await;
        assert_eq!(reply.status, 302, "{}", reply.text());
        reply.header("location").unwrap().to_owned()
    }

    /// The same, then a scan or a click as this person, and the way back.
    async fn log_in(&mut self, world: &World, query: &str, person: &str) -> Reply {
        let link = self.begin(world, query).await;
        let back = as_person(world, &link, person).await;
        self.open(world, &back).await
    }

    fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn pending(&self) -> usize {
        self.cookies.iter().filter(|(name, _)| name.contains("wecom_state_")).count()
    }

    async fn me(&self, world: &World) -> Value {
        world.host(self.ask("/auth/me")).await.success()
    }
}

/// WeCom's page with one more parameter; gives where it leads, below the app's origin.
async fn at_wecom(world: &World, link: &str, more: &str) -> String {
    let target = link.split('#').next().unwrap().strip_prefix(&world.sandbox.url()).unwrap();
    let reply = send(world.sandbox.addr(), &Ask::get(format!("{target}&{more}"))).await;
    assert_eq!(reply.status, 302, "{}", reply.text());
    let location = reply.header("location").unwrap();
    let path = location.find("/auth/callback").unwrap_or_else(|| panic!("{location}"));
    location[path..].to_owned()
}

async fn as_person(world: &World, link: &str, person: &str) -> String {
    at_wecom(world, link, &format!("sandboxUser={person}")).await
}

fn state_of(link: &str) -> String {
    let state = link.split("state=").nth(1).unwrap();
    state[..32].to_owned()
}

async fn world() -> World {
    World::start(&AxumAdapter, Layout::Auth, Setup::new()).await
}

#[track_caller]
fn is_page(reply: &Reply, status: u16, text: &str) {
    assert_eq!(reply.status, status, "{}", reply.text());
    assert!(reply.text().contains(text), "{}", reply.text());
    assert!(!reply.all("set-cookie").any(|line| line.starts_with("wecom_login=")), "{reply:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_leads_into_the_app() {
    let world = world().await;
    let person = world.person(COMPANY_A);
    let mut browser = Browser::new();
    // The host app's own page sends the browser to the login.
    let away = world.host(browser.ask("/api/page?x=1&y=%E4%BC%81")).await;
    assert_eq!(away.status, 302);
    let query = away.header("location").unwrap().strip_prefix("/auth/login?").unwrap().to_owned();
    let link = browser.begin(&world, &format!("{query}&corpId={COMPANY_A}")).await;
    assert!(
        link.starts_with(&format!("{}/wwlogin/sso/login?login_type=CorpApp", world.sandbox.url())),
        "{link}"
    );
    assert!(link.ends_with("&lang=en"), "{link}");
    let state = state_of(&link);
    assert!(state.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert!(browser.cookie(&format!("wecom_state_{state}")).is_some());

    let back = as_person(&world, &link, &person).await;
    let reply = browser.open(&world, &back).await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/api/page?x=1&y=%E4%BC%81")));
    assert!(browser.cookie("wecom_login").unwrap().starts_with("wl_"));
    assert_eq!(browser.pending(), 0);
    assert_eq!(world.host(browser.ask("/api/page")).await.status, 200);
    let me = browser.me(&world).await;
    assert_eq!((&me["session"]["platform"], &me["session"]["loginType"]), (&json!("web"), &json!("qr")));
    assert_eq!(me["user"]["thirdUserId"], person.as_str());

    // The back button: the state and the code are spent.
    let session = browser.cookie("wecom_login").unwrap().to_owned();
    is_page(&browser.open(&world, &back).await, 403, "This login cannot go on");
    assert_eq!(browser.cookie("wecom_login"), Some(session.as_str()));
    // A copy of the cookie does not help either.
    let mut thief = Browser::new();
    let copy = Browser::new().begin(&world, &format!("corpId={COMPANY_A}")).await;
    is_page(
        &thief.open(&world, &as_person(&world, &copy, &person).await).await,
        403,
        "not begun in this browser",
    );
    assert_eq!(world.host(browser.ask("/api/page")).await.status, 200, "nothing of this ends the session");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn within_wecom_a_click_is_enough() {
    let world = world().await;
    let person = world.person(COMPANY_A);
    let mut browser = Browser::in_wecom();
    let link = browser.begin(&world, &format!("corpId={COMPANY_A}")).await;
    let expected = format!("{}/connect/oauth2/authorize?appid={COMPANY_A}&", world.sandbox.url());
    assert!(link.starts_with(&expected) && link.ends_with("#wechat_redirect"), "{link}");
    assert!(link.contains("scope=snsapi_base") && link.contains("&agentid="), "{link}");
    let reply = browser.open(&world, &as_person(&world, &link, &person).await).await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/")));
    assert_eq!(browser.me(&world).await["session"]["loginType"], "workbench");

    // What the link says goes before what the browser is.
    let link = browser.begin(&world, &format!("corpId={COMPANY_A}&mode=qr")).await;
    assert!(link.contains("/wwlogin/") && link.ends_with("&lang=zh"), "{link}");
    let link = Browser::new().begin(&world, &format!("corpId={COMPANY_A}&mode=workbench")).await;
    assert!(link.contains("/connect/oauth2/"), "{link}");
    for query in ["mode=app", "mode=QR", "corpId=a%20b", "corpId=a&corpId=b", "returnTo=/a&returnTo=/b"] {
        let reply = Browser::new().open(&world, &format!("/auth/login?{query}")).await;
        is_page(&reply, 400, "This login link is not right");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_code_names_the_company() {
    let world = world().await;
    let code = json!({"corpId": COMPANY_A, "code": "Acme-2026"});
    world.admin(Ask::post("/setCode").json(&code)).await.no_content();
    let mut browser = Browser::new();
    let page = browser.open(&world, "/auth/login?returnTo=/a%26b&mode=qr&orgCode=&corpId=").await;
    is_page(&page, 200, "<form method=\"get\" action=\"/auth/login\">");
    assert!(page.text().contains("<input type=\"hidden\" name=\"returnTo\" value=\"/a&amp;b\">"));
    assert!(page.text().contains("name=\"orgCode\" value=\"\""));
    let page = browser.open(&world, "/auth/login?returnTo=/a&orgCode=no%22body").await;
    is_page(&page, 404, "There is no such organisation code");
    assert!(page.text().contains("value=\"no&quot;body\""));

    let person = world.person(COMPANY_A);
    let reply = browser.log_in(&world, "returnTo=/a%26b&orgCode=+aCME-2026", &person).await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/a&b")));
    let page = browser.open(&world, "/auth/login").await;
    assert!(page.text().contains("name=\"orgCode\" value=\"aCME-2026\""), "it is remembered");

    let mut chinese = Browser::in_wecom();
    let page = chinese.open(&world, "/auth/login").await;
    assert!(page.text().contains("<html lang=\"zh-CN\">") && page.text().contains("组织代码"));
    // Two look-ups are done; thirty a minute are one client's, by any door.
    for _ in 2..30 {
        assert_eq!(browser.open(&world, "/auth/login?orgCode=nobody").await.status, 404);
    }
    let limited = browser.open(&world, "/auth/login?orgCode=Acme-2026").await;
    is_page(&limited, 429, "Too many attempts");
    assert!(limited.header("retry-after").is_some());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_browser_that_began_may_end_it() {
    let world = world().await;
    let (person, query) = (world.person(COMPANY_A), format!("corpId={COMPANY_A}"));
    let calls = || world.sandbox.calls("auth/getuserinfo");
    let before = calls();
    // Login CSRF: somebody else's code and state, in a browser with a login of its own under way.
    let mut attacker = Browser::new();
    let link = attacker.begin(&world, &query).await;
    let theirs = as_person(&world, &link, &person).await;
    let mut victim = Browser::new();
    victim.begin(&world, &query).await;
    for mut browser in [Browser::new(), victim.clone()] {
        is_page(&browser.open(&world, &theirs).await, 403, "not begun in this browser");
    }
    // A cookie of one state under the name of another, a forged one, a link without a proper state.
    let content = victim.cookies[0].1.clone();
    let mut planted = victim.clone();
    planted.cookies = vec![(format!("wecom_state_{}", state_of(&link)), content)];
    is_page(&planted.open(&world, &theirs).await, 403, "not begun in this browser");
    planted.cookies[0].1 = "bm9uc2Vuc2U".to_owned();
    is_page(&planted.open(&world, &theirs).await, 403, "not begun in this browser");
    for query in ["", "?code=c", "?code=c&state=", "?code=c&state=abc", "?code=c&state=a%27%22%3E&state=b"] {
        is_page(
            &victim.open(&world, &format!("/auth/callback{query}")).await,
            400,
            "This login link is not right",
        );
    }
    assert_eq!(calls(), before, "nothing of this reaches WeCom");
    assert_eq!(attacker.open(&world, &theirs).await.status, 303, "and the code is not burnt");
    let head = world.host(Ask::new("HEAD", "/auth/callback?code=c")).await;
    assert_eq!((head.status, head.header("allow")), (405, Some("GET")));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_may_be_refused_fail_and_end_in_time() {
    let world = world().await;
    let (person, query) = (world.person(COMPANY_A), format!("corpId={COMPANY_A}&returnTo=/a"));
    let mut browser = Browser::new();
    let link = browser.begin(&world, &query).await;
    let refused = browser.open(&world, &at_wecom(&world, &link, "sandboxAnswer=no").await).await;
    is_page(&refused, 403, "The login was cancelled");
    assert!(refused.text().contains(&format!("href=\"/auth/login?returnTo=/a&amp;corpId={COMPANY_A}\"")));
    // A code that is no good leaves the state as it is: the next scan goes through.
    let state = state_of(&link);
    let wrong = browser.open(&world, &format!("/auth/callback?code=nonsense&state={state}")).await;
    is_page(&wrong, 401, "The login has expired");
    assert!(wrong.text().contains("CODE_INVALID"));
    assert_eq!(browser.open(&world, &as_person(&world, &link, &person).await).await.status, 303);
    // Spent, though the cookie is there again and the code is new.
    let mut again = browser.clone();
    let link = again.begin(&world, &query).await;
    let mut copy = again.clone();
    assert_eq!(again.open(&world, &as_person(&world, &link, &person).await).await.status, 303);
    is_page(&copy.open(&world, &as_person(&world, &link, &person).await).await, 401, "This login is over");

    let mut late = Browser::new();
    let link = late.begin(&world, &query).await;
    let back = as_person(&world, &link, &person).await;
    world.advance(Duration::from_mins(10));
    let over = late.open(&world, &back).await;
    is_page(&over, 401, "This login is over");
    assert!(over.text().contains("href=\"/auth/login?returnTo=/a&amp;corpId="));
    assert_eq!(late.pending(), 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_come_in_is_told_why() {
    let world = world().await;
    let (person, query) = (world.person(COMPANY_A), format!("corpId={COMPANY_A}"));
    let mut browser = Browser::new();
    for (query, text) in [
        (format!("corpId={CLOSED}"), "LOGIN_DISABLED"),
        ("corpId=wwnobody".to_owned(), "CORP_NOT_AUTHORIZED"),
    ] {
        let reply = browser.open(&world, &format!("/auth/login?{query}")).await;
        is_page(&reply, 403, text);
        assert_eq!(browser.pending(), 0);
    }
    let stranger = world.special(COMPANY_A, "non-member");
    is_page(
        &browser.log_in(&world, &format!("{query}&mode=workbench"), &stranger).await,
        403,
        "not a member",
    );
    let hidden = world.special(COMPANY_A, "invisible");
    is_page(
        &browser.log_in(&world, &format!("{query}&mode=workbench"), &hidden).await,
        403,
        "not open to you",
    );
    let chinese = Browser::in_wecom().log_in(&world, &query, &hidden).await;
    is_page(&chinese, 403, "您没有使用该应用的权限");

    for (fault, status, text) in [
        (json!({"api": "auth/getuserinfo", "times": 1, "errcode": 701008}), 403, "no interface licence"),
        (json!({"api": "auth/getuserinfo", "times": 1, "httpStatus": 500}), 502, "WeCom does not answer"),
    ] {
        let link = browser.begin(&world, &query).await;
        let back = as_person(&world, &link, &person).await;
        send(world.sandbox.addr(), &Ask::post("/sandbox/faults").json(&fault)).await;
        is_page(&browser.open(&world, &back).await, status, text);
    }

    // A cancel ends the logins that are under way, and a new authorisation does not bring them back.
    let link = browser.begin(&world, &query).await;
    let back = as_person(&world, &link, &person).await;
    assert!(world.sandbox.cancel(COMPANY_A).await.unwrap().succeeded());
    world.settled_records().await;
    is_page(&browser.open(&world, &back).await, 403, "has not authorised the app");
    world.install(SUITE, COMPANY_A).await;
    is_page(&browser.open(&world, &as_person(&world, &link, &person).await).await, 401, "This login is over");
    assert_eq!(browser.log_in(&world, &query, &person).await.status, 303);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tabs_do_not_disturb_each_other() {
    let world = World::start(
        &AxumAdapter,
        Layout::Auth,
        Setup::new().installed(&[(SUITE, COMPANY_A), (SUITE, CODES_OFF)]),
    )
    .await;
    let (person, query) = (world.person(COMPANY_A), format!("corpId={COMPANY_A}"));
    let mut browser = Browser::new();
    let one = browser.begin(&world, &format!("{query}&returnTo=/one")).await;
    // The setting codeLogin is about codes from elsewhere.
    let two = browser.begin(&world, &format!("corpId={CODES_OFF}&returnTo=/two")).await;
    assert_eq!(browser.pending(), 2);
    let other = world.person(CODES_OFF);
    let reply = browser.open(&world, &as_person(&world, &two, &other).await).await;
    assert_eq!(reply.header("location"), Some("/two"));
    let first = browser.cookie("wecom_login").unwrap().to_owned();
    assert_eq!(world.hello(&first).await, 200);
    let reply = browser.open(&world, &as_person(&world, &one, &person).await).await;
    assert_eq!(reply.header("location"), Some("/one"));
    // The session that the browser held before is over; the new token is another one.
    assert_ne!(browser.cookie("wecom_login"), Some(first.as_str()));
    assert_eq!(world.hello(&first).await, 401);
    // A stale cookie is in nobody's way.
    browser.cookies = vec![("wecom_login".to_owned(), first)];
    assert_eq!(browser.log_in(&world, &query, &person).await.status, 303);

    // Logins that are never ended do not pile up.
    for _ in 0..20 {
        browser.begin(&world, &query).await;
    }
    assert_eq!(browser.pending(), 8);
    let link = browser.begin(&world, &query).await;
    assert_eq!(browser.open(&world, &as_person(&world, &link, &person).await).await.status, 303);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_logout_the_login_waits_for_a_click() {
    let world = world().await;
    let (person, query) = (world.person(COMPANY_A), format!("corpId={COMPANY_A}"));
    let mut browser = Browser::in_wecom();
    assert_eq!(browser.log_in(&world, &query, &person).await.status, 303);
    let token = browser.cookie("wecom_login").unwrap().to_owned();
    let cookie = format!("wecom_login={token}");
    let logout = Ask::post("/logout").header("cookie", cookie).header("sec-fetch-site", "same-origin");
    let reply = world.ours(logout).await;
    reply.no_content();
    browser.keep(&reply);
    assert_eq!(browser.cookie("wecom_login"), None);

    let target = format!("/auth/login?{query}&returnTo=/a&mode=workbench");
    for target in
        [target.clone(), format!("{target}&confirm=yes"), format!("{target}&confirm={}", "0".repeat(32))]
    {
        is_page(&browser.open(&world, &target).await, 200, "您已退出登录");
    }
    let page = browser.open(&world, &target).await;
    let proceed = page.text().split("class=\"button\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let reply = browser.open(&world, &proceed.replace("&amp;", "&")).await;
    assert_eq!(reply.status, 302);
    let back = as_person(&world, reply.header("location").unwrap(), &person).await;
    assert_eq!(browser.open(&world, &back).await.header("location"), Some("/a"));
    browser.begin(&world, &query).await;
    // Who logs out with a bearer is no browser.
    let token = world.token(COMPANY_A, &person).await;
    assert_eq!(world.ours(Ask::post("/logout").bearer(&token)).await.header("set-cookie"), None);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_back_stays_on_this_origin() {
    let world = world().await;
    let (person, query) = (world.person(COMPANY_A), format!("corpId={COMPANY_A}"));
    let mut browser = Browser::new();
    for (return_to, location) in [
        ("%2Fa%3Fb%3Dc%23d", "/a?b=c#d"),
        ("%2F%2Fevil.example", "/"),
        ("%2F%5Cevil.example", "/"),
        ("%252f%252fevil.example", "/"),
        ("%2F%252fevil.example", "/"),
        ("https%3A%2F%2Fevil.example", "/"),
        ("https%3Aevil.example", "/"),
        ("%2F%09%2Fevil.example", "/"),
        ("%2Fa%0d%0aSet-Cookie%3A%20a%3Db", "/"),
        ("%2F..%2F%2Fevil.example", "/"),
        ("%2F%2Fa%40evil.example", "/"),
    ] {
        let reply = browser.log_in(&world, &format!("{query}&returnTo={return_to}"), &person).await;
        assert_eq!((reply.status, reply.header("location")), (303, Some(location)), "{return_to}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_https_every_cookie_is_bound_to_the_host() {
    let setup = Setup::new().configure(|builder| builder.public_url("https://app.example.com"));
    let world = World::start(&AxumAdapter, Layout::Auth, setup).await;
    world.sandbox.change_settings(json!({"trustedDomain": "app.example.com"})).await.unwrap();
    let person = world.person(COMPANY_A);
    let mut browser = Browser::new();
    let link = browser.begin(&world, &format!("corpId={COMPANY_A}")).await;
    assert!(link.contains("redirect_uri=https%3A%2F%2Fapp.example.com%2Fauth%2Fcallback&"), "{link}");
    let state = state_of(&link);
    assert!(browser.cookie(&format!("__Host-wecom_state_{state}")).is_some());
    let back = as_person(&world, &link, &person).await;
    // The bare name is what a sibling host could plant.
    let mut planted = browser.clone();
    planted.cookies[0].0 = format!("wecom_state_{state}");
    is_page(&planted.open(&world, &back).await, 403, "not begun in this browser");
    let reply = browser.open(&world, &back).await;
    assert_eq!(reply.status, 303);
    assert!(reply.all("set-cookie").all(|line| line.starts_with("__Host-") && line.contains("; Secure")));
    assert!(browser.cookie("__Host-wecom_login").unwrap().starts_with("wl_"));
    world.end().await;
}

/// Everybody is one and the same user, in the companies that are written here.
#[derive(Clone, Default)]
struct OneUser(Arc<Mutex<Vec<Principal>>>);

impl Binder for OneUser {
    fn bind<'a>(&'a self, _: &'a ProvenPerson) -> HookFuture<'a, Result<Option<String>>> {
        Box::pin(async { Ok(Some("one".to_owned())) })
    }

    fn bound<'a>(&'a self, _: &'a Principal) -> HookFuture<'a, Result<Option<String>>> {
        Box::pin(async { Ok(Some("one".to_owned())) })
    }

    fn companies<'a>(&'a self, _: &'a str, _: &'a Principal) -> HookFuture<'a, Result<Vec<Principal>>> {
        Box::pin(async { Ok(self.0.lock().unwrap().clone()) })
    }

    fn unbind<'a>(&'a self, _: &'a Principal) -> HookFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn rebind<'a>(&'a self, _: &'a Principal, _: &'a Principal) -> HookFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_in_several_companies_chooses_one() {
    let binder = OneUser::default();
    let given = binder.clone();
    let setup = Setup::new().configure(|builder| builder.binder(given));
    let world = World::start(&AxumAdapter, Layout::Auth, setup).await;
    let (other, person) = (world.open_corp(), world.person(COMPANY_A));
    let there = world.person(&other);
    binder.0.lock().unwrap().push(Principal::new(
        SuiteId::new(SUITE).unwrap(),
        CorpId::new(&other).unwrap(),
        UserId::new(&there).unwrap(),
    ));
    let query = format!("corpId={COMPANY_A}&returnTo=/a");
    let mut browser = Browser::new();
    let page = browser.log_in(&world, &query, &person).await;
    is_page(&page, 200, "Choose a company");
    let links: Vec<String> = page
        .text()
        .split("<li><a href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&"))
        .collect();
    assert_eq!(links.len(), 2);
    assert!(
        links[0].ends_with(&format!("&corpId={COMPANY_A}"))
            && links[1].ends_with(&format!("&corpId={other}"))
    );
    assert_eq!(browser.pending(), 0);

    // The link is worth nothing in another browser, and another company is not entered.
    is_page(&Browser::new().open(&world, &links[1]).await, 403, "not begun in this browser");
    let mut copy = browser.clone();
    let reply = browser.open(&world, &links[1]).await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/a")));
    let me = browser.me(&world).await;
    assert_eq!((&me["user"]["corpId"], &me["user"]["thirdUserId"]), (&json!(other), &json!(there)));
    assert_eq!(me["session"]["platform"], "web");
    assert_eq!(me["session"]["instance"], "auths.QywxProxyDefault", "the instance that serves this company");
    is_page(&browser.open(&world, &links[0]).await, 403, "not begun in this browser");
    is_page(&copy.open(&world, &links[0]).await, 401, "This login is over");

    let mut browser = Browser::new();
    let page = browser.log_in(&world, &query, &person).await;
    let own =
        page.text().split("<li><a href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let elsewhere = own.replace(COMPANY_A, "wwnobody");
    let mut wrong = browser.clone();
    is_page(&wrong.open(&world, &elsewhere).await, 403, "You may not enter this company");
    is_page(&browser.open(&world, &own).await, 401, "This login is over");
    world.end().await;
}
