//! What people see: both example apps in a real Chromium, with the sandbox as their WeCom. The pictures are in
//! `screenshots/` of the target directory.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod coming_in;
mod going_wrong;
mod looks;
mod panel;
mod senses;
mod steps;
mod within;

use std::process::ExitCode;

use wecom_login_tests::Adapter;
use wecom_login_tests::adapter::{ActixAdapter, AxumAdapter};
use wecom_login_tests::browser::{BROWSER, BROWSER_OVER_TLS, Example, run, run_over_https};
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
        coming_in::qr_login,
        coming_in::protected_page,
        coming_in::workbench_login,
        coming_in::consent,
        coming_in::organisation_code,
        coming_in::two_companies,
        coming_in::by_keyboard,
        coming_in::two_tabs,
        coming_in::logout,
        coming_in::return_to_stays_here,
        going_wrong::refused,
        going_wrong::code_expired,
        going_wrong::attempt_expired,
        going_wrong::back_button,
        going_wrong::forged_state,
        going_wrong::state_of_another_browser,
        going_wrong::people_who_may_not,
        going_wrong::told_in_every_look,
        going_wrong::company_leaves,
        looks::login_pages,
        looks::sandbox_pages,
        looks::headers_of_every_page,
    ));
    all.extend(with_examples!(BROWSER_OVER_TLS, run_over_https: coming_in::over_https));
    all.extend(with_adapters!(
        BROWSER,
        within::ten_minutes,
        within::chooser
    ));
    all.extend(with_adapters!(
        BROWSER_OVER_TLS,
        panel::panel,
        panel::another_script
    ));
    scenarios::run(all)
}
