//! A test program without libtest, for scenarios that need programs which may not be installed: libtest would call them
//! passed. Here they are `skipped`, and a run without any of them does not end in `ok`. With `CI=true` they fail.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use futures_util::future::LocalBoxFuture;

use crate::browser::missing;

type Play = Box<dyn FnOnce() -> LocalBoxFuture<'static, ()> + Send>;

/// A test.
pub struct Scenario {
    name: String,
    needs: &'static [&'static str],
    play: Play,
}

impl Scenario {
    /// A test of this name, which needs these programs.
    pub fn new<F: Future<Output = ()> + 'static>(
        name: impl Into<String>,
        needs: &'static [&'static str],
        play: impl FnOnce() -> F + Send + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            needs,
            play: Box::new(move || Box::pin(play())),
        }
    }

    fn run(self) -> Outcome {
        if let Some(program) = missing(self.needs) {
            let in_ci = std::env::var("CI").as_deref() == Ok("true");
            if !in_ci {
                return Outcome::Skipped(program);
            }
            eprintln!("{}: {program} is not installed, and CI=true", self.name);
            return Outcome::Failed;
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        match catch_unwind(AssertUnwindSafe(|| runtime.block_on((self.play)()))) {
            Ok(()) => Outcome::Passed,
            Err(_) => Outcome::Failed,
        }
    }
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy)]
enum Outcome {
    Passed,
    Failed,
    /// This program is not installed.
    Skipped(&'static str),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("ok"),
            Self::Failed => f.write_str("FAILED"),
            Self::Skipped(program) => write!(f, "skipped: {program} is not installed"),
        }
    }
}

/// Runs the scenarios that the command line selects, with libtest's arguments: names, `--exact`, `--skip`,
/// `--list`, `--test-threads` (or `RUST_TEST_THREADS`). Other arguments of libtest are ignored.
#[must_use]
pub fn run(scenarios: Vec<Scenario>) -> ExitCode {
    let asked = Asked::read(std::env::args().skip(1));
    let all = scenarios.len();
    let wanted: VecDeque<_> = scenarios
        .into_iter()
        .filter(|one| asked.wants(&one.name))
        .collect();
    if asked.list {
        wanted.iter().for_each(|one| println!("{}: test", one.name));
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} tests", wanted.len());
    let filtered_out = all - wanted.len();
    let (waiting, outcomes) = (Mutex::new(wanted), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..asked.threads {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap().pop_front();
                    let Some(scenario) = next else { return };
                    let name = scenario.name.clone();
                    let outcome = scenario.run();
                    println!("test {name} ... {outcome}");
                    outcomes.lock().unwrap().push((name, outcome));
                }
            });
        }
    });
    sum_up(&outcomes.into_inner().unwrap(), filtered_out)
}

fn sum_up(outcomes: &[(String, Outcome)], filtered_out: usize) -> ExitCode {
    let failed: Vec<_> = outcomes
        .iter()
        .filter(|(_, outcome)| matches!(outcome, Outcome::Failed))
        .map(|(name, _)| name)
        .collect();
    let skipped = outcomes
        .iter()
        .filter(|(_, outcome)| matches!(outcome, Outcome::Skipped(_)))
        .count();
    let passed = outcomes.len() - failed.len() - skipped;
    if !failed.is_empty() {
        println!("\nfailures:");
        failed.iter().for_each(|name| println!("    {name}"));
    }
    let result = match (failed.len(), skipped) {
        (0, 0) => "ok",
        (0, _) => "NOT ALL RUN",
        _ => "FAILED",
    };
    println!(
        "\ntest result: {result}. {passed} passed; {} failed; {skipped} skipped; {filtered_out} filtered out\n",
        failed.len()
    );
    if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The parsed command line.
struct Asked {
    names: Vec<String>,
    skipped: Vec<String>,
    exact: bool,
    list: bool,
    threads: usize,
}

impl Asked {
    fn read(arguments: impl Iterator<Item = String>) -> Self {
        let threads = std::env::var("RUST_TEST_THREADS")
            .ok()
            .and_then(|threads| threads.parse().ok());
        let mut asked = Self {
            names: Vec::new(),
            skipped: Vec::new(),
            exact: false,
            list: false,
            threads: threads
                .unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from)),
        };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let (flag, given) = match argument.split_once('=') {
                Some((flag, value)) if flag.starts_with('-') => {
                    (flag.to_owned(), Some(value.to_owned()))
                }
                _ => (argument, None),
            };
            let mut value = || {
                given
                    .clone()
                    .or_else(|| arguments.next())
                    .unwrap_or_default()
            };
            match flag.as_str() {
                "--exact" => asked.exact = true,
                "--list" => asked.list = true,
                "--skip" => asked.skipped.push(value()),
                "--test-threads" => asked.threads = value().parse().unwrap_or(1),
                "--color" | "--format" | "--logfile" | "--shuffle-seed" | "-Z" => drop(value()),
                flag if flag.starts_with('-') => {}
                _ => asked.names.push(flag),
            }
        }
        asked
    }

    fn wants(&self, name: &str) -> bool {
        let fits = |filter: &String| {
            if self.exact {
                name == filter.as_str()
            } else {
                name.contains(filter.as_str())
            }
        };
        (self.names.is_empty() || self.names.iter().any(fits)) && !self.skipped.iter().any(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Asked {
        Asked::read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn arguments_are_parsed_like_libtest() {
        let some = asked("--nocapture --format terse logins --skip=slow --test-threads 3");
        assert!(
            some.wants("a::logins::b") && !some.wants("a::logins::slow") && !some.wants("terse")
        );
        assert_eq!((some.threads, some.list), (3, false));
        let exact = asked("--exact a::b");
        assert!(exact.wants("a::b") && !exact.wants("a::b::c"));
        assert!(asked("--list").list && asked("").wants("anything"));
    }

    #[test]
    fn scenario_without_its_program_is_skipped_and_reported() {
        let scenario = Scenario::new("a", &["no-such-program-anywhere"], async || unreachable!());
        let outcome = scenario.run();
        assert!(!matches!(outcome, Outcome::Passed));
        let failing = Scenario::new("b", &[], async || panic!("on purpose"));
        assert_eq!(failing.run().to_string(), "FAILED");
        assert_eq!(
            Outcome::Skipped("chromium").to_string(),
            "skipped: chromium is not installed"
        );
    }
}
