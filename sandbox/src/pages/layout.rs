//! The layout and headers of every page, and the error page.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use wecom_login::web::Language;

use crate::WARNING;

/// [`WARNING`] in Chinese.
const WARNING_ZH: &str = "这是企业微信沙箱：能访问它的任何人都可以以任何人的身份登录。";

/// The fields of `layout.html`; every page has them as `layout`.
pub(super) struct Layout {
    pub(super) language: Language,
    pub(super) title: &'static str,
    pub(super) body_class: &'static str,
    /// Runs after the body.
    pub(super) script: &'static str,
    /// The sources of `frame-ancestors` in the Content-Security-Policy.
    pub(super) frame_ancestors: String,
    pub(super) referrer_policy: &'static str,
    /// Of the style and the script.
    pub(super) nonce: String,
}

impl Layout {
    /// The layout of a login page: no script, no frames, no referrer.
    pub(super) fn new(language: Language, title: &'static str) -> Self {
        Self {
            language,
            title,
            body_class: "login",
            script: "",
            frame_ancestors: "'none'".to_owned(),
            referrer_policy: "no-referrer",
            nonce: crate::random::url_safe(22),
        }
    }

    /// The text in the language of the page.
    pub(super) const fn say(&self, zh: &'static str, en: &'static str) -> &'static str {
        self.language.choose(zh, en)
    }

    /// The response with a page that has this layout.
    pub(super) fn render(&self, status: StatusCode, page: &impl Template) -> Response {
        let html = page
            .render()
            .expect("a template renders to a string without I/O");
        let nonce = &self.nonce;
        let policy = format!(
            "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; \
             img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors {}",
            self.frame_ancestors
        );
        let headers = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
            (header::CONTENT_SECURITY_POLICY, policy),
            (header::CACHE_CONTROL, "no-store".to_owned()),
            (header::REFERRER_POLICY, self.referrer_policy.to_owned()),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        ];
        (status, headers, html).into_response()
    }

    pub(super) const fn warning(&self) -> &'static str {
        self.say(WARNING_ZH, WARNING)
    }

    pub(super) const fn style(&self) -> &'static str {
        include_str!("../../templates/style.css")
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    layout: Layout,
    reason: &'a str,
}

/// A page that says why a request was rejected.
pub(super) fn error_page(
    language: Language,
    status: StatusCode,
    title: &'static str,
    reason: &str,
) -> Response {
    let page = ErrorPage {
        layout: Layout::new(language, title),
        reason,
    };
    page.layout.render(status, &page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_escapes_html_metacharacters() {
        let layout = Layout::new(Language::En, "Title");
        let html = ErrorPage {
            layout,
            reason: "<b a=\"1\" c='2'>&",
        }
        .render()
        .unwrap();
        assert!(
            html.contains("<p>&#60;b a=&#34;1&#34; c=&#39;2&#39;&#62;&#38;</p>"),
            "{html}"
        );
    }
}
