//! What a second thread brings.

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

/// Calls in a turn.
const CALLS: usize = 20_000;

/// The same work, once for each of two threads.
pub struct Pair<'a> {
    pub name: &'static str,
    pub workers: [Box<dyn FnMut(usize) + Send + 'a>; 2],
}

/// Calls a second on two threads as multiples of those on one: the rounds in the order of size.
pub fn scaling(mut pairs: Vec<Pair<'_>>, rounds: usize) -> Vec<(&'static str, Vec<f64>)> {
    let mut all: Vec<_> = pairs.iter().map(|pair| (pair.name, Vec::new())).collect();
    for round in 0..rounds {
        for place in 0..pairs.len() {
            let index = (round + place) % pairs.len();
            let [first, second] = &mut pairs[index].workers;
            let began = Instant::now();
            first(CALLS);
            let alone = began.elapsed();
            let barrier = Barrier::new(2);
            let began = Instant::now();
            thread::scope(|scope| {
                scope.spawn(|| {
                    barrier.wait();
                    second(CALLS);
                });
                barrier.wait();
                first(CALLS);
            });
            all[index].1.push(2.0 * alone.as_secs_f64() / began.elapsed().as_secs_f64());
        }
    }
    for (_, rounds) in &mut all {
        rounds.sort_by(f64::total_cmp);
    }
    all
}
