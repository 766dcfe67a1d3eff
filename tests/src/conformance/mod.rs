//! The conformance suite: what every adapter answers over a socket, in every layout.
//!
//! It is a table of `rows`, each a request and what must come back, sent to one app; and scenarios of several
//! steps, each in a app of its own. Nothing in it knows a framework.

mod admin;
mod bodies;
mod credentials;
mod events;
mod limits;
mod login_codes;
mod logins;
mod notify;
mod organization_codes;
mod people;
mod records;
mod refused_callbacks;
mod rows;
mod sessions;
mod upstream;
mod url_check;

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
    admin: administration_is_off_without_a_key, ten_wrong_keys_shut_a_client_out, a_predicate_decides;
    bodies: limits_are_ours_and_not_the_hosts, nothing_wrong_burns_a_code;
    credentials: bearers, cookies, unsafe_methods_with_a_cookie, two_credentials, host_routes, redirects;
    events: cancel_ends_every_session_of_the_company, a_login_code_from_before_a_cancel_is_dead,
        people_who_leave_lose_session_and_binding, a_renamed_person_stays_the_same_user,
        unsubscribing_ends_sessions, a_hidden_person_may_not_come_back, a_reset_secret_changes_nothing_for_people;
    limits: sixty_failed_codes_shut_a_client_out, a_failed_code_is_refused_from_memory,
        three_hundred_failed_codes_of_a_company, thirty_look_ups_of_organisation_codes;
    login_codes: a_code_becomes_a_session, a_code_is_used_once, a_code_lives_five_minutes,
        a_wrong_company_spends_the_code, words_are_kept_on_the_session;
    logins: the_workbench, instances_and_companies_must_fit, an_inactive_instance,
        code_login_can_be_off, companies_kept_out_are_not_told_apart, one_company_under_two_suites;
    notify: what_is_accepted, what_is_ignored, a_companys_word_is_its_own,
        the_same_event_again;
    organization_codes: they_are_compared_without_case, only_an_authorised_company_has_one,
        an_agent_that_is_not_known;
    people: special_people, bound_users_only;
    refused_callbacks: wrong_callbacks_get_one_refusal, unreadable_callbacks;
    records: pages_and_filters, retries_by_hand, a_record_in_work_is_busy, a_ticket_that_never_came;
    sessions: what_me_and_sessions_show, ending_sessions, idle_sessions_end, sessions_end_in_any_case,
        lifetimes_are_settable;
    url_check: the_url_check, a_url_check_without_provider;
    upstream: errors_of_wecom, dead_tokens, a_profile_never_fails_a_login, a_wecom_that_does_not_answer;
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
