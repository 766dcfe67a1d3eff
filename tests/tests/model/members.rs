//! Logins and logouts of the model, and whose session is valid.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use wecom_login::{
    Clock as _, CorpId, CurrentUser, ErrorKind, OAuthCode, SuiteId, WorkbenchLoginRequest,
};
use wecom_login_tests::app::SUITE;

use super::run::{Checked, PATIENCE, Run, is_late, retry_late};
use super::state::{Pushed, Session, Standing};
use super::steps::Act;
use super::transitions::{RecordState, SessionEvent, SessionState};

/// What a corp leaves behind that cancels is kept for thirty days.
const REMEMBERED: Duration = Duration::from_hours(29 * 24);

impl Run<'_> {
    pub(super) async fn log_in(&mut self, corp: usize, member: usize, node: usize) -> Checked {
        self.start(node).await;
        let (corp_id, user_id) = (
            self.corps[corp].id.clone(),
            self.corps[corp].members[member].id.clone(),
        );
        let about = |push: &Pushed| {
            matches!(push.act, Act::Unsubscribe(c, p) | Act::Leave(c, p) | Act::Rename(c, p)
                if (c, p) == (corp, member))
        };
        let mut sure = self.corps[corp].standing == Standing::In
            && self.corps[corp].members[member].present
            && self.propagated;
        // An event that ended their sessions ends no later one, though its record may be taken up again.
        let mut after_an_end = false;
        for push in self.pushes.iter().filter(|push| about(push)) {
            match push.state {
                RecordState::Pushed => sure = false,
                RecordState::Acknowledged if self.is_carried_out(push.number).await => {
                    after_an_end = true
                }
                RecordState::Acknowledged => sure = false,
                RecordState::Settled | RecordState::Failed => {}
            }
        }
        let settled = |push: &Pushed| push.state == RecordState::Settled;
        let is_bound_as_before = sure && self.pushes.iter().filter(|push| about(push)).all(settled);
        let made_at = self.clock.now();
        let began = Instant::now();
        loop {
            let Ok(code) = self.sandbox.code_for_suite(&corp_id, &user_id, SUITE) else {
                return if sure {
                    Err("WeCom gives no code to who is in".to_owned())
                } else {
                    Ok(())
                };
            };
            let request =
                WorkbenchLoginRequest::new(CorpId::new(&*corp_id).unwrap(), OAuthCode::new(code))
                    .with_suite_id(SuiteId::new(SUITE).unwrap());
            let login = self.login(node).service().login_by_workbench(request).await;
            if login.is_err() {
                // WeCom may have said that they do not see the app.
                self.may_have_ended(corp, &user_id, 1);
            }
            match login {
                Ok(result) => {
                    let state = if sure {
                        SessionState::Valid
                    } else {
                        SessionState::Doubtful
                    };
                    let count = |counter: &AtomicUsize, one: bool| {
                        counter.fetch_add(usize::from(one), Ordering::Relaxed)
                    };
                    count(&self.counted.sessions, true);
                    count(&self.counted.sure_sessions, sure);
                    count(&self.counted.after_an_end, sure && after_an_end);
                    self.check_user((corp, member), &result.user_id, is_bound_as_before)?;
                    let token = result.token.expose().to_owned();
                    self.sessions.push(Session {
                        token,
                        corp,
                        user_id,
                        state,
                        made_at,
                        ended_on: None,
                    });
                    return Ok(());
                }
                Err(error) if sure && is_late(error.kind()) && began.elapsed() < PATIENCE => {}
                Err(error) if sure => {
                    return Err(format!("a login that must succeed was refused: {error:?}"));
                }
                Err(_) => return Ok(()),
            }
        }
    }

    /// A member stays the same user of the host app, also over a rename, and over a cancellation whose corp comes back.
    fn check_user(&mut self, member: (usize, usize), user_id: &str, is_certain: bool) -> Checked {
        if !is_certain || self.unfollowed.contains(&member) || self.jumped > REMEMBERED {
            self.users.remove(&member);
            return Ok(());
        }
        match self.users.insert(member, user_id.to_owned()) {
            Some(before) if before != user_id => Err(format!(
                "the member {member:?} was user {before} and is {user_id}"
            )),
            Some(_) => {
                self.counted.same_users.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Their sessions were ended so often, perhaps.
    pub(super) fn may_have_ended(&mut self, corp: usize, user_id: &str, times: i64) {
        *self.ended.entry((corp, user_id.to_owned())).or_default() += times;
    }

    pub(super) async fn log_out(&mut self, which: usize, node: usize, all: bool) -> Checked {
        let alive: Vec<usize> = (0..self.sessions.len())
            .filter(|number| self.sessions[*number].state == SessionState::Valid)
            .collect();
        if alive.is_empty() {
            return Ok(());
        }
        self.start(node).await;
        let number = alive[which % alive.len()];
        let user = self
            .user(node, number)
            .await?
            .ok_or("a session that must live is dead")?;
        let service = self.login(node).sessions();
        let mut times = 0;
        retry_late(async || {
            times += 1;
            if all {
                service.logout_all(&user).await
            } else {
                service.logout(&user).await
            }
        })
        .await?;
        let (corp, user_id) = (
            self.sessions[number].corp,
            self.sessions[number].user_id.clone(),
        );
        if all {
            self.may_have_ended(corp, &user_id, times);
        }
        let token = self.sessions[number].token.clone();
        self.ended_on(node, |session| {
            session.token == token || (all && session.corp == corp && session.user_id == user_id)
        });
        Ok(())
    }

    pub(super) fn ended_on(&mut self, node: usize, whose: impl Fn(&Session) -> bool) {
        for session in self.sessions.iter_mut().filter(|session| whose(session)) {
            if session.state != SessionState::Revoked {
                session.state = session.state.after(SessionEvent::Ended);
                session.ended_on = Some(node);
            }
        }
        self.propagated = self.nodes.iter().flatten().count() < 2;
    }

    pub(super) fn turn(&mut self, turn: SessionEvent, whose: impl Fn(&Session) -> bool) {
        for session in self.sessions.iter_mut().filter(|session| whose(session)) {
            session.state = session.state.after(turn);
        }
    }

    pub(super) async fn user(&self, node: usize, session: usize) -> Checked<Option<CurrentUser>> {
        self.verified(node, &self.sessions[session].token).await
    }

    pub(super) async fn verified(&self, node: usize, token: &str) -> Checked<Option<CurrentUser>> {
        retry_late(async || {
            match self
                .login(node)
                .verify_token(token.as_bytes())
                .resolve()
                .await
            {
                Ok(verified) => Ok(verified.map(|verified| verified.user)),
                Err(error) if error.kind() == ErrorKind::TokenInvalid => Ok(None),
                Err(error) => Err(error),
            }
        })
        .await
    }
}
