//! The escaping of text in HTML, by our templates and by host apps.

use std::fmt;

use askama::filters::Escaper as _;

/// Text, safe in HTML and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    HtmlEscaper
        .write_escaped_str(&mut escaped, text)
        .expect("writing into a String does not fail");
    escaped
}

/// The escaper of the templates (`askama.toml`). It writes named entities, as `PageFrame::escape` always has; askama's
/// own writes numbers.
#[derive(Clone, Copy, Debug)]
pub(in crate::web) struct HtmlEscaper;

impl askama::filters::Escaper for HtmlEscaper {
    fn write_escaped_str<W: fmt::Write>(&self, mut dest: W, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(position) = rest.find(['&', '<', '>', '"', '\'']) {
            let (plain, special) = rest.split_at(position);
            dest.write_str(plain)?;
            dest.write_str(match special.as_bytes()[0] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            })?;
            rest = &special[1..];
        }
        dest.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_covers_html_metacharacters() {
        assert_eq!(
            escape("<b a=\"1\" c='2'>&"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;"
        );
        assert_eq!(escape("a·文<"), "a·文&lt;");
    }
}
