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

const STYLE: &str = "
:root{color-scheme:light dark;--back:#f3f5f8;--card:#fff;--ink:#18202b;--quiet:#566273;--line:#d9dfe7;--soft:#eef2f7;
--main:#1f5fd0;--main-ink:#fff;--good:#11753a;--bad:#b3261e;--warn-back:#fff3d6;--warn-ink:#5c4300}
@media (prefers-color-scheme:dark){:root{--back:#10141a;--card:#191f28;--ink:#e7ecf3;--quiet:#a0acbd;--line:#303a48;
--soft:#222b37;--main:#7fb0ff;--main-ink:#0b1626;--good:#6fd391;--bad:#ff8f86;--warn-back:#3a2f10;--warn-ink:#ffdf91}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);line-height:1.5;
font:16px/1.5 system-ui,-apple-system,'Segoe UI','PingFang SC','Noto Sans CJK SC','Microsoft YaHei',sans-serif}
a{color:var(--main)}
.banner{margin:0;padding:.5rem 1rem;background:var(--warn-back);color:var(--warn-ink);text-align:center;font-size:.875rem}
h1{font-size:1.375rem;line-height:1.25;margin:0 0 .25rem}h2{font-size:1.125rem;margin:0 0 .75rem}h3{font-size:1rem;margin:0}
p{margin:.25rem 0 .75rem}
.quiet,small{color:var(--quiet);font-size:.875rem}
code,pre,textarea,td.num{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.8125rem}
code{overflow-wrap:anywhere}
.card{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:1.25rem;margin:0 0 1rem}
main.card{max-width:27rem;margin:6vh auto 2rem;padding:1.75rem}
@media (max-width:30rem){main.card{margin:1rem}}
button,.button{font:inherit;font-size:.875rem;min-height:2.25rem;padding:.25rem .75rem;border-radius:8px;border:1px solid var(--line);
background:var(--soft);color:var(--ink);cursor:pointer;text-decoration:none;display:inline-flex;align-items:center}
button:hover,.button:hover,.people a:hover{border-color:var(--main)}
button.main,.button.main{background:var(--main);border-color:var(--main);color:var(--main-ink);font-weight:600}
button.danger{color:var(--bad)}button[aria-pressed=true]{background:var(--main);color:var(--main-ink);border-color:var(--main)}
button:disabled{opacity:.55;cursor:default}
:focus-visible{outline:3px solid var(--main);outline-offset:2px}
.row{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center}
.people{list-style:none;margin:1rem 0 0;padding:0;display:grid;gap:.5rem}
.people a,.people button{display:flex;width:100%;gap:.75rem;align-items:center;padding:.6rem .75rem;border:1px solid var(--line);
border-radius:10px;color:inherit;text-decoration:none;text-align:left;background:var(--card);min-height:3.25rem}
.people b{display:block}.people small{display:block;overflow-wrap:anywhere}
.face{flex:none;width:2.25rem;height:2.25rem;border-radius:50%;background:var(--main);color:var(--main-ink);display:grid;
place-items:center;font-weight:600}
.tag{display:inline-block;padding:.05rem .5rem;border-radius:99px;background:var(--soft);border:1px solid var(--line);
font-size:.75rem;color:var(--quiet);white-space:nowrap}
.tag.good{color:var(--good)}.tag.bad{color:var(--bad)}
.code{display:grid;place-items:center;margin:1rem 0}.code svg{width:13.5rem;height:13.5rem;border-radius:8px;display:block}
.wide{max-width:72rem;margin:0 auto;padding:1.25rem 1rem 6rem}
header.top{margin:.5rem 0 1.25rem}
.columns{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,21rem),1fr));align-items:start}
.scroll{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-size:.875rem}th,td{text-align:left;padding:.4rem .6rem .4rem 0;vertical-align:top;
border-bottom:1px solid var(--line)}th{color:var(--quiet);font-weight:600;white-space:nowrap}td.num{text-align:right}
.corp+.corp{margin-top:1.25rem;padding-top:1.25rem;border-top:1px solid var(--line)}
.corp .row{margin-top:.5rem}
details{margin-top:.75rem}summary{cursor:pointer;min-height:1.75rem}
label{display:grid;gap:.25rem;font-size:.875rem;color:var(--quiet)}
input,textarea{font:inherit;font-size:.9375rem;color:var(--ink);background:var(--back);border:1px solid var(--line);border-radius:8px;
padding:.4rem .6rem;width:100%;min-width:0}
form.grid{display:grid;gap:.6rem;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));align-items:end}
#say{position:fixed;inset:auto 1rem 1rem 1rem;margin:0 auto;max-width:44rem;background:var(--ink);color:var(--back);border-radius:10px;
padding:.75rem 1rem;white-space:pre-wrap;overflow-wrap:anywhere;max-height:40vh;overflow:auto}
#say:empty{display:none}
.none{color:var(--quiet);margin:0}
@media (prefers-reduced-motion:no-preference){button,.button,.people a{transition:border-color .12s}}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_a_text() {
        assert_eq!(escape("<b a=\"1\" c='2'>&"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;");
    }
}
