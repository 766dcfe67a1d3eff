//! How a world begins.

use std::fmt;

use wecom_login::{Builder, ManualClock};

type Configure = Box<dyn FnOnce(Builder) -> Builder + Send>;

/// How a world begins. By default: a clock that stands, a database of its own, the admin key set, company A and
/// the first company that no instance pins have authorised the first suite.
pub struct Setup {
    pub(crate) clock: Option<ManualClock>,
    pub(crate) installed: Option<Vec<(String, String)>>,
    pub(crate) first_ticket: bool,
    pub(crate) admin: bool,
    pub(crate) qr_host: Option<String>,
    pub(crate) configure: Configure,
}

impl Setup {
    /// The default.
    #[must_use]
    pub fn new() -> Self {
        Self {
            clock: Some(ManualClock::starting_now()),
            installed: None,
            first_ticket: true,
            admin: true,
            qr_host: None,
            configure: Box::new(|builder| builder),
        }
    }

    /// With the machine's clock.
    #[must_use]
    pub fn system_clock(mut self) -> Self {
        self.clock = None;
        self
    }

    /// With these (suite, company) authorised; a company is named as the sandbox names it.
    #[must_use]
    pub fn installed(mut self, installed: &[(&str, &str)]) -> Self {
        let owned = |(suite, corp): &(&str, &str)| ((*suite).to_owned(), (*corp).to_owned());
        self.installed = Some(installed.iter().map(owned).collect());
        self
    }

    /// The sandbox pushes nothing of its own accord: no suite_ticket arrives, and nothing is installed.
    #[must_use]
    pub fn no_ticket(mut self) -> Self {
        self.first_ticket = false;
        self.installed(&[])
    }

    /// Without an admin key.
    #[must_use]
    pub const fn no_admin_key(mut self) -> Self {
        self.admin = false;
        self
    }

    /// With WeCom's QR page at this host; everything else of WeCom stays the sandbox.
    #[must_use]
    pub fn qr_host(mut self, url: impl Into<String>) -> Self {
        self.qr_host = Some(url.into());
        self
    }

    /// Changes the builder last.
    #[must_use]
    pub fn configure(
        mut self,
        configure: impl FnOnce(Builder) -> Builder + Send + 'static,
    ) -> Self {
        self.configure = Box::new(configure);
        self
    }
}

impl Default for Setup {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup")
            .field("installed", &self.installed)
            .finish_non_exhaustive()
    }
}
