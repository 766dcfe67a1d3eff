//! The browser login from `/login` to the app, with every adapter and the sandbox's pages.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod browser_binding;
mod companies;
mod cookie_jar;
mod corp_selection;
mod errors;
mod linking;
mod logins;
mod repeats;

macro_rules! with_adapters {
    ($($module:ident::$test:ident),+ $(,)?) => {
        with_adapters!(@ axum AxumAdapter $($module::$test),+);
        with_adapters!(@ actix ActixAdapter $($module::$test),+);
    };
    (@ $name:ident $adapter:ident $($module:ident::$test:ident),+) => {
        mod $name {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                crate::$module::$test(&wecom_login_tests::adapter::$adapter).await;
            })+
        }
    };
}

with_adapters!(
    logins::qr_login_ends_in_the_app,
    logins::workbench_login_needs_one_click,
    logins::organization_code_selects_the_corp,
    browser_binding::callback_of_another_browser_is_403,
    browser_binding::concurrent_tabs_log_in_independently,
    browser_binding::return_to_stays_on_this_origin,
    browser_binding::https_cookies_have_the_host_prefix,
    browser_binding::cookie_prefix_renames_every_cookie,
    errors::cancelled_failed_and_expired_logins_show_their_page,
    errors::rejected_member_sees_the_reason,
    errors::login_after_logout_waits_for_a_click,
    errors::unknown_corps_do_not_use_up_the_limit,
    companies::deep_link_leads_to_its_company,
    companies::last_company_is_remembered,
    companies::link_of_another_site_asks_before_it_switches,
    corp_selection::corp_selection_page_can_be_reloaded,
    corp_selection::rate_limit_keeps_the_corp_selection,
    corp_selection::user_of_several_corps_selects_one,
    linking::person_is_asked_once_and_led_on,
    linking::host_session_of_the_browser_binds_without_a_question,
    linking::ticket_of_another_browser_is_refused,
    linking::ticket_of_a_browser_is_used_once_and_in_time,
    repeats::callback_repeats_for_a_minute,
    repeats::choice_repeats_for_a_minute,
    repeats::callback_that_is_cut_off_goes_on,
    repeats::prefetch_spends_nothing,
    repeats::going_back_leads_to_where_the_person_was_going,
);
