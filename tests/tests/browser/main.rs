//! Both example apps in Chromium, with the sandbox as WeCom. Screenshots are saved in
//! `screenshots/` of the target directory.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod a11y;
mod caches;
mod companies;
mod console;
mod embedded;
mod errors;
mod headers;
mod js_sdk;
mod layout;
mod linking;
mod login;
mod panel;
mod repeats;
mod session;
mod sockets;
mod steps;

use std::process::ExitCode;

use wecom_login_tests::Adapter;
use wecom_login_tests::adapter::{ActixAdapter, AxumAdapter};
use wecom_login_tests::browser::{
    BROWSER, BROWSER_BEHIND_NGINX, BROWSER_OVER_TLS, BROWSER_WITH_JS_SDK, run, run_behind_cache,
    run_over_https,
};
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
        login::qr_login_sets_the_session_cookie,
        login::protected_page_is_shown_after_login,
        login::workbench_login_needs_no_qr_code,
        login::consent_page_is_asked_for_private_info,
        login::organization_code_is_checked_and_remembered,
        session::user_of_two_corps_selects_one,
        session::login_and_logout_work_by_keyboard,
        session::two_tabs_log_in_independently,
        session::login_after_logout_waits_for_a_click,
        login::return_to_stays_on_this_origin,
        sockets::websocket_opens_from_own_pages_and_ends_with_the_logout,
        errors::cancelled_login_can_be_repeated,
        errors::expired_code_shows_its_page,
        errors::deleted_flow_cookie_shows_its_page,
        errors::back_button_does_not_repeat_the_login,
        errors::forged_state_shows_an_error,
        errors::state_of_another_browser_is_rejected,
        errors::rejected_member_sees_the_reason,
        errors::error_pages_fit_every_profile,
        errors::cancelled_corp_cannot_log_in,
        repeats::callback_asked_for_again_gives_the_same_session,
        repeats::prefetched_callback_spends_nothing,
        repeats::late_answers_leave_the_new_session,
        repeats::going_back_leads_to_where_the_person_was_going,
        companies::deep_link_leads_to_its_company,
        companies::wechat_shows_no_qr_code,
        companies::link_of_another_site_asks_before_it_switches,
        companies::switch_pages_fit_every_profile,
        session::stale_cookie_of_another_path_does_not_win,
        js_sdk::workbench_sends_a_message_whose_link_logs_in,
        layout::login_pages_fit_every_profile,
        layout::sandbox_pages_fit_every_profile,
        headers::every_page_has_strict_headers,
    ));
    all.extend(
        with_examples!(BROWSER_OVER_TLS, run_over_https: session::https_cookies_have_the_host_prefix),
    );
    all.extend(with_examples!(BROWSER_BEHIND_NGINX, run_behind_cache:
        caches::page_behind_a_cache_is_shown_to_its_person_alone));
    all.extend(with_adapters!(
        BROWSER,
        caches::kept_answer_is_given_to_its_person_alone,
        console::operator_ends_sessions_and_retries_a_record,
        console::console_pages_fit_every_profile,
        embedded::login_of_ten_minutes_has_expired,
        embedded::corp_selection_can_be_reloaded_and_used_once,
        linking::person_is_asked_and_led_on
    ));
    all.extend(with_adapters!(
        BROWSER_OVER_TLS,
        panel::panel_login_leaves_the_frame,
        panel::unknown_script_falls_back_to_the_qr_page
    ));
    all.extend(with_adapters!(
        BROWSER_WITH_JS_SDK,
        js_sdk::sandbox_registers_wecoms_script
    ));
    scenarios::run(all)
}
