//! Walks over the children of an XML root.
//!
//! No DTD, no entity, no processing instruction: WeCom writes none, and each is a way to say one thing and mean another.

use std::borrow::Cow;

use crate::callback::fields::{FieldText, Unreadable, is_space, trim};
use crate::callback::markup::{Markup, Piece};

/// The root is at depth 1. WeCom's deepest message, an `ExtAttr` of `change_contact`, has 5 (D/96302).
const MAX_DEPTH: usize = 8;
const MAX_ELEMENTS: usize = 256;

/// Calls `visit` for each child of the root `<xml>`.
pub(super) fn each_child<'a>(
    text: &'a str,
    visit: impl FnMut(&str, FieldText<'a>),
) -> Result<(), Unreadable> {
    let mut markup = Markup::of(text);
    let mut walk = Walk {
        visit,
        open: [""; MAX_DEPTH],
        depth: 0,
        elements: 0,
        declared: false,
        field: None,
    };
    while let Some(piece) = markup.next()? {
        match piece {
            Piece::Open(name) => walk.open(name)?,
            Piece::Close(name) => walk.close(name)?,
            Piece::Empty(name) => {
                walk.open(name)?;
                walk.close(name)?;
            }
            Piece::CData(_) if walk.depth == 0 => return Err(Unreadable),
            Piece::Text(text) | Piece::CData(text) => walk.text(text)?,
            Piece::Declaration => walk.declare()?,
            Piece::Comment => {}
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
    /// The names of the elements that are open; so many as `depth` says.
    open: [&'a str; MAX_DEPTH],
    depth: usize,
    elements: usize,
    declared: bool,
    /// The text so far of the child that is open.
    field: FieldText<'a>,
}

impl<'a, F: FnMut(&str, FieldText<'a>)> Walk<'a, F> {
    fn open(&mut self, name: &'a str) -> Result<(), Unreadable> {
        let second_root = self.depth == 0 && self.elements > 0;
        let wrong_root = self.depth == 0 && name != "xml";
        if second_root || wrong_root || self.depth == MAX_DEPTH || self.elements == MAX_ELEMENTS {
            return Err(Unreadable);
        }
        self.open[self.depth] = name;
        self.depth += 1;
        self.elements += 1;
        // What has an element in it is no text.
        self.field = (self.depth == 2).then_some(Cow::Borrowed(""));
        Ok(())
    }

    fn close(&mut self, name: &str) -> Result<(), Unreadable> {
        self.depth = self.depth.checked_sub(1).ok_or(Unreadable)?;
        if self.open[self.depth] != name {
            return Err(Unreadable);
        }
        if self.depth == 1 {
            let field = self.field.take();
            (self.visit)(name, field.map(trim));
        }
        Ok(())
    }

    fn text(&mut self, piece: &'a str) -> Result<(), Unreadable> {
        if self.depth == 0 && !piece.trim_matches(is_space).is_empty() {
            return Err(Unreadable);
        }
        let Some(text) = &mut self.field else {
            return Ok(());
        };
        // Blanks before the CDATA are trimmed anyway; dropping them here saves the copy.
        if text.trim_matches(is_space).is_empty() {
            *text = Cow::Borrowed(piece);
        } else {
            text.to_mut().push_str(piece);
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
        assert_eq!(
            field("<![CDATA[</F><G>&amp;<!DOCTYPE x>]]>").unwrap(),
            "</F><G>&amp;<!DOCTYPE x>"
        );
    }

    #[test]
    fn what_is_nested_is_no_field_and_its_parent_no_text() {
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
}
