//! The report of a run: the machine, the tables, and whether each target is met.

use std::fmt;
use std::process::Command;

use crate::interleave::{Race, Spread};

/// Prints the machine, the compiler and the commit.
pub fn print_surroundings() {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        cpus.lines()
            .find_map(|line| line.strip_prefix(name)?.split_once(": "))
    };
    let model = field("model name").map_or("unknown", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!(
        "- machine: {model}, {cores} processors; load before: {}",
        load.split(' ').next().unwrap_or("?")
    );
    println!(
        "- compiler: {}, release, thin LTO",
        first_line("rustc", &["--version"])
    );
    let changed = first_line("git", &["status", "--porcelain", "--untracked-files=no"]);
    let changed = if changed == "unknown" {
        ""
    } else {
        " with changes"
    };
    println!(
        "- commit: {}{changed}",
        first_line("git", &["rev-parse", "--short=10", "HEAD"])
    );
}

/// Prints the table of a race: the time that each contestant adds to the first one, and its ratio to those of `against`.
pub fn print_added(title: &str, race: &Race, against: &[&str]) {
    let bare = race.times()[0].name;
    println!("\n## {title}\n");
    print!("| contestant | ns a call | added over {bare} |");
    against.iter().for_each(|name| print!(" × {name} |"));
    println!("\n|---|--:|--:|{}", "--:|".repeat(against.len()));
    for times in race.times() {
        let name = times.name;
        print!(
            "| {name} | {:.0} | {:.0} |",
            race.cost(name).median,
            race.added(name, bare).median
        );
        for other in against {
            if name == bare || name.starts_with("no-op") {
                print!(" |");
            } else {
                print!(" {} |", race.ratio_of_added(name, other, bare));
            }
        }
        println!();
    }
}

fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}

/// A list of targets below a table, each with what was measured and whether it is met.
#[derive(Debug, Default)]
pub struct Targets(Vec<(String, String, bool)>);

impl Targets {
    /// The figure is to be no more than `most`.
    pub fn at_most(
        mut self,
        what: impl fmt::Display,
        measured: impl Into<Measured>,
        most: f64,
    ) -> Self {
        let measured = measured.into();
        self.0.push((
            format!("{what} ≤ {most}"),
            measured.text,
            measured.value <= most,
        ));
        self
    }

    /// The figure is to be no less than `least`.
    pub fn at_least(
        mut self,
        what: impl fmt::Display,
        measured: impl Into<Measured>,
        least: f64,
    ) -> Self {
        let measured = measured.into();
        self.0.push((
            format!("{what} ≥ {least}"),
            measured.text,
            measured.value >= least,
        ));
        self
    }

    /// Prints them.
    pub fn print(self) {
        println!("\n| target | measured | |\n|---|--:|---|");
        for (target, measured, met) in self.0 {
            println!(
                "| {target} | {measured} | {} |",
                if met { "met" } else { "**missed**" }
            );
        }
    }
}

/// A figure, and how it is written.
#[derive(Debug)]
pub struct Measured {
    value: f64,
    text: String,
}

impl From<Spread> for Measured {
    fn from(spread: Spread) -> Self {
        Self {
            value: spread.median,
            text: spread.to_string(),
        }
    }
}

impl From<f64> for Measured {
    fn from(value: f64) -> Self {
        Self {
            value,
            text: format!("{value:.2}"),
        }
    }
}

impl From<u64> for Measured {
    fn from(value: u64) -> Self {
        Self {
            value: value as f64,
            text: value.to_string(),
        }
    }
}
