//! The login of a browser, from `/login` to the app, with every adapter: WeCom's pages are the sandbox's.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod browser;
mod coming_in;
mod companies;
mod refused;
mod same_browser;

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
    coming_in::a_scan_leads_into_the_app,
    coming_in::within_wecom_a_click_is_enough,
    coming_in::an_organisation_code_names_the_company,
    same_browser::only_the_browser_that_began_may_end_it,
    same_browser::tabs_do_not_disturb_each_other,
    same_browser::the_way_back_stays_on_this_origin,
    same_browser::on_https_every_cookie_is_bound_to_the_host,
    same_browser::cookies_may_be_named_otherwise,
    refused::a_login_may_be_refused_fail_and_end_in_time,
    refused::who_may_not_come_in_is_told_why,
    refused::after_a_logout_the_login_waits_for_a_click,
    refused::unknown_companies_shut_nobody_out,
    companies::the_page_of_companies_may_be_loaded_again,
    companies::a_limit_leaves_the_choice_as_it_is,
    companies::who_is_in_several_companies_chooses_one,
);
