//! One request for a page of the console, and the answers that it can get.

use http::Response;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use askama::Template;

use crate::error::Error;
use crate::random;
use crate::web::browser::{Language, PageFrame};
use crate::web::config::HttpConfig;
use crate::web::console::input::without_parameter;
use crate::web::console::messages::error_text;
use crate::web::console::shell::{ErrorTemplate, Shell, render};
use crate::web::cookie::{find_cookies, set_cookie};
use crate::web::http_service::HttpDeps;
use crate::web::problem::{BEARER_CHALLENGE, ceil_seconds};
use crate::web::request::{Headers, RoutedRequest};
use crate::web::response::{REDIRECT_CSP, ResponseBody, ResponseExt as _, empty, with_body};
use crate::web::route::ConsoleRoute;

/// Where the console is, below the mount.
pub(super) const CONSOLE_PATH: &str = "/admin";
/// Holds the language that somebody chose.
const LANGUAGE_COOKIE: &str = "admin_language";
const LANGUAGE_MAX_AGE: std::time::Duration = std::time::Duration::from_hours(365 * 24);
/// What changes the language.
const LANGUAGE_PARAMETER: &str = "lang";

/// The characters of a path segment that are not encoded (RFC 3986, 2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

pub(super) struct ConsoleRequest<'a> {
    pub(super) deps: &'a HttpDeps,
    pub(super) request: &'a RoutedRequest,
    pub(super) route: ConsoleRoute,
    pub(super) language: Language,
}

impl<'a> ConsoleRequest<'a> {
    pub(super) fn new(deps: &'a HttpDeps, request: &'a RoutedRequest, route: ConsoleRoute) -> Self {
        let name = deps
            .config
            .cookie_names
            .full_name_below_path(LANGUAGE_COOKIE);
        let chosen = Headers::values(&request.headers, "cookie")
            .flat_map(|header| find_cookies(header, &name))
            .find_map(parse_language);
        Self {
            deps,
            request,
            route,
            language: chosen.unwrap_or_else(|| Language::from_headers(&request.headers)),
        }
    }

    pub(super) fn is_post(&self) -> bool {
        self.request.method == http::Method::POST
    }

    /// The URL of a page below the console's path.
    pub(super) fn url(&self, path: &str, query: &[(&str, &str)]) -> String {
        let config = &self.deps.config;
        config.path_with(&format!("{CONSOLE_PATH}{path}"), query)
    }

    /// The path and query that were asked for, below the mount.
    pub(super) fn path_and_query(&self) -> String {
        let path = self.own_path();
        match self.request.query.as_str() {
            "" => path,
            query => format!("{path}?{query}"),
        }
    }

    /// The path that was asked for, below the mount.
    fn own_path(&self) -> String {
        let segment = segment(self.request.variable());
        let mut path = self.request.path.to_owned();
        for name in ["{corpId}", "{userId}", "{id}"] {
            path = path.replace(name, &segment);
        }
        path
    }

    /// The answer to a request for the other language: the same page, and a cookie that keeps the choice.
    pub(super) fn other_language(&self) -> Option<Response<ResponseBody>> {
        if self.is_post() {
            return None;
        }
        let (chosen, query) = without_parameter(&self.request.query, LANGUAGE_PARAMETER);
        let language = parse_language(chosen?.as_bytes())?;
        let mut location = self.deps.config.path_of(&self.own_path());
        if !query.is_empty() {
            location = format!("{location}?{query}");
        }
        let names = &self.deps.config.cookie_names;
        let attributes = names.strict_attributes_below(&self.deps.config.path_of(CONSOLE_PATH));
        let cookie = set_cookie(
            &names.full_name_below_path(LANGUAGE_COOKIE),
            language.choose("zh", "en"),
            LANGUAGE_MAX_AGE,
            &attributes,
        );
        Some(self.redirect(&location).with_header("set-cookie", cookie))
    }

    /// The link to this page in the other language.
    pub(super) fn language_url(&self) -> String {
        // The answer to a POST is no page that can be loaded again.
        let (path, query) = if self.is_post() {
            (CONSOLE_PATH.to_owned(), String::new())
        } else {
            (
                self.own_path(),
                without_parameter(&self.request.query, LANGUAGE_PARAMETER).1,
            )
        };
        let other = self.language.other().choose("zh", "en");
        let separator = if query.is_empty() { "" } else { "&" };
        let path = self.deps.config.path_of(&path);
        format!("{path}?{query}{separator}{LANGUAGE_PARAMETER}={other}")
    }

    /// A page.
    pub(super) fn page(
        &self,
        status: u16,
        shell: &Shell,
        template: &impl Template,
    ) -> Response<ResponseBody> {
        html(status, shell.frame.nonce(), render(template))
    }

    pub(super) fn redirect(&self, location: &str) -> Response<ResponseBody> {
        empty(303)
            .with_header("content-security-policy", REDIRECT_CSP)
            .with_header("referrer-policy", "same-origin")
            .with_header("location", location)
    }

    /// The page that says what went wrong.
    pub(super) fn failed(&self, error: &Error) -> Response<ResponseBody> {
        let mut shell = Shell::bare(&self.deps.config, self.language);
        shell.language_url = Some(self.language_url());
        failed(&shell, error, self.url("", &[]), None)
    }

    /// The same for a user of the host app who may not do this, and perhaps has the admin key.
    pub(super) fn forbidden(&self, error: &Error, login_url: String) -> Response<ResponseBody> {
        let mut shell = Shell::bare(&self.deps.config, self.language);
        shell.language_url = Some(self.language_url());
        failed(&shell, error, self.url("", &[]), Some(login_url))
    }
}

/// The error page of a request that got no further.
pub(super) fn error_page(
    config: &HttpConfig,
    language: Language,
    error: &Error,
) -> Response<ResponseBody> {
    let shell = Shell::bare(config, language);
    failed(&shell, error, config.path_of(CONSOLE_PATH), None)
}

fn failed(
    shell: &Shell,
    error: &Error,
    console_url: String,
    login_url: Option<String>,
) -> Response<ResponseBody> {
    let (title, what_to_do) = error_text(error, shell.frame.language());
    let status = error.kind().status();
    // As in a problem: of other statuses the detail goes to the log only.
    let detail = (status == 400 || status == 404).then(|| error.detail());
    let mut codes = error.kind().code().to_owned();
    if let Some(errcode) = error.errcode() {
        codes = format!("{codes} · errcode {errcode}");
    }
    let template = ErrorTemplate {
        shell,
        title,
        what_to_do,
        detail,
        codes,
        console_url,
        login_url,
    };
    let mut response = html(status, shell.frame.nonce(), render(&template));
    if status == 401 {
        response = response.with_header("www-authenticate", BEARER_CHALLENGE);
    }
    if let Some(wait) = error.retry_after() {
        response = response.with_header("retry-after", ceil_seconds(wait).to_string());
    }
    response
}

fn html(status: u16, nonce: &str, html: String) -> Response<ResponseBody> {
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; img-src 'self' data:; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'"
    );
    // A form's Origin would be null under no-referrer.
    with_body(status, "text/html; charset=utf-8", html)
        .with_header("content-security-policy", policy)
        .with_header("referrer-policy", "same-origin")
        .with_header("cross-origin-opener-policy", "same-origin")
        .with_header("cross-origin-resource-policy", "same-origin")
}

/// A frame of a page, with a nonce of its own.
pub(super) fn frame(config: &HttpConfig, language: Language) -> PageFrame {
    let branding = config.page_config.branding.clone();
    PageFrame::new(language, random::hex::<16>(), branding)
}

/// A text as one segment of a path.
pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

fn parse_language(word: &[u8]) -> Option<Language> {
    match word {
        b"zh" => Some(Language::Zh),
        b"en" => Some(Language::En),
        _ => None,
    }
}
