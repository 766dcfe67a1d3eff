//! What people see: both example apps in a real Chromium, with the sandbox as their WeCom. The pictures are in
//! `screenshots/` of the target directory.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod a11y;
mod embedded;
mod errors;
mod layout;
mod login;
mod panel;
mod steps;

use std::process::ExitCode;

use wecom_login_tests::Adapter;
use wecom_login_tests::adapter::{ActixAdapter, AxumAdapter};
use wecom_login_tests::browser::{BROWSER, BROWSER_OVER_TLS, run, run_over_https};
use wecom_login_tests::process::Example;
use wecom_login_tests::scenarios::{self, Scenario};

const EXAMPLES: [Example; 2] = [
    Example {
        name: "axum-app",
        binary: env!("CARGO_BIN_EXE_axum-app-under-test"),
    },
    Example {
        name: "actix-app",
        binary: env!("CARGO_BIN_EXE_actix-app-under-test"),
    },
];
const ADAPTERS: [&dyn Adapter; 2] = [&AxumAdapter, &ActixAdapter];

/// Each scenario with both example apps, started by `$run`.
macro_rules! with_examples {
    ($needs:expr, $run:ident: $($module:ident::$scenario:ident),+ $(,)?) => {
        [$(EXAMPLES.map(|example| {
            let name = concat!(stringify!($module), "::", stringify!($scenario), "::");
            Scenario::new(format!("{name}{}", example.name), $needs, move || {
                $run(stringify!($scenario), example, $module::$scenario)
            })
        })),+].into_iter().flatten()
    };
}

/// Each scenario with both adapters.
macro_rules! with_adapters {
    ($needs:expr, $($module:ident::$scenario:ident),+ $(,)?) => {
        [$(ADAPTERS.map(|adapter| {
            let name = concat!(stringify!($module), "::", stringify!($scenario), "::");
            Scenario::new(format!("{name}{}", adapter.name()), $needs, move || $module::$scenario(adapter))
        })),+].into_iter().flatten()
    };
}

fn main() -> ExitCode {
    let mut all = Vec::new();
    all.extend(with_examples!(BROWSER, run:
        login::qr_login,
        login::protected_page,
        login::workbench_login,
        login::consent,
        login::organisation_code,
        login::two_companies,
        login::by_keyboard,
        login::two_tabs,
        login::logout,
        login::return_to_stays_here,
        errors::refused,
        errors::code_expired,
        errors::attempt_expired,
        errors::back_button,
        errors::forged_state,
        errors::state_of_another_browser,
        errors::people_who_may_not,
        errors::told_in_every_look,
        errors::company_leaves,
        layout::login_pages,
        layout::sandbox_pages,
        layout::headers_of_every_page,
    ));
    all.extend(with_examples!(BROWSER_OVER_TLS, run_over_https: login::over_https));
    all.extend(with_adapters!(
        BROWSER,
        embedded::ten_minutes,
        embedded::chooser
    ));
    all.extend(with_adapters!(
        BROWSER_OVER_TLS,
        panel::panel,
        panel::another_script
    ));
    scenarios::run(all)
}
