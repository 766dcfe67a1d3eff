//! The pages of the login, each replaceable: what is on it is data, how it looks is HTML.

use std::fmt;
use std::time::Duration;

use crate::error::ErrorKind;
use crate::web::browser::branding::Branding;
use crate::web::browser::language::Language;
use crate::web::browser::{escape, templates};

/// Writes the pages of the login. Override the ones that your app shows in its own way; the rest stay ours.
///
/// Each method gets the data of a page and gives the whole HTML document. Headers are ours: the document runs and
/// loads nothing but scripts and styles that carry [`PageFrame::nonce`], and the host app's own style sheets, pictures
/// and fonts. Names come from companies' administrators: escape whatever is text ([`PageFrame::escape`]).
///
/// ```
/// use wecom_login::web::{ErrorPage, PageFrame, PageRenderer};
///
/// struct Ours;
///
/// impl PageRenderer for Ours {
///     fn error(&self, frame: &PageFrame, page: &ErrorPage) -> String {
///         let (title, what_to_do) = page.text(frame.language());
///         let retry_url = PageFrame::escape(&page.retry_url);
///         frame.layout(title, &format!("<h1>{title}</h1><p>{what_to_do} <a href=\"{retry_url}\">…</a></p>"))
///     }
/// }
/// ```
pub trait PageRenderer: Send + Sync + 'static {
    /// Asks for the organisation code: a GET form to `page.action`.
    fn organization_code(&self, frame: &PageFrame, page: &OrganizationCodePage) -> String {
        templates::organization_code(frame, page)
    }

    /// DbWaitTracker for a click, after a logout.
    fn confirm(&self, frame: &PageFrame, page: &ConfirmPage) -> String {
        templates::confirm(frame, page)
    }

    /// Asks which company to enter: links.
    fn corp_selection(&self, frame: &PageFrame, page: &CorpSelectionPage) -> String {
        templates::corp_selection(frame, page)
    }

    /// Shows WeCom's QR code by WeCom's script; only with [`Builder::qr_panel`](crate::Builder::qr_panel).
    fn qr_panel(&self, frame: &PageFrame, page: &QrPanelPage) -> String {
        templates::qr_panel(frame, page)
    }

    /// Says why a login does not go on, and what helps.
    fn error(&self, frame: &PageFrame, page: &ErrorPage) -> String {
        templates::error(frame, page)
    }
}

/// Our own pages.
pub(super) struct DefaultPages;

impl PageRenderer for DefaultPages {}

/// What all pages have.
#[derive(Clone, Debug)]
pub struct PageFrame {
    language: Language,
    nonce: String,
    branding: Branding,
}

impl PageFrame {
    pub(super) const fn new(language: Language, nonce: String, branding: Branding) -> Self {
        Self {
            language,
            nonce,
            branding,
        }
    }

    /// The language that the browser prefers.
    #[must_use]
    pub const fn language(&self) -> Language {
        self.language
    }

    /// The `nonce` of every script and style of this page.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// Name, logo and colours of the host app.
    #[must_use]
    pub const fn branding(&self) -> &Branding {
        &self.branding
    }

    /// A whole document in our look; `title` is text, `body` is HTML.
    #[must_use]
    pub fn layout(&self, title: &str, body: &str) -> String {
        templates::document(self, title, body)
    }

    /// The one of two texts that is in the page's language.
    pub(super) const fn say<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        self.language.choose(zh, en)
    }

    pub(super) fn has_header(&self) -> bool {
        self.branding.name().is_some() || self.branding.logo().is_some()
    }

    /// Text, safe in HTML and in quoted attributes.
    #[must_use]
    pub fn escape(text: &str) -> String {
        escape::escape(text)
    }
}

/// The page that asks for the organisation code.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OrganizationCodePage {
    /// Where the form goes, by GET. The field is called `orgCode`.
    pub action: String,
    /// The hidden fields.
    pub hidden_fields: Vec<(&'static str, String)>,
    /// What the field holds from the beginning: the code that is no good, or the one of the last login.
    pub prefilled: String,
    /// The code that was sent is of no company.
    pub is_unknown: bool,
}

/// The page that waits for a click.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConfirmPage {
    /// The link that goes on.
    pub continue_url: String,
}

/// The page that asks which company to enter.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CorpSelectionPage {
    /// The companies; the first is the one that the person was proven in.
    pub corps: Vec<CorpOption>,
}

/// A company that the person may enter.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CorpOption {
    /// Its name, as its administrator wrote it.
    pub name: String,
    /// The link that enters it.
    pub url: String,
}

/// The page with WeCom's QR code.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QrPanelPage {
    /// The URL of WeCom's script.
    pub script_url: String,
    /// Its digest.
    pub integrity: Option<String>,
    /// The `params` of `createWWLoginPanel`: JSON that can stand in a script.
    pub parameters: String,
    /// WeCom's own page with the QR code.
    pub qr_page_url: String,
}

/// The page that says why a login does not go on.
#[derive(Clone)]
#[non_exhaustive]
pub struct ErrorPage {
    /// What went wrong.
    pub error: PageError,
    /// WeCom's number, where WeCom said no.
    pub errcode: Option<i64>,
    /// How long to wait before the next attempt.
    pub retry_after: Option<Duration>,
    /// The link that begins anew, to come back to the same place.
    pub retry_url: String,
    /// The link into the app, where the browser holds a live session all the same: the person went back.
    pub continue_url: Option<String>,
}

/// Why a login does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PageError {
    /// The link is not right: a parameter is unknown, twice there or of no such form.
    BadLink,
    /// The person said no, or WeCom came back without a code.
    Cancelled,
    /// The login was not begun in this browser, or too long ago.
    StateMismatch,
    /// The login took too long, or came back before.
    Expired,
    /// Any row of the table of errors.
    Failed(ErrorKind),
}

impl PageError {
    /// The HTTP status of the page.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::BadLink => 400,
            Self::Expired => 401,
            Self::Cancelled | Self::StateMismatch => 403,
            Self::Failed(kind) => kind.status(),
        }
    }

    /// The code of the table, where the error is a row of it.
    #[must_use]
    pub const fn code(self) -> Option<&'static str> {
        match self {
            Self::BadLink => Some(ErrorKind::ApiParams.code()),
            Self::Failed(kind) => Some(kind.code()),
            Self::Cancelled | Self::StateMismatch | Self::Expired => None,
        }
    }
}

impl ErrorPage {
    /// What happened, and what the person can do.
    #[must_use]
    pub const fn text(&self, language: Language) -> (&'static str, &'static str) {
        crate::web::browser::messages::error_text(self.error, language)
    }
}

impl fmt::Debug for ErrorPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorPage")
            .field("error", &self.error)
            .field("errcode", &self.errcode)
            .finish_non_exhaustive()
    }
}
