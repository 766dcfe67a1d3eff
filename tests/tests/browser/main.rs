//! What people see: both example apps in a real Chromium, with the sandbox as their WeCom. The pictures are in
//! `screenshots/` of the target directory.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod coming_in;
mod going_wrong;
mod looks;
mod panel;
mod senses;
mod steps;
mod within;

use wecom_login_tests::browser::{Example, run, run_over_https};

macro_rules! scenarios {
    ($run:ident: $($module:ident::$scenario:ident),* $(,)?) => {
        mod $run {
            scenarios!(@app axum_app, AXUM, $run, $($module::$scenario),*);
            scenarios!(@app actix_app, ACTIX, $run, $($module::$scenario),*);
        }
    };
    (@app $app:ident, $example:ident, $run:ident, $($module:ident::$scenario:ident),*) => {
        mod $app {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $scenario() {
                super::super::$run(stringify!($scenario), super::super::$example, super::super::$module::$scenario)
                    .await;
            })*
        }
    };
}

const AXUM: Example = Example { name: "axum-app", binary: env!("CARGO_BIN_EXE_axum-app-under-test") };
const ACTIX: Example = Example { name: "actix-app", binary: env!("CARGO_BIN_EXE_actix-app-under-test") };

scenarios!(run:
    coming_in::qr_login,
    coming_in::workbench_login,
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
    going_wrong::company_leaves,
    looks::login_pages,
    looks::sandbox_pages,
    looks::headers_of_every_page,
);
scenarios!(run_over_https: coming_in::over_https);
