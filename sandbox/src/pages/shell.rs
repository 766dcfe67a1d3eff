//! The frame of every page: one style, in light and dark, and nothing from elsewhere.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::WARNING;

/// Text, safe in HTML and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A page; `title` is text, `body` is HTML, `script` runs after it.
pub(super) fn page(status: StatusCode, class: &str, title: &str, body: &str, script: &str) -> Response {
    let nonce = crate::random::text(22);
    let script = if script.is_empty() {
        String::new()
    } else {
        format!("<script nonce=\"{nonce}\">{script}</script>")
    };
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         </head>\n<body class=\"{class}\">\n<p class=\"banner\" role=\"note\">{WARNING}</p>\n{body}\n{script}</body>\n</html>\n",
        title = escape(title),
    );
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; connect-src 'self'; \
         img-src data:; form-action 'self'; base-uri 'none'{}",
        if class == "login" { "" } else { "; frame-ancestors 'none'" }
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::REFERRER_POLICY, "same-origin".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (status, headers, html).into_response()
}

/// A page that says why something does not go on. `why` is text.
pub(super) fn refusal(status: StatusCode, title: &str, why: &str) -> Response {
    let body = format!(
        "<main class=\"card\"><h1>{}</h1><p>{}</p><p class=\"quiet\"><a href=\"/sandbox\">Open the console</a></p></main>",
        escape(title),
        escape(why)
    );
    page(status, "login", title, &body, "")
}

const STYLE: &str = include_str!("style.css");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_a_text() {
        assert_eq!(escape("<b a=\"1\" c='2'>&"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;");
    }
}
