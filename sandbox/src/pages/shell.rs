//! The frame of every page: one style, in light and dark, and nothing from elsewhere.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use wecom_login::web::{Language, PageFrame};

use crate::WARNING;

/// Text, safe in HTML and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    PageFrame::escape(text)
}

/// A page: `title` is text, `body` is HTML, `script` runs after it.
pub(super) struct Page<'a> {
    pub(super) language: Language,
    pub(super) status: StatusCode,
    pub(super) class: &'static str,
    pub(super) title: &'a str,
    pub(super) body: &'a str,
    pub(super) script: &'static str,
    /// Who may show it in a frame, as `frame-ancestors` has it.
    pub(super) framed_by: &'a str,
}

impl<'a> Page<'a> {
    /// A login page.
    pub(super) const fn new(language: Language, title: &'a str, body: &'a str) -> Self {
        Self {
            language,
            status: StatusCode::OK,
            class: "login",
            title,
            body,
            script: "",
            framed_by: "'none'",
        }
    }

    pub(super) fn response(&self) -> Response {
        let form = self.class == "authorise";
        let nonce = crate::random::url_safe(22);
        let script = match self.script {
            "" => String::new(),
            script => format!("<script nonce=\"{nonce}\">{script}</script>"),
        };
        let html = format!(
            "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
             <style nonce=\"{nonce}\">{STYLE}</style>\n</head>\n<body class=\"{class}\">\n\
             <aside class=\"banner\">{warning}</aside>\n{body}\n{script}</body>\n</html>\n",
            lang = self.language.tag(),
            title = escape(self.title),
            class = self.class,
            warning = self.language.choose(WARNING_ZH, WARNING),
            body = self.body,
        );
        let policy = format!(
            "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; \
             img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors {}",
            self.framed_by
        );
        let headers = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
            (header::CONTENT_SECURITY_POLICY, policy),
            (header::CACHE_CONTROL, "no-store".to_owned()),
            // A form sends its Origin only with a referrer, and the guard wants it.
            (
                header::REFERRER_POLICY,
                if form { "same-origin" } else { "no-referrer" }.to_owned(),
            ),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        ];
        (self.status, headers, html).into_response()
    }
}

/// The language of a page: what `lang` says (D/98174), else what the browser prefers.
pub(super) fn language(query: Option<&str>, headers: &HeaderMap) -> Language {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    for (name, value) in pairs {
        match (&*name, &*value) {
            ("lang", "zh") => return Language::Zh,
            ("lang", "en") => return Language::En,
            _ => {}
        }
    }
    let accepted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    Language::of_accept_language(accepted.unwrap_or_default())
}

/// A page that says why something does not go on. `why` is text.
pub(super) fn refusal(language: Language, status: StatusCode, title: &str, why: &str) -> Response {
    let body = format!(
        "<main class=\"card\"><h1>{}</h1><p>{}</p><p class=\"quiet\"><a href=\"/sandbox\">{}</a></p></main>",
        escape(title),
        escape(why),
        language.choose("打开控制台", "Open the console"),
    );
    Page {
        status,
        ..Page::new(language, title, &body)
    }
    .response()
}

/// [`WARNING`] in Chinese.
const WARNING_ZH: &str = "这是企业微信沙箱：能访问它的任何人都可以以任何人的身份登录。";

const STYLE: &str = include_str!("style.css");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_a_text() {
        assert_eq!(
            escape("<b a=\"1\" c='2'>&"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;"
        );
    }
}
