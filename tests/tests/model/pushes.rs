//! Actions at WeCom, and their pushes.

use std::sync::atomic::Ordering;
use std::time::Duration;

use wecom_login::{Clock as _, ErrorKind, NotifyRequest};
use wecom_login_tests::app::SUITE;

use super::run::{Checked, Run};
use super::state::{Pushed, Standing, corp_of};
use super::steps::Act;
use super::transitions::{RecordEvent, RecordState, SessionEvent};

impl Run<'_> {
    /// Performs an action of an administrator or a member; its push is queued.
    pub(super) async fn wecom(&mut self, act: Act) {
        // WeCom's timestamps are in seconds: a second passes, so that two actions are two events.
        self.jump(Duration::from_secs(1));
        let wecom = &self.sandbox;
        let id = |corp: usize| self.corps[corp].id.clone();
        let member = |corp: usize, member: usize| self.corps[corp].members[member].id.clone();
        let done = match act {
            Act::Install(corp) => wecom.install_suite(&id(corp), SUITE).await,
            Act::Change(corp) => wecom.change(&id(corp)).await,
            Act::Cancel(corp) => wecom.cancel(&id(corp)).await,
            Act::Reset(corp) => wecom.reset_secret(&id(corp)).await,
            Act::Unsubscribe(corp, who) => wecom.unsubscribe(&id(corp), &member(corp, who)).await,
            Act::Leave(corp, who) => wecom.leave(&id(corp), &member(corp, who)).await,
            Act::Rename(corp, who) => {
                self.renamed += 1;
                let new = format!("renamed-{}", self.renamed);
                wecom.rename(&id(corp), &member(corp, who), &new).await
            }
            Act::Ticket => wecom.push_ticket(SUITE).await,
        };
        if done.is_err() {
            // The action is impossible: the app is not installed, or the member has left.
            return;
        }
        let user_id = match act {
            Act::Unsubscribe(corp, who) | Act::Leave(corp, who) | Act::Rename(corp, who) => {
                member(corp, who)
            }
            _ => String::new(),
        };
        let pushed = self.pushes.len();
        self.take_letters(act);
        match act {
            // The next of that userid is a new person.
            Act::Leave(corp, who) => {
                self.users.remove(&(corp, who));
            }
            // Without an app nothing tells of it.
            Act::Rename(corp, who) if self.pushes.len() == pushed => {
                self.users.remove(&(corp, who));
            }
            _ => {}
        }
        match act {
            Act::Install(corp) | Act::Cancel(corp) => {
                self.corps[corp].standing = Standing::Unsure;
                self.turn(SessionEvent::MayEnd, |session| session.corp == corp);
            }
            Act::Reset(corp) => self.corps[corp].standing = Standing::Unsure,
            Act::Unsubscribe(corp, _) | Act::Leave(corp, _) | Act::Rename(corp, _) => {
                self.turn(SessionEvent::MayEnd, |session| {
                    session.corp == corp && session.user_id == user_id
                });
            }
            Act::Change(_) | Act::Ticket => {}
        }
        match act {
            Act::Leave(corp, who) => self.corps[corp].members[who].present = false,
            Act::Rename(corp, who) => {
                self.corps[corp].members[who].id = format!("renamed-{}", self.renamed)
            }
            _ => {}
        }
    }

    pub(super) fn take_letters(&mut self, act: Act) {
        for queued in self.queue.empty() {
            // The first ticket comes with the callback URL, before any act.
            self.pushes.push(Pushed {
                number: self.pushes.len(),
                act: if queued.is_ticket { Act::Ticket } else { act },
                queued,
                state: RecordState::Pushed,
                at: self.clock.now(),
                condemned: Vec::new(),
                known: false,
                disturbed: false,
            });
        }
    }

    pub(super) async fn deliver(&mut self, push: usize, node: usize) -> Checked {
        self.start(node).await;
        let queued = self.pushes[push].queued.clone();
        let service = self.login(node).service();
        let answer = service
            .notify(NotifyRequest::post(&queued.query, queued.body.clone()))
            .await;
        match answer.status {
            200 => {}
            // Not stored in time: WeCom delivers it again.
            500 => return Ok(()),
            other => return Err(format!("a push was answered {other}")),
        }
        self.counted.pushes.fetch_add(1, Ordering::Relaxed);
        if self.pushes[push].state == RecordState::Failed {
            self.undisturbed = false;
        }
        if self.pushes[push].state == RecordState::Pushed {
            let act = self.pushes[push].act;
            if let Act::Rename(corp, who) | Act::Leave(corp, who) = act {
                let is_earlier = |earlier: &Pushed| {
                    matches!(earlier.act, Act::Rename(c, w) | Act::Leave(c, w) if (c, w) == (corp, who))
                        && earlier.state == RecordState::Pushed
                };
                if self.pushes[..push].iter().any(is_earlier) {
                    self.unfollowed.insert((corp, who));
                }
            }
            let user_id = self.pushes[push].queued.user_id.clone();
            let condemned: Vec<usize> = (0..self.sessions.len())
                .filter(|number| match act {
                    Act::Install(corp) | Act::Cancel(corp) => self.sessions[*number].corp == corp,
                    Act::Unsubscribe(corp, _) | Act::Leave(corp, _) | Act::Rename(corp, _) => {
                        let session = &self.sessions[*number];
                        session.corp == corp && user_id.as_deref() == Some(&session.user_id)
                    }
                    Act::Change(_) | Act::Reset(_) | Act::Ticket => false,
                })
                .collect();
            for number in &condemned {
                let session = &mut self.sessions[*number];
                session.state = session.state.after(SessionEvent::MayEnd);
            }
            // The sessions of a member who leaves or is renamed end before and after the binding changes.
            let ends = match act {
                Act::Unsubscribe(..) => 1,
                Act::Leave(..) | Act::Rename(..) => 2,
                _ => 0,
            };
            if let (Some(corp), Some(user_id)) = (corp_of(act), &user_id) {
                self.may_have_ended(corp, user_id, ends);
            }
            let known = corp_of(act).is_some_and(|corp| self.corps[corp].standing == Standing::In);
            (self.pushes[push].condemned, self.pushes[push].known) = (condemned, known);
        }
        self.pushes[push].state = self.pushes[push].state.after(RecordEvent::Accepted);
        Ok(())
    }

    pub(super) async fn retry(&mut self, which: usize, node: usize) -> Checked {
        let Some(push) = self.nth_push(which, |state| state != RecordState::Pushed) else {
            return Ok(());
        };
        self.start(node).await;
        let id = self.number(&self.of_record("id", push)).await;
        self.undisturbed = false;
        let retried = self.login(node).service().retry_callback(id).await;
        match retried {
            Err(error) if error.kind() == ErrorKind::RecordNotFound => {
                return Err("the record of an acknowledged event is not found".to_owned());
            }
            _ => {}
        }
        if self.pushes[push].state == RecordState::Failed {
            self.pushes[push].state = self.pushes[push].state.after(RecordEvent::Accepted);
        }
        Ok(())
    }

    pub(super) fn nth_push(&self, which: usize, of: impl Fn(RecordState) -> bool) -> Option<usize> {
        let fitting: Vec<usize> = (0..self.pushes.len())
            .filter(|number| of(self.pushes[*number].state))
            .collect();
        (!fitting.is_empty()).then(|| fitting[which % fitting.len()])
    }

    pub(super) fn count(&self, which: impl Fn(Act) -> bool) -> usize {
        self.pushes.iter().filter(|push| which(push.act)).count()
    }
}
