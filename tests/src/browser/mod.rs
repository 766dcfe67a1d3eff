//! Chromium before a running app, driven through its WebDriver.
//!
//! A [`Scenario`](crate::scenarios::Scenario) is a [`run`] on a [`BrowserSession`]: an example app in a process of its own
//! with its sandbox, and as many browsers as the scenario opens, each with a profile of its own. Screenshots are saved in
//! `screenshots/` of the target directory.

mod devtools;
mod driver;
mod front;
mod profile;
mod session;
mod window;

pub use fantoccini::key::Key;
pub use front::{FrontProxy, ReservedPort};

pub use driver::{Chromedriver, find, missing};
pub use profile::{BrowserProfile, BuiltIn, Language, Viewport};
pub use session::{
    BROWSER, BROWSER_BEHIND_NGINX, BROWSER_OVER_TLS, BrowserSession, run, run_behind_cache,
    run_embedded, run_over_https, run_with_panel,
};
pub use window::Window;
