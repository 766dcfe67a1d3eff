//! The login pages as data, and the trait that renders them as HTML.

use std::fmt;
use std::time::Duration;

use crate::error::ErrorKind;
use crate::web::browser::branding::Branding;
use crate::web::browser::language::Language;
use crate::web::browser::{escape, templates};

/// Renders the login pages. Override the methods of the pages that your app renders itself; the others render the
/// default pages.
///
/// Each method gets the data of a page and returns the whole HTML document. The library sets the headers: the
/// document can load only scripts and styles with [`PageFrame::nonce`], and the host app's own style sheets, images
/// and fonts. Names come from the corps' administrators, so escape all text ([`PageFrame::escape`]).
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
    /// The page that asks for the organization code: a GET form to `page.action`.
    fn organization_code(&self, frame: &PageFrame, page: &OrganizationCodePage) -> String {
        templates::organization_code(frame, page)
    }

    /// The page that waits for a click, after a logout.
    fn confirm(&self, frame: &PageFrame, page: &ConfirmPage) -> String {
        templates::confirm(frame, page)
    }

    /// The page that asks before a link from another site puts a live session of one corp into another: a link to go on
    /// and one to stay.
    fn corp_switch(&self, frame: &PageFrame, page: &CorpSwitchPage) -> String {
        templates::corp_switch(frame, page)
    }

    /// The page that asks which corp to enter: one link each.
    fn corp_selection(&self, frame: &PageFrame, page: &CorpSelectionPage) -> String {
        templates::corp_selection(frame, page)
    }

    /// The page that shows WeCom's QR code by WeCom's script; only with
    /// [`Builder::qr_panel`](crate::Builder::qr_panel).
    fn qr_panel(&self, frame: &PageFrame, page: &QrPanelPage) -> String {
        templates::qr_panel(frame, page)
    }

    /// The page that says why a login failed, and what helps.
    fn error(&self, frame: &PageFrame, page: &ErrorPage) -> String {
        templates::error(frame, page)
    }
}

/// The default pages.
pub(super) struct DefaultPages;

impl PageRenderer for DefaultPages {}

/// What all pages have in common.
#[derive(Clone, Debug)]
pub struct PageFrame {
    language: Language,
    nonce: String,
    branding: Branding,
}

impl PageFrame {
    pub(in crate::web) const fn new(language: Language, nonce: String, branding: Branding) -> Self {
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

    /// Name, logo and colors of the host app.
    #[must_use]
    pub const fn branding(&self) -> &Branding {
        &self.branding
    }

    /// A whole document in the default layout; `title` is text, `body` is HTML.
    #[must_use]
    pub fn layout(&self, title: &str, body: &str) -> String {
        templates::document(self, title, body)
    }

    /// The one of two texts that is in the page's language.
    pub(in crate::web) const fn say<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        self.language.choose(zh, en)
    }

    pub(super) fn has_header(&self) -> bool {
        self.branding.name().is_some() || self.branding.logo().is_some()
    }

    /// Escapes text for HTML and for quoted attributes.
    #[must_use]
    pub fn escape(text: &str) -> String {
        escape::escape(text)
    }
}

/// The page that asks for the organization code.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OrganizationCodePage {
    /// The URL of the form, which is sent by GET. The field is called `orgCode`.
    pub action: String,
    /// The hidden fields.
    pub hidden_fields: Vec<(&'static str, String)>,
    /// The initial value of the field: the code that was not found, or the one of the last login.
    pub prefilled: String,
    /// No corp has the code that was sent.
    pub is_unknown: bool,
    /// The corp of the last login, where that named the corp by its id.
    pub last_corp: Option<CorpOption>,
}

/// The page that waits for a click.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConfirmPage {
    /// The link that continues the login.
    pub continue_url: String,
}

/// The page that asks before a login in another corp.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CorpSwitchPage {
    /// The name of the corp that the person is logged in to.
    pub current: String,
    /// The name of the corp that the link leads to.
    pub target: String,
    /// The link that continues the login.
    pub continue_url: String,
    /// The link into the app, as the person is logged in.
    pub stay_url: String,
}

/// The page that asks which corp to enter.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CorpSelectionPage {
    /// The corps; the member was authenticated in the first one.
    pub corps: Vec<CorpOption>,
}

/// A corp that the user may enter.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CorpOption {
    /// The corp's name, as its administrator wrote it.
    pub name: String,
    /// The link that enters the corp.
    pub url: String,
}

/// The page with WeCom's QR code.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QrPanelPage {
    /// The URL of WeCom's script.
    pub script_url: String,
    /// The script's digest, for the `integrity` attribute.
    pub integrity: Option<String>,
    /// The `params` of `createWWLoginPanel`: JSON, escaped for use in a script.
    pub parameters: String,
    /// The URL of WeCom's own page with the QR code.
    pub qr_page_url: String,
}

/// The page that says why a login failed.
#[derive(Clone)]
#[non_exhaustive]
pub struct ErrorPage {
    /// What went wrong.
    pub error: PageError,
    /// WeCom's errcode, where WeCom refused.
    pub errcode: Option<i64>,
    /// How long to wait before the next attempt.
    pub retry_after: Option<Duration>,
    /// The link that starts the same login again.
    pub retry_url: String,
    /// The link into the app, where the browser has a live session: the user came here by the back button.
    pub continue_url: Option<String>,
}

/// Why a login failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PageError {
    /// The link is invalid: a parameter is repeated or malformed.
    BadLink,
    /// The member did not confirm, or WeCom redirected without a code.
    Cancelled,
    /// The login was started in another browser, or its cookie has expired.
    StateMismatch,
    /// The login took too long, or was completed before.
    Expired,
    /// Any kind of the error table.
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

    /// The wire code, where the error is in the error table.
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
    /// What happened, and what the user can do.
    #[must_use]
    pub const fn text(&self, language: Language) -> (&'static str, &'static str) {
        crate::web::browser::messages::error_text(self.error, self.errcode, language)
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
