//! Where a login goes on that the host app has to finish.

use crate::domain::LinkTicket;

/// A login that stopped because the host app has to find out which of its users the person is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginLink {
    /// The page of the host app that asks the person, as its binder named it.
    pub url: String,
    /// Proves for ten minutes who logged in at WeCom.
    pub ticket: LinkTicket,
}

impl LoginLink {
    pub(crate) const fn new(url: String, ticket: LinkTicket) -> Self {
        Self { url, ticket }
    }

    /// The address of the page with the ticket in its query.
    pub(crate) fn location(&self) -> String {
        let (page, fragment) = match self.url.split_once('#') {
            Some((page, fragment)) => (page, format!("#{fragment}")),
            None => (self.url.as_str(), String::new()),
        };
        let separator = if page.contains('?') { '&' } else { '?' };
        // base64url needs no encoding.
        format!("{page}{separator}ticket={}{fragment}", self.ticket.expose())
    }

    /// The text that is stored for the repeats of a browser's login.
    pub(crate) fn to_stored(&self) -> String {
        format!("{} {}", self.ticket.expose(), self.url)
    }

    pub(crate) fn from_stored(text: &str) -> Option<Self> {
        let (ticket, url) = text.split_once(' ')?;
        Some(Self::new(url.to_owned(), LinkTicket::new(ticket)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticket_is_added_to_the_query() {
        for (url, location) in [
            ("/link", "/link?ticket=t"),
            ("/link?a=b", "/link?a=b&ticket=t"),
            (
                "https://app.example/l#x",
                "https://app.example/l?ticket=t#x",
            ),
        ] {
            let link = LoginLink::new(url.to_owned(), LinkTicket::new("t"));
            assert_eq!(link.location(), location);
            assert_eq!(LoginLink::from_stored(&link.to_stored()), Some(link));
        }
    }
}
