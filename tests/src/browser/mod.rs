//! A real browser before a running example app: Chromium, driven through its WebDriver.
//!
//! A [`Scenario`](crate::scenarios::Scenario) is a [`run`] on a [`Stage`]: an example app in a process of its own with its sandbox beside
//! it, and as many browsers as the scenario opens, each with a profile of its own. What people would see is kept in
//! `screenshots/` of the target directory.

mod app;
mod driver;
mod keyhole;
mod look;
mod stage;
mod tls;
mod window;

pub use app::{Company, Example, ExampleApp};
pub use driver::{Chromedriver, find, missing};
pub use fantoccini::key::Key;
pub use look::{Language, Look, Size};
pub use stage::{
    BROWSER, BROWSER_OVER_TLS, Stage, run, run_over_https, run_with_panel, run_within,
};
pub use tls::{Reserved, TlsFront};
pub use window::Window;
