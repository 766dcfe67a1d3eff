//! Crashes, and jumps of all clocks.

use std::sync::atomic::Ordering;
use std::time::Duration;

use wecom_login::Clock as _;

use super::run::Run;
use super::steps::{Act, CORPS};
use super::transitions::{RecordState, SessionEvent};

/// An unused session is valid for a day.
const CERTAINLY_VALID_FOR: Duration = Duration::from_hours(23);

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

    /// All clocks jump. Leases expire meanwhile, also those of running nodes.
    pub(super) fn jump(&mut self, by: Duration) {
        if by > Duration::from_secs(2) {
            self.disturb();
        }
        self.advance_clocks(by);
    }

    /// Time passes while no record is running.
    pub(super) fn advance_clocks(&mut self, by: Duration) {
        // A reset whose event is not processed breaks the authorization, and after a day its sessions end.
        let unheard: Vec<usize> = (0..CORPS)
            .filter(|corp| {
                self.pushes.iter().any(|push| {
                    matches!(push.act, Act::Reset(of) if of == *corp)
                        && push.state != RecordState::Settled
                })
            })
            .collect();
        if by > Duration::from_secs(2) {
            self.turn(SessionEvent::MayEnd, |session| {
                unheard.contains(&session.corp)
            });
        }
        if by > Duration::from_secs(2) && self.hooks_failed {
            // Each corp's notification that is being delivered.
            self.told_again += CORPS as i64;
        }
        self.jumped += by;
        self.clock.advance(by);
        self.sandbox.advance(by);
        let now = self.clock.now();
        self.turn(SessionEvent::MayEnd, |session| {
            now.since(session.made_at) > CERTAINLY_VALID_FOR
        });
    }

    /// Records that are running now may run again.
    pub(super) fn disturb(&mut self) {
        for push in &mut self.pushes {
            if push.state == RecordState::Acknowledged {
                push.disturbed = true;
                self.undisturbed = false;
            }
        }
    }
}
