//! The frame of our pages: one style, in light and dark, and nothing from elsewhere.

use crate::web::browser::pages::PageFrame;

const STYLE: &str = include_str!("style.css");

/// A whole document; `title` is text, `body` is HTML.
pub(super) fn layout(frame: &PageFrame, title: &str, body: &str) -> String {
    let branding = frame.branding();
    let name = branding.name().map(escape);
    let full_title = name.as_ref().map_or_else(
        || escape(title),
        |name| format!("{} · {name}", escape(title)),
    );
    let logo = branding
        .logo()
        .map(|url| format!("<img src=\"{}\" alt=\"\" height=\"40\">", escape(url)))
        .unwrap_or_default();
    let header = if logo.is_empty() && name.is_none() {
        String::new()
    } else {
        let name = name
            .map(|name| format!("<span>{name}</span>"))
            .unwrap_or_default();
        format!("<header>{logo}{name}</header>\n")
    };
    let colors = branding.colors().map_or_else(String::new, |(light, dark)| {
        format!(":root{{--accent:{light}}}@media (prefers-color-scheme:dark){{:root{{--accent:{dark}}}}}")
    });
    format!(
        "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <title>{full_title}</title>\n<style nonce=\"{nonce}\">{STYLE}{colors}</style>\n</head>\n<body>\n{header}\
         <main>\n{body}\n</main>\n</body>\n</html>\n",
        lang = frame.language().tag(),
        nonce = frame.nonce(),
    )
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::{Branding, Language};

    #[test]
    fn nothing_gets_out_of_a_text() {
        assert_eq!(
            escape("<b a=\"1\" c='2'>&"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;"
        );
    }

    #[test]
    fn the_host_apps_name_logo_and_colors_are_there() {
        let branding = Branding::new()
            .with_name("A & B")
            .with_logo("/l.svg")
            .unwrap();
        let branding = branding.with_colors("#123456", "#abc").unwrap();
        let page = layout(
            &PageFrame::new(Language::En, "n0".to_owned(), branding),
            "T <i>",
            "<p>body</p>",
        );
        assert!(page.contains("<title>T &lt;i&gt; · A &amp; B</title>"));
        assert!(page.contains("<img src=\"/l.svg\" alt=\"\" height=\"40\"><span>A &amp; B</span>"));
        assert!(page.contains("<style nonce=\"n0\">") && page.contains("--accent:#123456"));
        assert!(page.contains("<html lang=\"en\">") && page.contains("<p>body</p>"));
    }
}
