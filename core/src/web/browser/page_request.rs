//! One request for a page, and the answers that it can get.

use std::net::IpAddr;

use http::{HeaderMap, Response};

use crate::error::{Error, ErrorKind};
use crate::random;
use crate::vault::KeyRing;
use crate::web::browser::cookies::BrowserCookies;
use crate::web::browser::language::Language;
use crate::web::browser::pages::{ErrorPage, PageError, PageFrame, PageRenderer};
use crate::web::browser::templates;
use crate::web::config::HttpConfig;
use crate::web::http_service::HttpDeps;
use crate::web::problem::{BEARER_CHALLENGE, ceil_seconds};
use crate::web::request::RoutedRequest;
use crate::web::response::{REDIRECT_CSP, ResponseBody, ResponseExt as _, empty, with_body};

use crate::wecom::Hosts;

pub(super) struct PageRequest<'a> {
    pub(super) deps: &'a HttpDeps,
    pub(super) request: &'a RoutedRequest,
    pub(super) cookies: BrowserCookies<'a>,
    pub(super) language: Language,
}

impl<'a> PageRequest<'a> {
    pub(super) fn new(deps: &'a HttpDeps, request: &'a RoutedRequest) -> Self {
        let language = Language::from_headers(&request.headers);
        Self {
            deps,
            request,
            cookies: BrowserCookies::new(&deps.config.cookie_names),
            language,
        }
    }

    pub(super) fn headers(&self) -> &'a HeaderMap {
        &self.request.headers
    }

    pub(super) fn client(&self) -> Option<IpAddr> {
        Some(self.request.client)
    }

    pub(super) fn config(&self) -> &'a HttpConfig {
        &self.deps.config
    }

    pub(super) fn keys(&self) -> &'a KeyRing {
        &self.deps.keys
    }

    pub(super) fn hosts(&self) -> &'a Hosts {
        &self.deps.hosts
    }

    /// The path of the login page with these parameters.
    pub(super) fn login_path(&self, query: &[(&str, &str)]) -> String {
        self.config().path_with("/login", query)
    }

    /// A page. `framed` is the one origin that it may frame.
    pub(super) fn page(
        &self,
        status: u16,
        framed: Option<&str>,
        write: impl FnOnce(&dyn PageRenderer, &PageFrame) -> String,
    ) -> Response<ResponseBody> {
        let look = &self.config().page_config;
        let frame = PageFrame::new(self.language, random::hex::<16>(), look.branding.clone());
        let policy = policy(&frame, look.has_custom_pages, framed, self.hosts());
        html(status, write(&*look.pages, &frame), policy)
    }

    pub(super) fn error(&self, error: PageError, retry_url: String) -> Response<ResponseBody> {
        self.ended(error, retry_url, None)
    }

    /// The same, with a link into the app.
    pub(super) fn ended(
        &self,
        error: PageError,
        retry_url: String,
        continue_url: Option<String>,
    ) -> Response<ResponseBody> {
        self.error_page(&ErrorPage {
            error,
            errcode: None,
            retry_after: None,
            retry_url,
            continue_url,
        })
    }

    pub(super) fn failed(&self, error: &Error, retry_url: String) -> Response<ResponseBody> {
        tracing::debug!(target: "wecom_login", %error, "a login in a browser was refused");
        self.error_page(&ErrorPage {
            error: PageError::Failed(error.kind()),
            errcode: error.errcode(),
            retry_after: error.retry_after(),
            retry_url,
            continue_url: None,
        })
    }

    fn error_page(&self, page: &ErrorPage) -> Response<ResponseBody> {
        let status = page.error.status();
        let mut response = self.page(status, None, |pages, frame| pages.error(frame, page));
        if let Some(wait) = page.retry_after {
            response = response.with_header("retry-after", ceil_seconds(wait).to_string());
        }
        if status == 401 {
            response.with_header("www-authenticate", BEARER_CHALLENGE)
        } else {
            response
        }
    }

    /// The answer to a browser that prefetches what it must not have before the person asks for it. It asks again then.
    pub(super) fn not_now(&self) -> Response<ResponseBody> {
        let error = PageError::Failed(ErrorKind::StoreUnavailable);
        self.error(error, self.login_path(&[]))
    }

    /// A redirect. `location` is a path of ours, a link to WeCom, or a page of the host app.
    pub(super) fn redirect(
        &self,
        status: u16,
        location: impl AsRef<str>,
    ) -> Response<ResponseBody> {
        redirect(status, location)
    }
}

pub(super) fn redirect(status: u16, location: impl AsRef<str>) -> Response<ResponseBody> {
    secured(empty(status), REDIRECT_CSP).with_header("location", location)
}

/// The page of a request that broke.
pub(super) fn broken(
    config: &HttpConfig,
    hosts: &Hosts,
    language: Language,
) -> Response<ResponseBody> {
    let error = PageError::Failed(ErrorKind::Internal);
    let retry_url = config.path_of("/login");
    let page = ErrorPage {
        error,
        errcode: None,
        retry_after: None,
        retry_url,
        continue_url: None,
    };
    let frame = PageFrame::new(
        language,
        random::hex::<16>(),
        config.page_config.branding.clone(),
    );
    html(
        error.status(),
        templates::error(&frame, &page),
        policy(&frame, false, None, hosts),
    )
}

fn html(status: u16, html: String, policy: String) -> Response<ResponseBody> {
    secured(with_body(status, "text/html; charset=utf-8", html), policy)
}

fn secured(response: Response<ResponseBody>, policy: impl AsRef<str>) -> Response<ResponseBody> {
    response
        .with_header("content-security-policy", policy)
        .with_header("referrer-policy", "no-referrer")
}

/// The policy of a page; with `has_custom_pages` the host app's styles, pictures and fonts may be on it.
fn policy(
    frame: &PageFrame,
    has_custom_pages: bool,
    framed: Option<&str>,
    hosts: &Hosts,
) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'{own}; img-src 'self' data:; \
         font-src{font}; frame-src {framed}; form-action {targets}; base-uri 'none'; frame-ancestors 'none'",
        nonce = frame.nonce(),
        own = if has_custom_pages { " 'self'" } else { "" },
        font = if has_custom_pages {
            " 'self'"
        } else {
            " 'none'"
        },
        framed = framed.unwrap_or("'none'"),
        targets = form_targets(hosts),
    )
}

/// Where forms lead: to us, and on by redirects to WeCom, which browsers count as the form's doing.
fn form_targets(hosts: &Hosts) -> String {
    let mut targets = String::from("'self'");
    for host in [hosts.oauth(), hosts.qr()] {
        let origin = origin(host);
        // WeCom's pages lead on among themselves.
        let target = if origin.ends_with(".weixin.qq.com") {
            "https://*.weixin.qq.com"
        } else {
            origin
        };
        if !targets.split(' ').any(|known| known == target) {
            targets.push(' ');
            targets.push_str(target);
        }
    }
    targets
}

fn origin(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |position| position + 3);
    url[authority..]
        .find('/')
        .map_or(url, |end| &url[..authority + end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_lead_to_us_and_to_wecom() {
        assert_eq!(
            form_targets(&Hosts::default()),
            "'self' https://*.weixin.qq.com"
        );
        let sandbox = Hosts::all_at("http://127.0.0.1:3001/box").unwrap();
        assert_eq!(form_targets(&sandbox), "'self' http://127.0.0.1:3001");
    }
}
