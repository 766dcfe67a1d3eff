//! Random histories on two nodes: pushes in any order, crashes, retries, logins, revocations, jumps of the clock, hooks
//! that fail. After each step the product is compared with a small model.
//!
//! `PROPTEST_CASES` says how many histories; a history that failed is printed as it shrank.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod clock;
mod counts;
mod members;
mod nodes;
mod push_queue;
mod pushes;
mod run;
mod settling;
mod state;
mod steps;
mod transitions;

use proptest::test_runner::{Config, TestCaseError, TestRunner};
use steps::Step;

/// Small enough for every run of the tests.
const CASES: u32 = 12;

#[test]
fn random_histories_match_model() {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(CASES);
    let config = Config {
        cases,
        max_shrink_iters: 60,
        failure_persistence: None,
        ..Config::default()
    };
    let counted = state::Totals::default();
    let outcome = TestRunner::new(config).run(&steps::history(), |history: Vec<Step>| {
        run::history(&history, &counted).map_err(TestCaseError::fail)
    });
    println!("{cases} histories: {counted:?}");
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
