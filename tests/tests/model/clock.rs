//! Crashes, and leaps of all clocks.

use std::sync::atomic::Ordering;
use std::time::Duration;

use wecom_login::Clock as _;

use super::run::Run;
use super::steps::{Act, CORPS};
use super::transitions::{RecordLife, SessionTurn};

/// A session that nobody uses lives a day.
const SURELY_ALIVE: Duration = Duration::from_hours(23);

impl Run<'_> {
    pub(super) async fn crash(&mut self, node: usize) {
        let Some(running) = self.nodes[node].take() else {
            return;
        };
        running.kill();
        self.counted.crashes.fetch_add(1, Ordering::Relaxed);
        self.disturb();
        self.start(node).await;
    }

    /// All clocks leap. Leases run out meanwhile, of nodes that live too.
    pub(super) fn leap(&mut self, by: Duration) {
        if by > Duration::from_secs(2) {
            self.disturb();
        }
        self.move_on(by);
    }

    /// Time passes in which nobody works on anything.
    pub(super) fn move_on(&mut self, by: Duration) {
        // A reset that is not heard of breaks the authorization, and after a day its sessions.
        let unheard: Vec<usize> = (0..CORPS)
            .filter(|corp| {
                self.pushes.iter().any(|push| {
                    matches!(push.act, Act::Reset(of) if of == *corp)
                        && push.life != RecordLife::Settled
                })
            })
            .collect();
        if by > Duration::from_secs(2) {
            self.turn(SessionTurn::MayEnd, |session| {
                unheard.contains(&session.corp)
            });
        }
        self.leapt += by;
        self.clock.advance(by);
        self.sandbox.advance(by);
        let now = self.clock.now();
        self.turn(SessionTurn::MayEnd, |session| {
            now.since(session.made_at) > SURELY_ALIVE
        });
    }

    /// What is in work now may be done again.
    pub(super) fn disturb(&mut self) {
        for push in &mut self.pushes {
            if push.life == RecordLife::Acknowledged {
                push.disturbed = true;
                self.undisturbed = false;
            }
        }
    }
}
