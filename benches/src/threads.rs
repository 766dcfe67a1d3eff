//! What a second thread brings.

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use crate::interleave::{Shuffle, Spread};

/// Calls in a turn.
const CALLS: usize = 20_000;

/// Does the same thing so many times.
pub type Worker<'a> = Box<dyn FnMut(usize) + Send + 'a>;

/// The same work, once for each of two threads.
pub struct Pair<'a> {
    pub name: &'static str,
    pub workers: [Worker<'a>; 2],
}

/// How many times as much two threads do as one does in the same time by the clock on the wall: 2 where neither hinders
/// the other and nothing else runs. Processor time would not show a thread that waits for a lock.
pub fn scaling(mut pairs: Vec<Pair<'_>>, rounds: usize) -> Vec<(&'static str, Spread)> {
    let mut all: Vec<_> = pairs.iter().map(|pair| (pair.name, Vec::new())).collect();
    let mut shuffle = Shuffle::new();
    for _ in 0..rounds {
        for index in shuffle.order(pairs.len()) {
            let [first, second] = &mut pairs[index].workers;
            let (began, ended) = timed(&mut **first);
            let alone = ended - began;
            let barrier = Barrier::new(2);
            let (one, other) = thread::scope(|scope| {
                let other = scope.spawn(|| {
                    barrier.wait();
                    timed(&mut **second)
                });
                barrier.wait();
                (timed(&mut **first), other.join().expect("no worker panics"))
            });
            // From the first that began to the last that ended.
            let together = one.1.max(other.1) - one.0.min(other.0);
            all[index]
                .1
                .push(2.0 * alone.as_secs_f64() / together.as_secs_f64());
        }
    }
    all.into_iter()
        .map(|(name, rounds)| (name, Spread::of(rounds)))
        .collect()
}

/// When it began and when it ended.
fn timed(worker: &mut (dyn FnMut(usize) + Send)) -> (Instant, Instant) {
    let began = Instant::now();
    worker(CALLS);
    (began, Instant::now())
}
