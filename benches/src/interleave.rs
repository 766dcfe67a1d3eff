//! Contestants in turns: each round runs every contestant once, in an order of its own, so that whatever else the
//! machine does meets all of them alike, and what is compared is always of the same round.
//!
//! criterion and divan measure one contestant to its end and then the next. On a machine that does other things
//! meanwhile, the ratio of two such figures says more about those things; so we have a harness of our own.

use std::fmt;
use std::time::Duration;

use cpu_time::ThreadTime;

/// A turn lasts about this long.
const TURN: Duration = Duration::from_millis(2);

/// Somebody who does the same thing again and again.
pub struct Contestant<'a> {
    name: &'static str,
    run: Box<dyn FnMut(usize) + 'a>,
}

impl<'a> Contestant<'a> {
    /// `run` does the thing so many times.
    pub fn new(name: &'static str, run: impl FnMut(usize) + 'a) -> Self {
        Self {
            name,
            run: Box::new(run),
        }
    }
}

impl fmt::Debug for Contestant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What one contestant needed for one call: nanoseconds of processor time, one figure a round. What other programs
/// take of the machine is not in it, except what they push out of the caches.
#[derive(Clone, Debug)]
pub struct Times {
    /// Whose times.
    pub name: &'static str,
    /// In the order of the rounds.
    pub rounds: Vec<f64>,
}

/// An order that differs from round to round, and is the same in every run: nobody always runs after the same one,
/// whose data then lie in the caches.
pub struct Shuffle(u64);

impl Shuffle {
    /// From the beginning.
    pub const fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    /// The numbers below `count`, in another order each time (Fisher and Yates, xorshift).
    pub fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for place in (1..count).rev() {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            order.swap(place, (self.0 % (place as u64 + 1)) as usize);
        }
        order
    }
}

impl Default for Shuffle {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Shuffle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shuffle")
    }
}

/// Runs all contestants in turns.
pub fn race(mut contestants: Vec<Contestant<'_>>, rounds: usize) -> Race {
    let turns: Vec<usize> = contestants.iter_mut().map(calls_in_a_turn).collect();
    let mut times: Vec<Times> = contestants
        .iter()
        .map(|contestant| Times {
            name: contestant.name,
            rounds: Vec::with_capacity(rounds),
        })
        .collect();
    let mut shuffle = Shuffle::new();
    for _ in 0..rounds {
        for index in shuffle.order(contestants.len()) {
            let began = ThreadTime::now();
            (contestants[index].run)(turns[index]);
            times[index]
                .rounds
                .push(nanos(began.elapsed()) / turns[index] as f64);
        }
    }
    Race(times)
}

fn calls_in_a_turn(contestant: &mut Contestant<'_>) -> usize {
    let mut calls = 16;
    loop {
        let began = ThreadTime::now();
        (contestant.run)(calls);
        let elapsed = began.elapsed();
        if elapsed >= TURN / 4 {
            return (calls as f64 * nanos(TURN) / nanos(elapsed)).ceil() as usize;
        }
        calls *= 2;
    }
}

fn nanos(duration: Duration) -> f64 {
    duration.as_nanos() as f64
}

/// All times of one race.
#[derive(Clone, Debug)]
pub struct Race(Vec<Times>);

impl Race {
    /// The contestants in the order they came in.
    pub fn times(&self) -> &[Times] {
        &self.0
    }

    fn of(&self, name: &str) -> &Times {
        self.0
            .iter()
            .find(|times| times.name == name)
            .unwrap_or_else(|| panic!("no contestant is called {name}"))
    }

    /// Nanoseconds of one call.
    pub fn cost(&self, name: &str) -> Spread {
        Spread::of(self.of(name).rounds.clone())
    }

    /// What one call costs more than a call of `bare`.
    pub fn added(&self, name: &str, bare: &str) -> Spread {
        let pairs = self.of(name).rounds.iter().zip(&self.of(bare).rounds);
        Spread::of(pairs.map(|(cost, bare)| cost - bare).collect())
    }

    /// The cost of a call as a multiple of another's.
    pub fn ratio(&self, name: &str, other: &str) -> Spread {
        let pairs = self.of(name).rounds.iter().zip(&self.of(other).rounds);
        Spread::of(pairs.map(|(cost, other)| cost / other).collect())
    }

    /// What is added over `bare`, as a multiple of what another adds.
    pub fn ratio_of_added(&self, name: &str, other: &str, bare: &str) -> Spread {
        let (name, other, bare) = (self.of(name), self.of(other), self.of(bare));
        let rounds = name.rounds.iter().zip(&other.rounds).zip(&bare.rounds);
        Spread::of(
            rounds
                .map(|((cost, other), bare)| (cost - bare) / (other - bare))
                .collect(),
        )
    }
}

/// The median of the rounds, and the quarters around it.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub low: f64,
    pub median: f64,
    pub high: f64,
}

impl Spread {
    /// Of figures in any order.
    pub fn of(mut rounds: Vec<f64>) -> Self {
        rounds.sort_by(f64::total_cmp);
        let at = |part: usize| rounds[(rounds.len() - 1) * part / 4];
        Self {
            low: at(1),
            median: at(2),
            high: at(3),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = if self.median.abs() < 20.0 { 2 } else { 0 };
        write!(
            f,
            "{:.digits$} ({:.digits$}–{:.digits$})",
            self.median, self.low, self.high
        )
    }
}
