//! Cuts XML into its pieces: only as much of XML as WeCom writes, and nothing is built.
//!
//! A DTD, an entity outside CDATA and a processing instruction are refused here. Whether what is opened is closed, and
//! in which order, is for the caller to see.

use memchr::{memchr, memchr_iter, memchr2};

use crate::callback::fields::{Unreadable, is_space};

/// A piece of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// `<name …>`.
    Open(&'a str),
    /// `</name>`.
    Close(&'a str),
    /// `<name …/>`.
    Empty(&'a str),
    /// What stands between two tags, as it is.
    Text(&'a str),
    /// What stands within `<![CDATA[` and `]]>`, as it is.
    CData(&'a str),
    /// `<?xml …?>`.
    Declaration,
    /// `<!-- … -->`.
    Comment,
}

/// The pieces of a document that are still to come.
pub(super) struct Markup<'a> {
    rest: &'a str,
}

impl<'a> Markup<'a> {
    pub(super) const fn of(document: &'a str) -> Self {
        Self { rest: document }
    }

    /// The next piece; `None` at the end of the document.
    pub(super) fn next(&mut self) -> Result<Option<Piece<'a>>, Unreadable> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let piece = match self.rest.strip_prefix('<') {
            None => self.text(),
            Some(tag) => match tag.as_bytes().first() {
                Some(b'/') => self.closing_tag(),
                Some(b'!') if tag.starts_with("![CDATA[") => {
                    self.until("<![CDATA[", "]]>").map(Piece::CData)
                }
                Some(b'!') if tag.starts_with("!--") => {
                    self.until("<!--", "-->").map(|_| Piece::Comment)
                }
                Some(b'?') => self.declaration(),
                Some(b'!') | None => Err(Unreadable),
                Some(_) => self.opening_tag(),
            },
        };
        piece.map(Some)
    }

    fn text(&mut self) -> Result<Piece<'a>, Unreadable> {
        let end = memchr2(b'<', b'&', self.rest.as_bytes()).unwrap_or(self.rest.len());
        let text = self.take(end);
        if self.rest.starts_with('&') {
            Err(Unreadable)
        } else {
            Ok(Piece::Text(text))
        }
    }

    fn closing_tag(&mut self) -> Result<Piece<'a>, Unreadable> {
        let name = self.until("</", ">")?;
        Ok(Piece::Close(name.trim_end_matches(is_space)))
    }

    fn opening_tag(&mut self) -> Result<Piece<'a>, Unreadable> {
        let end = end_of_tag(self.rest.as_bytes()).ok_or(Unreadable)?;
        let tag = &self.take(end + 1)[1..end];
        let (tag, is_empty) = tag
            .strip_suffix('/')
            .map_or((tag, false), |tag| (tag, true));
        let name = tag.split(is_space).next().unwrap_or(tag);
        if name.is_empty() || memchr(b'&', tag.as_bytes()).is_some() {
            return Err(Unreadable);
        }
        Ok(if is_empty {
            Piece::Empty(name)
        } else {
            Piece::Open(name)
        })
    }

    fn declaration(&mut self) -> Result<Piece<'a>, Unreadable> {
        let instruction = self.until("<?", "?>")?;
        let is_declaration = instruction
            .strip_prefix("xml")
            .is_some_and(|rest| rest.starts_with(is_space));
        if is_declaration {
            Ok(Piece::Declaration)
        } else {
            Err(Unreadable)
        }
    }

    /// Takes what stands between `begin`, with which the rest begins, and `end`, which ends in `>`.
    fn until(&mut self, begin: &str, end: &str) -> Result<&'a str, Unreadable> {
        let after = &self.rest.as_bytes()[begin.len()..];
        let ends_here = |&at: &usize| after[..=at].ends_with(end.as_bytes());
        let last = memchr_iter(b'>', after).find(ends_here).ok_or(Unreadable)?;
        let whole = self.take(begin.len() + last + 1);
        Ok(&whole[begin.len()..whole.len() - end.len()])
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }
}

/// Where the `>` is that ends a tag: not within the quotes of an attribute.
fn end_of_tag(tag: &[u8]) -> Option<usize> {
    let mut quote = None;
    tag.iter().position(|&byte| {
        match (quote, byte) {
            (None, b'>') => return true,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(document: &str) -> Result<Vec<Piece<'_>>, Unreadable> {
        let mut markup = Markup::of(document);
        let mut pieces = Vec::new();
        while let Some(piece) = markup.next()? {
            pieces.push(piece);
        }
        Ok(pieces)
    }

    #[test]
    fn a_document_is_cut_where_its_markup_is() {
        use Piece::{CData, Close, Comment, Declaration, Empty, Open, Text};
        let document = "<?xml version='1.0'?>\n<xml a='>' b=\"/'>\"><A >x > y</A\t><!-- <B> -- --><B c/>\
            <![CDATA[ </xml> ]] ]>]]></xml>";
        let expected = [
            Declaration,
            Text("\n"),
            Open("xml"),
            Open("A"),
            Text("x > y"),
            Close("A"),
            Comment,
            Empty("B"),
            CData(" </xml> ]] ]>"),
            Close("xml"),
        ];
        assert_eq!(pieces(document).unwrap(), expected);
        assert_eq!(pieces("").unwrap(), []);
    }

    #[test]
    fn what_never_ends_is_refused() {
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
            "<![CDATA[",
            "<![CDATA[]]",
            "<?xml ",
            "<?xml ?",
        ] {
            assert_eq!(pieces(bad), Err(Unreadable), "{bad}");
        }
    }

    #[test]
    fn what_could_mean_something_else_is_refused() {
        for bad in [
            "<>",
            "< a>",
            "</a",
            "<//>&",
            "&amp;",
            "a&b",
            "<a b='&amp;'>",
            "<a&b>",
            "<!DOCTYPE a>",
            "<!ENTITY a 'b'>",
            "<!x>",
            "<?a?>",
            "<?xml?>",
            "<?xmlx ?>",
            "<?XML ?>",
        ] {
            assert_eq!(pieces(bad), Err(Unreadable), "{bad}");
        }
        assert_eq!(
            pieces("<![CDATA[&amp;]]>").unwrap(),
            [Piece::CData("&amp;")]
        );
    }
}
