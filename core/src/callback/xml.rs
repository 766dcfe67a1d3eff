//! Walks over the children of an XML root.
//!
//! No DTD, no entity, no processing instruction: WeCom writes none, and each is a way to say one thing and mean another.

use std::borrow::Cow;

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::callback::fields::{FieldText, Unreadable, is_space, trim};

/// The root is at depth 1. WeCom's deepest message, an `ExtAttr` of `change_contact`, has 5 (D/96302).
const MAX_DEPTH: usize = 8;
const MAX_ELEMENTS: usize = 256;

/// Calls `visit` for each child of the root `<xml>`.
pub(super) fn each_child<'a>(
    text: &'a str,
    visit: impl FnMut(&str, FieldText<'a>),
) -> Result<(), Unreadable> {
    let mut reader = Reader::from_str(text);
    let mut walk = Walk { visit, depth: 0, elements: 0, declared: false, child: None };
    loop {
        match reader.read_event().map_err(|_| Unreadable)? {
            Event::Start(tag) => walk.open(tag)?,
            Event::Empty(tag) => {
                walk.open(tag)?;
                walk.close();
            }
            Event::End(_) => walk.close(),
            Event::Text(text) => walk.text(text.into_inner())?,
            Event::CData(_) if walk.depth == 0 => return Err(Unreadable),
            Event::CData(text) => walk.text(text.into_inner())?,
            Event::Decl(_) => walk.declare()?,
            Event::Comment(_) => {}
            Event::PI(_) | Event::DocType(_) | Event::GeneralRef(_) => return Err(Unreadable),
            Event::Eof if walk.depth == 0 && walk.elements > 0 => return Ok(()),
            Event::Eof => return Err(Unreadable),
        }
    }
}

struct Walk<'a, F> {
    visit: F,
    depth: usize,
    elements: usize,
    declared: bool,
    child: Option<(BytesStart<'a>, FieldText<'a>)>,
}

impl<'a, F: FnMut(&str, FieldText<'a>)> Walk<'a, F> {
    fn open(&mut self, tag: BytesStart<'a>) -> Result<(), Unreadable> {
        let second_root = self.depth == 0 && self.elements > 0;
        self.depth += 1;
        self.elements += 1;
        if second_root
            || self.depth > MAX_DEPTH
            || self.elements > MAX_ELEMENTS
            || tag.attributes_raw().contains('&')
        {
            return Err(Unreadable);
        }
        match self.depth {
            1 if tag.name().as_ref() != "xml" => return Err(Unreadable),
            1 => {}
            2 => self.child = Some((tag, Some(Cow::Borrowed("")))),
            _ => {
                if let Some((_, text)) = &mut self.child {
                    *text = None;
                }
            }
        }
        Ok(())
    }

    fn close(&mut self) {
        if self.depth == 2
            && let Some((tag, text)) = self.child.take()
        {
            (self.visit)(tag.name().as_ref(), text.map(trim));
        }
        // The reader has refused an end without its start.
        self.depth = self.depth.saturating_sub(1);
    }

    fn text(&mut self, piece: Cow<'a, str>) -> Result<(), Unreadable> {
        if self.depth == 0 && !piece.trim_matches(is_space).is_empty() {
            return Err(Unreadable);
        }
        let Some((_, Some(text))) = &mut self.child else { return Ok(()) };
        // Blanks before the CDATA are trimmed anyway; dropping them here saves the copy.
        if text.trim_matches(is_space).is_empty() {
            *text = piece;
        } else {
            text.to_mut().push_str(&piece);
        }
        Ok(())
    }

    fn declare(&mut self) -> Result<(), Unreadable> {
        if self.declared || self.elements > 0 {
            return Err(Unreadable);
        }
        self.declared = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Result<Vec<(String, Option<String>)>, Unreadable> {
        let mut fields = Vec::new();
        each_child(text, |name, text| fields.push((name.to_owned(), text.map(Cow::into_owned))))?;
        Ok(fields)
    }

    fn field(inner: &str) -> Option<String> {
        fields(&format!("<xml><F>{inner}</F></xml>")).unwrap().remove(0).1
    }

    #[test]
    fn text_is_joined_and_trimmed_and_never_copied_without_need() {
        assert_eq!(field(" <![CDATA[suite_ticket]]>").unwrap(), "suite_ticket");
        assert_eq!(field("a<![CDATA[ b ]]><!-- c -->").unwrap(), "a b");
        assert_eq!(field("").unwrap(), "");
        assert_eq!(field("\r\n\t ").unwrap(), "");
        assert_eq!(field("\u{3000}").unwrap(), "\u{3000}");
        each_child("<xml><F> <![CDATA[ a ]]></F></xml>", |_, text| {
            assert!(matches!(text, Some(Cow::Borrowed("a"))));
        })
        .unwrap();
    }

    #[test]
    fn markup_within_cdata_is_text() {
        assert_eq!(field("<![CDATA[</F><G>&amp;<!DOCTYPE x>]]>").unwrap(), "</F><G>&amp;<!DOCTYPE x>");
    }

    #[test]
    fn what_is_nested_is_no_field_and_its_parent_no_text() {
        let fields =
            fields("<?xml version=\"1.0\"?>\n<xml a='b'><A>x<B>y</B>z</A><C/></xml>\n<!-- end -->").unwrap();
        assert_eq!(fields, [("A".to_owned(), None), ("C".to_owned(), Some(String::new()))]);
    }

    #[test]
    fn what_wecom_never_writes_is_refused() {
        for bad in [
            "",
            "text",
            "<xml>",
            "<xml></yml>",
            "<xml/>text",
            "text<xml/>",
            "<xml/><![CDATA[]]>",
            "<xml/><xml/>",
            "</xml>",
            "<XML/>",
            "<!DOCTYPE xml><xml/>",
            "<!doctype xml [<!ENTITY a 'b'>]><xml/>",
            "<xml><A>&amp;</A></xml>",
            "<xml><A>&#65;</A></xml>",
            "<xml><A><B>&a;</B></A></xml>",
            "<xml><A>a & b</A></xml>",
            "<xml b='&lt;'/>",
            "<?php a ?><xml/>",
            "<xml><?a b?></xml>",
            "<xml/><?xml version='1.0'?>",
            "<?xml version='1.0'?><?xml version='1.0'?><xml/>",
            "<xml><![CDATA[</xml>",
            "<xml><A",
        ] {
            assert_eq!(fields(bad), Err(Unreadable), "{bad}");
        }
    }

    #[test]
    fn depth_and_number_of_elements_are_bounded() {
        let nested =
            |depth: usize| format!("<xml>{}{}</xml>", "<a>".repeat(depth - 1), "</a>".repeat(depth - 1));
        assert!(fields(&nested(MAX_DEPTH)).is_ok());
        assert!(fields(&nested(MAX_DEPTH + 1)).is_err());
        let flat = |elements: usize| format!("<xml>{}</xml>", "<a/>".repeat(elements - 1));
        assert!(fields(&flat(MAX_ELEMENTS)).is_ok());
        assert!(fields(&flat(MAX_ELEMENTS + 1)).is_err());
    }
}
