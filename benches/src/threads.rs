//! What a second thread brings.

use std::sync::Barrier;
use std::thread;

use cpu_time::ThreadTime;

/// Calls in a turn.
const CALLS: usize = 20_000;

/// The same work, once for each of two threads.
pub struct Pair<'a> {
    pub name: &'static str,
    pub workers: [Box<dyn FnMut(usize) + Send + 'a>; 2],
}

/// Calls on two threads in the processor time that one thread needs for as many, as multiples of them: 2 where neither
/// hinders the other. The rounds in the order of size.
pub fn scaling(mut pairs: Vec<Pair<'_>>, rounds: usize) -> Vec<(&'static str, Vec<f64>)> {
    let mut all: Vec<_> = pairs.iter().map(|pair| (pair.name, Vec::new())).collect();
    for round in 0..rounds {
        for place in 0..pairs.len() {
            let index = (round + place) % pairs.len();
            let [first, second] = &mut pairs[index].workers;
            let alone = timed(&mut **first);
            let barrier = Barrier::new(2);
            let (one, other) = thread::scope(|scope| {
                let other = scope.spawn(|| {
                    barrier.wait();
                    timed(&mut **second)
                });
                barrier.wait();
                (timed(&mut **first), other.join().expect("no worker panics"))
            });
            all[index].1.push(alone / one + alone / other);
        }
    }
    for (_, rounds) in &mut all {
        rounds.sort_by(f64::total_cmp);
    }
    all
}

/// Seconds of processor time.
fn timed(worker: &mut (dyn FnMut(usize) + Send)) -> f64 {
    let began = ThreadTime::now();
    worker(CALLS);
    began.elapsed().as_secs_f64()
}
