//! The walk over the children of an XML root.
//!
//! quick-xml's `Reader` splits the document. WeCom writes no DTD, no reference outside CDATA and no processing
//! instruction; each of them can make one text mean two things, so a document that has one is rejected.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesDecl, BytesStart, Event};

use crate::callback::fields::{FieldText, Unreadable, is_space, trim};

/// The root is at depth 1. WeCom's deepest message, an `ExtAttr` of `change_contact`, has 5 (D/96302).
const MAX_DEPTH: usize = 8;
const MAX_ELEMENTS: usize = 256;

/// Calls `visit` for each child of the root `<xml>`.
pub(super) fn each_child<'a>(
    document: &'a str,
    visit: impl FnMut(&str, FieldText<'a>),
) -> Result<(), Unreadable> {
    // The caller has removed one byte order mark; the reader would remove another.
    if document.starts_with('\u{feff}') {
        return Err(Unreadable);
    }
    let mut reader = Reader::from_str(document);
    let mut walk = Walk {
        visit,
        depth: 0,
        elements: 0,
        declared: false,
        field: None,
    };
    loop {
        match reader.read_event().map_err(|_| Unreadable)? {
            Event::Start(tag) => walk.open(&tag)?,
            // The reader skips quoted text in a closing tag.
            Event::End(tag) if tag.contains('>') => return Err(Unreadable),
            Event::End(tag) => walk.close(tag.name().as_ref())?,
            Event::Empty(tag) => {
                walk.open(&tag)?;
                walk.close(tag.name().as_ref())?;
            }
            Event::CData(_) if walk.depth == 0 => return Err(Unreadable),
            Event::Text(text) => walk.text(text.into_inner())?,
            Event::CData(text) => walk.text(text.into_inner())?,
            Event::Decl(declaration) => walk.declare(&declaration)?,
            Event::Comment(_) => {}
            Event::PI(_) | Event::DocType(_) | Event::GeneralRef(_) => return Err(Unreadable),
            Event::Eof => break,
        }
    }
    if walk.depth == 0 && walk.elements > 0 {
        Ok(())
    } else {
        Err(Unreadable)
    }
}

struct Walk<'a, F> {
    visit: F,
    depth: usize,
    elements: usize,
    declared: bool,
    /// The text so far of the child that is open.
    field: FieldText<'a>,
}

impl<'a, F: FnMut(&str, FieldText<'a>)> Walk<'a, F> {
    fn open(&mut self, tag: &BytesStart<'_>) -> Result<(), Unreadable> {
        let name = tag.name();
        let name: &str = name.as_ref();
        // The reader does not look into attributes.
        let has_reference = tag.contains('&');
        let second_root = self.depth == 0 && self.elements > 0;
        let wrong_root = self.depth == 0 && name != "xml";
        let too_large = self.depth == MAX_DEPTH || self.elements == MAX_ELEMENTS;
        if name.is_empty() || has_reference || second_root || wrong_root || too_large {
            return Err(Unreadable);
        }
        self.depth += 1;
        self.elements += 1;
        // A field with an element in it has no text.
        self.field = (self.depth == 2).then_some(Cow::Borrowed(""));
        Ok(())
    }

    /// The reader has checked that `name` is the one that was opened.
    fn close(&mut self, name: &str) -> Result<(), Unreadable> {
        self.depth = self.depth.checked_sub(1).ok_or(Unreadable)?;
        if self.depth == 1 {
            let field = self.field.take();
            (self.visit)(name, field.map(trim));
        }
        Ok(())
    }

    fn text(&mut self, piece: Cow<'a, str>) -> Result<(), Unreadable> {
        if self.depth == 0 && !piece.trim_matches(is_space).is_empty() {
            return Err(Unreadable);
        }
        let Some(text) = &mut self.field else {
            return Ok(());
        };
        // Blanks before the CDATA are trimmed anyway; dropping them here saves the copy.
        if text.trim_matches(is_space).is_empty() {
            *text = piece;
        } else {
            text.to_mut().push_str(&piece);
        }
        Ok(())
    }

    fn declare(&mut self, declaration: &BytesDecl<'_>) -> Result<(), Unreadable> {
        // `<?xml?>` declares nothing.
        if self.declared || self.elements > 0 || &**declaration == "xml" {
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
        each_child(text, |name, text| {
            fields.push((name.to_owned(), text.map(Cow::into_owned)))
        })?;
        Ok(fields)
    }

    fn field(inner: &str) -> Option<String> {
        fields(&format!("<xml><F>{inner}</F></xml>"))
            .unwrap()
            .remove(0)
            .1
    }

    #[test]
    fn text_is_joined_trimmed_and_borrowed() {
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
        assert_eq!(
            field("<![CDATA[</F><G>&amp;<!DOCTYPE x>]]>").unwrap(),
            "</F><G>&amp;<!DOCTYPE x>"
        );
    }

    #[test]
    fn nested_elements_are_no_fields() {
        let fields =
            fields("<?xml version=\"1.0\"?>\n<xml a='b'><A>x<B>y</B>z</A><C/></xml>\n<!-- end -->")
                .unwrap();
        assert_eq!(
            fields,
            [
                ("A".to_owned(), None),
                ("C".to_owned(), Some(String::new()))
            ]
        );
    }

    #[test]
    fn documents_wecom_never_writes_are_rejected() {
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
    fn depth_and_element_count_are_limited() {
        let nested = |depth: usize| {
            format!(
                "<xml>{}{}</xml>",
                "<a>".repeat(depth - 1),
                "</a>".repeat(depth - 1)
            )
        };
        assert!(fields(&nested(MAX_DEPTH)).is_ok());
        assert!(fields(&nested(MAX_DEPTH + 1)).is_err());
        let flat = |elements: usize| format!("<xml>{}</xml>", "<a/>".repeat(elements - 1));
        assert!(fields(&flat(MAX_ELEMENTS)).is_ok());
        assert!(fields(&flat(MAX_ELEMENTS + 1)).is_err());
    }

    #[test]
    fn markup_ends_where_its_form_says() {
        let document = "<?xml version='1.0'?>\n<xml a='>' b=\"/'>\"><A >x > y</A\t><!-- <B> -- --><B c/>\
            <C><![CDATA[ </xml> ]] ]>]]></C><![CDATA[ </xml> ]] ]>]]></xml>";
        let expected = [("A", "x > y"), ("B", ""), ("C", "</xml> ]] ]>")]
            .map(|(name, text)| (name.to_owned(), Some(text.to_owned())));
        assert_eq!(fields(document).unwrap(), expected);
    }

    #[track_caller]
    fn assert_rejected_anywhere(markup: &str) {
        for document in [
            markup.to_owned(),
            format!("{markup}<xml/>"),
            format!("<xml>{markup}</xml>"),
            format!("<xml><F>{markup}</F></xml>"),
        ] {
            assert_eq!(fields(&document), Err(Unreadable), "{document}");
        }
    }

    #[test]
    fn unclosed_markup_is_rejected() {
        for bad in [
            "<",
            "<a",
            "<a b='>",
            "<a b='\">",
            "</a",
            "<!",
            "<!-",
            "<!--",
            "<!-->",
            "<!--->",
            "<![CDATA[",
            "<![CDATA[]]",
            "<?xml ",
            "<?xml ?",
        ] {
            assert_rejected_anywhere(bad);
        }
    }

    #[test]
    fn ambiguous_markup_is_rejected() {
        for bad in [
            "<>",
            "< a>",
            "</a",
            "<//>&",
            "&amp;",
            "a&b",
            "<a b='&amp;'>",
            "<a b='&amp;'/>",
            "<a&b>",
            "<!DOCTYPE a>",
            "<!ENTITY a 'b'>",
            "<!x>",
            "<?a?>",
            "<?xml?>",
            "<?xmlx ?>",
            "<?XML ?>",
            "\u{feff}<?xml ?>",
            "<a'>'></a'>'>",
        ] {
            assert_rejected_anywhere(bad);
        }
        assert_eq!(field("<![CDATA[&amp;]]>").unwrap(), "&amp;");
    }
}
