//! The messages that apps sent, in the form that the template shows.

use serde_json::Value;

use crate::store::{Message, Store};

/// A message.
pub(super) struct MessageView<'a> {
    pub(super) corp_name: &'a str,
    pub(super) member_name: &'a str,
    pub(super) msgtype: &'a str,
    pub(super) content: Vec<Segment>,
}

/// A part of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) text: String,
    /// An http or https link; empty for plain text.
    pub(super) href: String,
}

impl Segment {
    fn plain(text: &str) -> Self {
        Self::link(text, "")
    }

    fn link(text: &str, href: &str) -> Self {
        Self {
            text: text.to_owned(),
            href: href.to_owned(),
        }
    }
}

impl<'a> MessageView<'a> {
    pub(super) fn new(store: &'a Store, message: &'a Message) -> Self {
        let corp = store.corp(&message.corp_key);
        let member = corp.and_then(|corp| corp.member_by_key(&message.member_key));
        Self {
            corp_name: corp.map_or("", |corp| &corp.name),
            member_name: member.map_or("", |member| &member.name),
            msgtype: &message.msgtype,
            content: segments(&message.content),
        }
    }
}

/// A text with its links, a card with the link that it is, the JSON of another message.
fn segments(content: &Value) -> Vec<Segment> {
    if let Some(text) = content.as_str() {
        return text_segments(text);
    }
    let field = |name: &str| content[name].as_str().unwrap_or_default();
    if is_link(field("url")) {
        return vec![
            Segment::link(field("title"), field("url")),
            Segment::plain(&format!(" {}", field("description"))),
        ];
    }
    vec![Segment::plain(&content.to_string())]
}

/// The `<a href="…">` of a text are links (D/90236), and so is a bare URL.
fn text_segments(text: &str) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut rest = text;
    while let Some(start) = rest
        .find("<a href=\"")
        .into_iter()
        .chain(url_start(rest))
        .min()
    {
        let (before, link) = rest.split_at(start);
        let Some((segment, length)) = anchor(link).or_else(|| bare_url(link)) else {
            break;
        };
        if !before.is_empty() {
            segments.push(Segment::plain(before));
        }
        segments.push(segment);
        rest = &link[length..];
    }
    if !rest.is_empty() {
        segments.push(Segment::plain(rest));
    }
    segments
}

/// The link that the text begins with, and its length.
fn anchor(text: &str) -> Option<(Segment, usize)> {
    let (href, after) = text.strip_prefix("<a href=\"")?.split_once('"')?;
    let (label, after) = after.split_once('>')?.1.split_once("</a>")?;
    is_link(href).then(|| (Segment::link(label, href), text.len() - after.len()))
}

fn bare_url(text: &str) -> Option<(Segment, usize)> {
    let end = text
        .find(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '，' | '。'))
        .unwrap_or(text.len());
    let url = &text[..end];
    is_link(url).then(|| (Segment::link(url, url), end))
}

fn url_start(text: &str) -> Option<usize> {
    text.find("http://")
        .into_iter()
        .chain(text.find("https://"))
        .min()
}

fn is_link(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn segments_link_only_to_http() {
        let plain = Segment::plain;
        let link = Segment::link;
        for (content, expected) in [
            (json!("你好"), vec![plain("你好")]),
            (
                json!("see <a href=\"https://a.example/?x=1\">this</a>!"),
                vec![
                    plain("see "),
                    link("this", "https://a.example/?x=1"),
                    plain("!"),
                ],
            ),
            (
                json!("http://a.example/b，好"),
                vec![
                    link("http://a.example/b", "http://a.example/b"),
                    plain("，好"),
                ],
            ),
            (
                json!("<a href=\"javascript:alert(1)\">x</a>"),
                vec![plain("<a href=\"javascript:alert(1)\">x</a>")],
            ),
            (
                json!({"title": "T", "description": "D", "url": "http://a.example/"}),
                vec![link("T", "http://a.example/"), plain(" D")],
            ),
            (
                json!({"media_id": "m"}),
                vec![plain("{\"media_id\":\"m\"}")],
            ),
        ] {
            assert_eq!(segments(&content), expected, "{content}");
        }
    }
}
