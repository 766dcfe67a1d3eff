//! The way in with the admin key, and out.

use askama::Template;
use http::Response;

use crate::audit::Actor;
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::RefusedRequest;
use crate::web::admin::{AdminIdentity, is_about_keys};
use crate::web::console::identity::{Identity, clear_cookie, login_cookie};
use crate::web::console::input::PageInput;
use crate::web::console::request::{CONSOLE_PATH, ConsoleRequest};
use crate::web::console::shell::Shell;
use crate::web::navigation::is_from_another_site;
use crate::web::problem::ceil_seconds;
use crate::web::response::{ResponseBody, ResponseExt as _};
use crate::web::route::{ConsoleRoute, Endpoint};
use crate::web::routes;

/// Where somebody was going who has to log in first, below the mount.
const NEXT: &str = "next";

#[derive(Template)]
#[template(path = "console/login.html")]
struct LoginTemplate<'a> {
    shell: &'a Shell,
    title: &'a str,
    action: String,
    next: &'a str,
    /// What was wrong with the key.
    problem: Option<&'a str>,
    /// The login of the host app, where its users may be administrators.
    login_url: Option<String>,
}

#[derive(Template)]
#[template(path = "console/continue.html")]
struct ContinueTemplate<'a> {
    shell: &'a Shell,
    title: &'a str,
    url: String,
}

/// `/admin/login`.
pub(super) async fn answer(console: &ConsoleRequest<'_>) -> Result<Response<ResponseBody>> {
    let admin = &console.deps.config.admin;
    let input = PageInput::read(console)?;
    let next = next_of(&input, console.is_post());
    if admin.key().is_none() {
        if console.is_post() {
            return Err(Error::new(ErrorKind::Forbidden, "there is no admin key"));
        }
        return Ok(console.redirect(
            &console
                .deps
                .config
                .login_path(&next_path(console, &next), None),
        ));
    }
    if console.is_post() {
        return log_in(console, &input, &next);
    }
    // A session of the app may be of somebody whom the predicate does not let in, and who has the key.
    let identity = Identity::find(console).await?;
    if identity.is_some_and(|identity| matches!(identity.administrator, AdminIdentity::Key)) {
        return Ok(console.redirect(&console.deps.config.path_of(&next)));
    }
    Ok(form(console, 200, &next, None))
}

/// The way to the login, for a page that needs one.
///
/// # Errors
/// `UNAUTHENTICATED`: it was a form.
pub(super) fn required(console: &ConsoleRequest<'_>) -> Result<Response<ResponseBody>> {
    if console.is_post() {
        return Err(Error::new(
            ErrorKind::Unauthenticated,
            "nobody is logged in to the console",
        ));
    }
    if let Some(page) = click_first(console) {
        return Ok(page);
    }
    Ok(console.redirect(&login_url(console)))
}

/// The page that waits for a click, where a link of another site led here.
pub(super) fn click_first(console: &ConsoleRequest<'_>) -> Option<Response<ResponseBody>> {
    // A browser sends no strict cookie with a link from another site; it does with the click on a page of ours.
    if console.is_post() || !is_from_another_site(&console.request.headers) {
        return None;
    }
    let shell = Shell::bare(&console.deps.config, console.language);
    let template = ContinueTemplate {
        title: shell.say("打开控制台", "Open the console"),
        url: console.deps.config.path_of(&console.path_and_query()),
        shell: &shell,
    };
    Some(console.page(200, &shell, &template))
}

/// The login with the admin key, which leads back here.
pub(super) fn login_url(console: &ConsoleRequest<'_>) -> String {
    let next = console.path_and_query();
    let is_start = console.route == ConsoleRoute::Overview || console.is_post();
    let next: &[(&str, &str)] = if is_start { &[] } else { &[(NEXT, &next)] };
    console.url("/login", next)
}

/// Ends a login with the admin key.
pub(super) fn log_out(console: &ConsoleRequest<'_>) -> Response<ResponseBody> {
    console
        .redirect(&console.url("/login", &[]))
        .with_header("set-cookie", clear_cookie(&console.deps.config))
}

fn log_in(
    console: &ConsoleRequest<'_>,
    input: &PageInput,
    next: &str,
) -> Result<Response<ResponseBody>> {
    let deps = console.deps;
    let Some(key) = deps.config.admin.key() else {
        return Err(Error::new(ErrorKind::Forbidden, "there is no admin key"));
    };
    let given = input.fields.iter().find(|(name, _)| name == "adminKey");
    let Some(given) = given.and_then(|(_, value)| value.as_str()) else {
        let missing = console.language.choose(
            "请输入管理密钥（adminKey）。",
            "Enter the admin key (adminKey).",
        );
        return Ok(form(console, 400, next, Some(missing)));
    };
    let client = console.request.client;
    if let Err(error) = deps.config.admin.check_key(key, given.as_bytes(), client) {
        if is_about_keys(&error) {
            deps.refusals
                .record(RefusedRequest::Admin, &error, Some(client), None);
        }
        let problem = match error.kind() {
            ErrorKind::RateLimited => console.language.choose(
                "错误的密钥过多，请稍等一分钟后再试。",
                "Too many wrong keys. Wait a minute and try again.",
            ),
            _ => console.language.choose("密钥不正确。", "The key is wrong."),
        };
        let response = form(console, error.kind().status(), next, Some(problem));
        return Ok(match error.retry_after() {
            Some(wait) => response.with_header("retry-after", ceil_seconds(wait).to_string()),
            None => response,
        });
    }
    let cookie = login_cookie(&deps.config, &deps.keys, key, deps.store.now())?;
    deps.admin.with_actor(Actor::Key).audit_login(client);
    Ok(console
        .redirect(&deps.config.path_of(next))
        .with_header("set-cookie", cookie))
}

fn form(
    console: &ConsoleRequest<'_>,
    status: u16,
    next: &str,
    problem: Option<&str>,
) -> Response<ResponseBody> {
    let config = &console.deps.config;
    let mut shell = Shell::bare(config, console.language);
    shell.language_url = Some(console.language_url());
    let has_users = config.admin.predicate().is_some();
    let template = LoginTemplate {
        title: shell.say("登录控制台", "Log in to the console"),
        action: console.url("/login", &[]),
        next,
        problem,
        login_url: has_users.then(|| config.login_path(&next_path(console, next), None)),
        shell: &shell,
    };
    console.page(status, &shell, &template)
}

/// Where somebody goes after the login, as a path of the host app.
fn next_path(console: &ConsoleRequest<'_>, next: &str) -> String {
    format!("{}{next}", console.deps.config.mount.as_str())
}

/// A page of the console, below the mount; the first one unless another is named.
fn next_of(input: &PageInput, is_post: bool) -> String {
    let named = if is_post {
        let field = input.fields.iter().find(|(name, _)| name == NEXT);
        field.and_then(|(_, value)| value.as_str())
    } else {
        let parameter = input.query.iter().find(|(name, _)| name == NEXT);
        parameter.map(|(_, value)| &**value)
    };
    named
        .filter(|next| is_page(next))
        .unwrap_or(CONSOLE_PATH)
        .to_owned()
}

/// Whether a text is path and query of a page of the console that can be opened.
fn is_page(next: &str) -> bool {
    let path = next.split('?').next().unwrap_or_default();
    // What follows the path is a query; a fragment is never sent.
    let is_plain = next
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\\#\"<>".contains(&byte));
    let route = routes::find(path).map(|(route, _)| route);
    is_plain
        && route.is_some_and(|route| {
            route.takes("GET")
                && matches!(route.endpoint, Endpoint::Console(page) if page != ConsoleRoute::Login)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn login_leads_to_pages_of_the_console_only() {
        for next in [
            "/admin",
            "/admin/corps?q=%E4%BC%81",
            "/admin/corps/ww1?suiteId=dk1",
            "/admin/people/a%2Fb",
        ] {
            assert!(is_page(next), "{next}");
        }
        for next in [
            "",
            "/",
            "/me",
            "//evil.example",
            "https://evil.example/admin",
            "/admin/login",
            "/admin/logout",
            "/admin/api/corps",
            "/admin/corps/ww1/read",
            "/admin/../me",
            "/admin\\..\\",
            "/admin?x\r\nset-cookie: a=b",
            "/admin?x=企",
            "/adminx",
        ] {
            assert!(!is_page(next), "{next}");
        }
    }
}
