//! The origins whose pages act for a person: the public URL's, and those that the host app allows.

use crate::error::{Error, ErrorKind, Result};
use crate::web::public_url::PublicUrl;
use crate::web::request::{Headers, only};
use crate::web::websocket;

/// The public URL's origin, and the further ones of
/// [`Builder::allowed_origins`](crate::Builder::allowed_origins). `Host` is never used, because the request chooses it.
#[derive(Clone, Debug)]
pub(crate) struct Origins {
    own: Box<str>,
    allowed: Box<[Box<str>]>,
}

impl Origins {
    /// The public URL's origin alone.
    pub(crate) fn new(public_url: &PublicUrl) -> Self {
        Self {
            own: public_url.origin().into(),
            allowed: Box::default(),
        }
    }

    /// The same with further ones.
    ///
    /// # Errors
    /// `CONFIG_ERROR`: one is not `https://host[:port]`; http is for this machine, or for `insecure`.
    pub(crate) fn with_allowed(self, origins: &[String], insecure: bool) -> Result<Self> {
        let allowed = origins.iter().map(|origin| parse(origin, insecure));
        Ok(Self {
            allowed: allowed.collect::<Result<_>>()?,
            ..self
        })
    }

    /// The allowed origin that a URL begins with, and what follows it: a path, a query, a fragment or nothing.
    pub(crate) fn strip_allowed<'a>(&self, url: &'a str) -> Option<(&str, &'a str)> {
        self.allowed.iter().find_map(|origin| {
            let rest = url.strip_prefix(&**origin)?;
            (rest.is_empty() || rest.starts_with('/')).then_some((&**origin, rest))
        })
    }

    /// Refuses an unsafe method, and a WebSocket handshake, unless the browser says that a page of ours or of an allowed
    /// origin sent it: by `Sec-Fetch-Site` and `Origin`.
    ///
    /// # Errors
    /// `CROSS_SITE`.
    pub(super) fn require_same_origin(
        &self,
        method: &str,
        headers: &(impl Headers + ?Sized),
    ) -> Result<()> {
        let is_safe = matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE");
        if is_safe && !websocket::is_handshake(method, headers) {
            return Ok(());
        }
        let origin = only(headers, "origin");
        let is_same = if headers.values("sec-fetch-site").next().is_some() {
            only(headers, "sec-fetch-site") == Some(b"same-origin")
        } else {
            origin == Some(self.own.as_bytes())
        };
        if is_same || origin.is_some_and(|origin| self.allows(origin)) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::CrossSite,
            "a cookie alone does not authenticate a request from another site",
        ))
    }

    /// Refuses what a page of another site sent to a route that anybody may call: a browser says so by `Sec-Fetch-Site`, or
    /// by an `Origin` that is neither ours nor allowed. Clients other than browsers send neither.
    ///
    /// # Errors
    /// `CROSS_SITE`.
    pub(super) fn refuse_other_sites(&self, headers: &(impl Headers + ?Sized)) -> Result<()> {
        if only(headers, "origin").is_some_and(|origin| self.allows(origin)) {
            return Ok(());
        }
        let is_own_origin = headers
            .values("origin")
            .all(|origin| origin == self.own.as_bytes());
        if is_own_origin && !is_cross_site(headers) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::CrossSite,
            "another site's page may not ask for this",
        ))
    }

    /// Whether the host app allows this origin.
    fn allows(&self, origin: &[u8]) -> bool {
        self.allowed
            .iter()
            .any(|allowed| allowed.as_bytes() == origin)
    }
}

fn parse(origin: &str, insecure: bool) -> Result<Box<str>> {
    let url = if insecure {
        PublicUrl::insecure(origin)
    } else {
        PublicUrl::new(origin)
    };
    match url {
        Ok(url) if url.path().is_empty() => Ok(url.origin().into()),
        _ => Err(Error::new(
            ErrorKind::Config,
            "allowed_origins must be origins, such as https://app.example.com: https, or http on this machine, without \
             a path",
        )),
    }
}

/// Refuses what a page of another site loads without leading the person here: a picture, a script, a frame.
///
/// # Errors
/// `CROSS_SITE`.
pub(super) fn refuse_embedding_by_other_sites(headers: &(impl Headers + ?Sized)) -> Result<()> {
    let is = |name, value: &[u8]| headers.values(name).all(|sent| sent == value);
    if !is_cross_site(headers)
        || (is("sec-fetch-mode", b"navigate") && is("sec-fetch-dest", b"document"))
    {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::CrossSite,
        "another site's page may lead here, and not load this",
    ))
}

fn is_cross_site(headers: &(impl Headers + ?Sized)) -> bool {
    headers
        .values("sec-fetch-site")
        .any(|site| site == b"cross-site")
}

#[cfg(test)]
mod tests;
