//! The conformance suite: what every adapter answers over a socket, in every layout.
//!
//! It is a table of `rows`, each a request and what must come back, sent to one app; and scenarios of several
//! steps, each in a app of its own. Nothing in it knows a framework.

mod admin;
mod admin_api;
mod bodies;
mod budgets;
mod console;
mod cookies;
mod corp_api;
mod credentials;
mod event_effects;
mod events;
mod former_sessions;
mod forward_auth;
mod guard;
mod limits;
mod linked_corps;
mod linking;
mod login_codes;
mod logins;
mod machines;
mod members;
mod notify;
mod openapi;
mod organization_codes;
mod records;
mod refusals;
mod refused_callbacks;
mod roles;
mod rows;
mod session_lists;
mod sessions;
mod slow_bodies;
mod streams;
mod upstream;
mod url_verification;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::TestApp;
use crate::adapter::{Adapter, Layout};
use crate::app::TestAppBuilder;
pub use rows::routes_in_rows;

/// Scenarios that run at the same time: what they compete for is processors.
const CONCURRENT_SCENARIOS: usize = 4;

/// The adapter and the mount that the suite runs against.
#[derive(Clone, Copy)]
pub struct Target {
    /// The framework.
    pub adapter: &'static dyn Adapter,
    /// Where the login routes are mounted.
    pub layout: Layout,
}

impl Target {
    /// A new app.
    pub fn app<'a>(self) -> TestAppBuilder<'a> {
        TestApp::from_auths_directory()
            .adapter(self.adapter)
            .layout(self.layout)
            .documented()
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.adapter.name(), self.layout.mount())
    }
}

type Run = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Several steps in a app of their own.
struct Scenario {
    name: &'static str,
    run: fn(Target) -> Run,
}

macro_rules! scenarios {
    ($($module:ident: $($name:ident),+;)+) => {
        &[$($(Scenario {
            name: concat!(stringify!($module), "::", stringify!($name)),
            run: |target| Box::pin($module::$name(target)),
        }),+),+]
    };
}

const SCENARIOS: &[Scenario] = scenarios! {
    admin:
        admin_routes_are_403_without_a_configured_key,
        ten_wrong_admin_keys_block_the_client,
        admin_predicate_decides_by_user_action_and_corp,
        access_token_is_served_only_where_switched_on;
    admin_api:
        admin_reads_the_audit,
        audit_tells_of_refusals_with_their_count,
        audit_forgets_the_erased_and_the_old,
        admin_lists_and_shows_corps,
        admin_acts_on_corps,
        admin_names_the_suite_of_a_corp_with_two,
        admin_sees_why_a_corp_is_broken,
        admin_params_are_named_when_wrong,
        admin_predicate_decides_for_the_admin_api,
        admin_lists_and_shows_people,
        admin_ends_the_sessions_of_a_person,
        admin_erases_a_person,
        admin_lists_and_shows_records,
        admin_retries_and_releases_records,
        admin_makes_a_link_with_its_qr_code,
        admin_ends_all_sessions_and_rotates_keys,
        admin_imports_lines_one_by_one,
        admin_exports_what_the_import_takes,
        admin_import_adds_ids_to_a_binding,
        admin_import_reads_little_of_whoever_is_unknown,
        admin_import_takes_back_nothing_that_is_newer,
        admin_import_takes_a_mebibyte;
    console:
        console_is_403_without_administrators,
        console_login_counts_wrong_keys_with_the_api,
        console_cookie_is_of_no_use_elsewhere,
        console_login_leads_to_the_page_that_was_asked_for,
        console_lets_the_key_in_beside_a_session,
        console_lets_users_in_by_the_predicate,
        console_forms_need_an_own_page_and_their_token,
        console_login_of_another_site_is_refused,
        console_escapes_names,
        console_shows_every_page,
        console_keeps_the_language,
        console_pages_name_wrong_parameters,
        console_lists_are_paged,
        console_acts_on_a_company,
        console_acts_on_a_person,
        console_retries_a_record,
        console_makes_a_link_with_its_qr_code,
        console_ends_all_sessions_and_rotates_keys;
    corp_api:
        handler_calls_wecom_as_the_corp_of_its_user,
        js_config_signs_pages_of_the_public_url,
        mini_program_login_is_the_same_user;
    bodies:
        body_limits_are_independent_of_the_host_app,
        rejected_body_spends_no_code;
    budgets:
        state_dies_with_its_fifth_refused_code,
        ipv6_networks_share_a_limit,
        another_site_uses_up_no_limit,
        limit_of_unknown_corps_does_not_tell_customers;
    cookies:
        fetch_clears_no_cookie,
        stale_cookie_before_the_good_one_does_not_win;
    former_sessions:
        login_ends_the_session_of_an_old_bearer;
    credentials:
        bearer_is_parsed_strictly,
        two_authorizations_or_an_empty_one_are_400,
        bearer_of_the_host_app_is_its_own,
        allowed_origins_act_for_the_person,
        session_cookie_is_read_and_cleared,
        unsafe_method_with_cookie_needs_same_origin,
        bearer_and_cookie_of_two_sessions_conflict;
    forward_auth:
        identity_is_in_seven_headers,
        origin_rules_are_those_of_the_original_request,
        headers_of_other_peers_say_nothing,
        people_are_sent_to_the_login_and_back,
        address_may_demand_a_corp_and_an_instance,
        user_id_that_no_header_holds_is_refused;
    guard:
        host_routes_apply_their_guard,
        guarded_answers_are_nobody_elses,
        browser_is_redirected_to_login,
        slash_at_the_end_is_the_same_path,
        page_hands_its_corp_on_to_login,
        session_of_another_corp_is_led_to_login;
    events:
        cancel_auth_ends_every_session_of_the_corp,
        login_code_from_before_a_cancellation_is_invalid,
        member_who_leaves_loses_session_and_binding,
        renamed_member_stays_the_same_user,
        unsubscribe_ends_sessions,
        hidden_member_cannot_log_in,
        reset_permanent_code_keeps_sessions;
    limits:
        sixty_failed_codes_block_the_client,
        failed_code_is_refused_without_a_call,
        three_hundred_failed_codes_block_the_corp,
        thirty_organization_code_lookups_block_the_client;
    login_codes:
        login_code_is_exchanged_for_a_session,
        login_code_is_used_once,
        login_code_expires_after_five_minutes,
        wrong_corp_spends_the_login_code,
        platform_and_login_type_are_kept_on_the_session;
    linked_corps:
        code_login_of_another_corp_holds_for_login_codes;
    linking:
        login_in_json_gets_a_ticket_and_is_finished_once,
        binder_sees_the_session_of_the_host_app_only_with_a_verified_state,
        ticket_of_a_login_that_is_over_is_refused;
    logins:
        workbench_login_picks_the_instance_of_the_corp,
        instance_and_corp_must_match,
        inactive_instance_disables_logins_but_not_callbacks,
        code_login_off_disables_json_logins,
        unauthorized_corps_are_indistinguishable,
        corp_with_two_suites_must_name_one;
    machines:
        machine_is_let_in_only_where_machines_are,
        machine_is_a_bearer_and_no_person,
        machine_session_is_never_idle_and_ends_when_it_is_told_to,
        machines_end_with_their_corp,
        operator_lists_and_ends_machines;
    notify:
        valid_pushes_are_accepted,
        unhandled_pushes_are_ignored_without_payload;
    openapi:
        every_described_route_is_served,
        document_names_the_server_and_the_codes;
    event_effects:
        corp_push_acts_only_on_its_own_corp,
        redelivered_event_runs_once;
    organization_codes:
        organization_codes_ignore_case,
        organization_code_needs_an_authorized_corp,
        unknown_agent_id_is_503;
    members:
        special_members_log_in_only_if_linked,
        linked_member_of_whom_wecom_cannot_say_anything_logs_in,
        corp_that_comes_back_keeps_its_users,
        bound_users_only_rejects_unbound_members;
    refusals:
        refused_logins_leave_a_line_and_are_told,
        wrong_admin_keys_and_other_sites_leave_a_line_and_are_told,
        a_hook_that_hangs_delays_no_answer;
    refused_callbacks:
        invalid_callbacks_are_403_alike,
        unreadable_callbacks_are_400;
    records:
        records_are_paged_and_filtered,
        retry_runs_only_unfinished_records,
        retry_of_a_running_record_is_409,
        missing_suite_ticket_is_503_with_a_hint;
    roles:
        attributes_of_the_binder_come_with_the_user,
        refreshed_attributes_are_there_with_the_next_request,
        attributes_over_the_limit_fail_the_login,
        async_predicate_is_asked_and_its_failures_are_answers;
    session_lists:
        a_person_has_a_hundred_sessions_at_most,
        sessions_are_paged;
    sessions:
        me_and_sessions_show_the_sessions_of_the_user,
        logout_ends_one_session_and_logout_all_every_one,
        idle_session_ends,
        session_ends_at_its_absolute_timeout,
        session_timeouts_are_configurable;
    slow_bodies:
        body_that_does_not_come_is_408,
        rejection_of_a_body_that_does_not_come_waits_five_seconds;
    streams:
        websocket_with_the_cookie_needs_an_own_page,
        websocket_takes_its_bearer_as_subprotocol,
        websocket_ends_with_its_session,
        events_end_with_their_session;
    url_verification:
        url_verification_echoes_for_known_receiveids,
        url_verification_without_provider_accepts_any_receiveid;
    upstream:
        wecom_errors_map_to_codes,
        rejected_token_is_refetched_once,
        failed_profile_read_keeps_the_login,
        hanging_wecom_is_504;
};

/// How much ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Summary {
    /// Rows of the table.
    pub rows: usize,
    /// Scenarios.
    pub scenarios: usize,
}

/// Runs only the scenarios whose names contain this text.
const FILTER_VARIABLE: &str = "CONFORMANCE";

/// Runs everything, and panics at the end with the names of everything that failed.
pub async fn run(target: Target) -> Summary {
    let began = Instant::now();
    let (rows, mut failed) = rows::run(target).await;
    let permits = Arc::new(Semaphore::new(CONCURRENT_SCENARIOS));
    let mut running = JoinSet::new();
    let filter = std::env::var(FILTER_VARIABLE).unwrap_or_default();
    let chosen: Vec<_> = SCENARIOS
        .iter()
        .filter(|scenario| scenario.name.contains(&filter))
        .collect();
    let scenarios = chosen.len();
    for scenario in chosen {
        let permits = Arc::clone(&permits);
        running.spawn(async move {
            let _permit = permits.acquire_owned().await;
            let began = Instant::now();
            let result = tokio::spawn((scenario.run)(target)).await;
            (scenario.name, result.is_ok(), began.elapsed())
        });
    }
    while let Some(result) = running.join_next().await {
        let (name, passed, took) = result.unwrap();
        if !passed {
            failed.push(format!("{name} (after {took:.1?})"));
        }
    }
    let summary = Summary { rows, scenarios };
    println!(
        "{target:?}: {} rows, {} scenarios in {:.1?}",
        summary.rows,
        summary.scenarios,
        began.elapsed()
    );
    assert!(
        failed.is_empty(),
        "{target:?}: {} failed:\n  {}",
        failed.len(),
        failed.join("\n  ")
    );
    summary
}
