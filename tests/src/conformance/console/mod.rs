//! The operator's console, as a browser uses it.

mod access;
mod actions;
mod attacks;
mod pages;

pub(super) use self::access::*;
pub(super) use self::actions::*;
pub(super) use self::attacks::*;
pub(super) use self::pages::*;
use crate::app::ADMIN_KEY;
use crate::{TestApp, TestRequest, TestResponse};

/// A browser that is logged in to the console.
struct Console<'a> {
    app: &'a TestApp,
    cookie: String,
}

impl<'a> Console<'a> {
    /// Logs in with the admin key.
    async fn log_in(app: &'a TestApp) -> Self {
        let response = try_key(app, ADMIN_KEY, "203.0.113.200").await;
        assert_eq!(response.status, 303, "{}", response.text());
        let cookie = response.header("set-cookie").unwrap();
        Self {
            app,
            cookie: cookie.split(';').next().unwrap().to_owned(),
        }
    }

    /// With this cookie.
    fn with_cookie(app: &'a TestApp, cookie: impl Into<String>) -> Self {
        Self {
            app,
            cookie: cookie.into(),
        }
    }

    async fn send(&self, request: TestRequest) -> TestResponse {
        let request = request.header("accept-language", "en");
        self.app.send(request.header("cookie", &*self.cookie)).await
    }

    /// Opens a page below `/admin`.
    async fn get(&self, path: &str) -> TestResponse {
        let request = TestRequest::get(format!("/admin{path}"));
        self.send(request.header("sec-fetch-site", "same-origin"))
            .await
    }

    /// Opens a page that has to be there.
    async fn page(&self, path: &str) -> String {
        let response = self.get(path).await;
        is_page(&response, 200);
        response.text().to_owned()
    }

    /// Sends a form below `/admin`, with a token of a page.
    async fn post(&self, path: &str, fields: &str) -> TestResponse {
        let token = self.form_token().await;
        let fields = format!("formToken={token}&{fields}");
        self.send(form(path, &fields)).await
    }

    /// Sends a form that has to do what it says, and opens the page that it leads to.
    async fn done(&self, path: &str, fields: &str) -> String {
        let response = self.post(path, fields).await;
        assert_eq!(response.status, 303, "{path}: {}", response.text());
        let location = response.header("location").unwrap();
        let mount = self.app.layout().prefix();
        let below = location.strip_prefix(mount).unwrap();
        let page = self.page(below.strip_prefix("/admin").unwrap()).await;
        assert!(page.contains("role=\"status\""), "{path}: {page}");
        page
    }

    async fn form_token(&self) -> String {
        token_of(&self.page("/service").await)
    }
}

/// The token of the forms of a page.
fn token_of(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"formToken\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// A form from a page of ours.
fn form(path: &str, fields: &str) -> TestRequest {
    TestRequest::post(format!("/admin{path}"))
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(fields)
}

/// Sends the form of the login.
async fn try_key(app: &TestApp, key: &str, client: &str) -> TestResponse {
    let form = form("/login", &format!("adminKey={key}"));
    app.send(form.forwarded_for(client)).await
}

/// A page of the console with this status: it has the headers that every one has, and no script.
#[track_caller]
fn is_page(response: &TestResponse, status: u16) {
    crate::conformance::rows::console_page(response, status);
}

/// Whether the answer leads to the login.
#[track_caller]
fn leads_to_login(response: &TestResponse) {
    assert_eq!(response.status, 303, "{}", response.text());
    let location = response.header("location").unwrap();
    assert!(location.contains("/admin/login"), "{location}");
}

/// A page that names what is wrong.
#[track_caller]
fn names(response: &TestResponse, status: u16, name: &str) {
    is_page(response, status);
    assert!(
        response.text().contains(name),
        "{name}: {}",
        response.text()
    );
}
