//! What counting costs a hit: two handles with the same sessions in memory, one made before an exporter was installed, whose
//! counters are empty, and one made after it.

use std::hint::black_box;

use metrics_exporter_prometheus::PrometheusBuilder;
use wecom_login::{Verification, WecomLogin};

use crate::interleave::{Contestant, race};
use crate::login;
use crate::report::{Targets, print_added};

const ROUNDS: usize = 200;
const UNCOUNTED: &str = "without an exporter";
const COUNTED: &str = "with an exporter";

/// Installs the exporter for the process: whatever is measured after it is counted.
pub async fn measure(sessions: usize) {
    let uncounted = login::with_sessions(sessions).await;
    PrometheusBuilder::new()
        .install_recorder()
        .expect("no other exporter is there");
    let counted = login::with_sessions(sessions).await;
    let contestants = vec![
        Contestant::new(UNCOUNTED, hits(&uncounted)),
        Contestant::new(COUNTED, hits(&counted)),
    ];
    let race = race(contestants, ROUNDS);
    print_added("a session in memory, counted", &race, &[]);
    Targets::default()
        .at_most(
            "ns that counting adds",
            race.added(COUNTED, UNCOUNTED),
            15.0,
        )
        .print();
}

fn hits((login, tokens): &(WecomLogin, Vec<String>)) -> impl FnMut(usize) {
    let mut next = 0;
    move |times| {
        for _ in 0..times {
            next = (next + 1) % tokens.len();
            let found = login.verify_token(tokens[next].as_bytes());
            assert!(matches!(black_box(found), Verification::Ready(Ok(_))));
        }
    }
}
