//! The comparison of product and model once everything has settled.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait as _, QueryResult, Statement};
use wecom_login::{AuthorizationStatus, Clock as _, Platform, Timestamp};
use wecom_login_tests::app::{SUITE, principal};

use super::run::{Checked, PATIENCE, Run, retry_late};
use super::state::{Pushed, Standing, corp_of, is_own};
use super::steps::{Act, CORPS, NODES};
use super::transitions::{RecordEvent, RecordState, SessionEvent, SessionState};

/// An AuthCode is valid for ten minutes. The event of an idempotent re-read is given up after a day.
const AUTH_CODE: Duration = Duration::from_mins(10);
const GIVEN_UP: Duration = Duration::from_hours(24);
/// The numbers of running and of waiting records, and when the first waiting one is due.
const OPEN_RECORDS: &str = "SELECT COUNT(CASE WHEN status = 'running' THEN 1 END), \
    COUNT(CASE WHEN status = 'waiting' THEN 1 END), MIN(CASE WHEN status = 'waiting' THEN due_at END) \
    FROM wecom_callback_record WHERE status IN ('running', 'waiting')";

impl Run<'_> {
    /// Waits until every accepted push is done and every node has processed every revocation.
    pub(super) async fn settle(&mut self) -> Checked {
        self.start(0).await;
        let _ = self.sandbox.push_ticket(SUITE).await;
        self.take_letters(Act::Ticket);
        for push in 0..self.pushes.len() {
            if matches!(self.pushes[push].act, Act::Ticket)
                && self.pushes[push].state == RecordState::Pushed
            {
                self.deliver(push, 0).await?;
            }
        }
        self.work_off().await?;
        for push in 0..self.pushes.len() {
            if self.pushes[push].state == RecordState::Acknowledged {
                self.worked_off(push).await?;
            }
        }
        for corp in 0..CORPS {
            self.stand(corp).await?;
        }
        self.hear().await?;
        self.counted.ends.fetch_add(
            self.sessions
                .iter()
                .filter(|session| session.state == SessionState::Revoked)
                .count(),
            Ordering::Relaxed,
        );
        Ok(())
    }

    /// Advances the clocks until no record is left.
    async fn work_off(&mut self) -> Checked {
        let began = Instant::now();
        let (mut known, mut since) = ((0, 0), Instant::now());
        loop {
            // One statement, so that no node claims a record between the counts and the due time.
            let statement = Statement::from_string(self.database.backend(), OPEN_RECORDS);
            let row = self.connection.query_one_raw(statement).await.unwrap();
            let (running, waiting, next): (i64, i64, Option<i64>) =
                row.unwrap().try_get_many_by_index().unwrap();
            if (running, waiting) == (0, 0) {
                return Ok(());
            }
            if began.elapsed() > PATIENCE * 2 {
                return Err("acknowledged records are not executed".to_owned());
            }
            if (running, waiting) != known {
                (known, since) = ((running, waiting), Instant::now());
            }
            // Without a running record, and with none due, nothing can be claimed before the clocks advance: no lease
            // expires in the jump.
            if let (0, Some(next)) = (running, next) {
                let next = Timestamp::from_millis(next);
                // An idle node polls again after a second.
                self.advance_clocks(next.since(self.clock.now()) + Duration::from_secs(1));
            } else if since.elapsed() > Duration::from_secs(1) {
                // The record is claimed by a crashed node, or by one that is slow: let its lease expire.
                self.jump(Duration::from_secs(11));
                since = Instant::now();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(super) async fn worked_off(&mut self, number: usize) -> Checked {
        let status = self.database_text(&self.of_record("status", number)).await;
        let push = &self.pushes[number];
        let lost = |why: &str| Err(format!("{:?} was acknowledged and lost: {why}", push.act));
        let newest = |push: &Pushed| {
            !self.pushes[push.number + 1..]
                .iter()
                .any(|later| is_own(later.act) && corp_of(later.act) == corp_of(push.act))
        };
        let turn = if status == "failed" {
            RecordEvent::GivenUp
        } else {
            RecordEvent::Executed
        };
        match push.act {
            Act::Install(_) | Act::Reset(_) if status == "failed" => {
                let late = self.clock.now().since(push.at) >= AUTH_CODE;
                // Only the exchange window is tolerated.
                let spent = self
                    .number(&self.of_record("COALESCE(errcode, 0)", number))
                    .await
                    == 40078
                    && self
                        .database_text(&self.of_record("COALESCE(hint, '')", number))
                        .await
                        .contains("重新获取secret");
                if newest(push) && !late {
                    if !(push.disturbed && spent) {
                        return lost("failed without need");
                    }
                    self.counted.in_the_window.fetch_add(1, Ordering::Relaxed);
                }
            }
            // Only a newer event of the corp supersedes an AuthCode, never one of another corp.
            Act::Install(_) | Act::Reset(_) if status == "ignored" && newest(push) => {
                return lost("superseded, though it is the newest of its corp");
            }
            // A re-read is given up after a day, because the daily one replaces it.
            Act::Change(_) if status == "failed" && self.clock.now().since(push.at) >= GIVEN_UP => {
            }
            _ if status == "failed" => return lost("failed"),
            Act::Unsubscribe(..) | Act::Leave(..) | Act::Rename(..)
                if status == "ignored" && push.known =>
            {
                return lost("ignored, though the corp is authorized");
            }
            _ => {}
        }
        let superseded = match push.act {
            Act::Cancel(corp) => self.pushes[number + 1..]
                .iter()
                .any(|later| matches!(later.act, Act::Install(of) | Act::Reset(of) if of == corp)),
            _ => false,
        };
        if status == "succeeded" && !superseded {
            for session in push.condemned.clone() {
                let session = &mut self.sessions[session];
                session.state = session.state.after(SessionEvent::Ended);
            }
        }
        if let Act::Rename(corp, who) = self.pushes[number].act
            && status != "succeeded"
        {
            // The binding did not move.
            self.users.remove(&(corp, who));
        }
        self.pushes[number].state = self.pushes[number].state.after(turn);
        Ok(())
    }

    /// Waits until the host app was told everything that it is to be told: whatever failed, and whoever crashed.
    pub(super) async fn told(&mut self) -> Checked {
        let began = Instant::now();
        while self.number("SELECT COUNT(*) FROM wecom_notification").await > 0 {
            if began.elapsed() > PATIENCE {
                return Err("the host app is not told".to_owned());
            }
            self.advance_clocks(Duration::from_secs(20));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        for push in &self.pushes {
            let Act::Leave(..) = push.act else { continue };
            let status = self
                .database_text(&self.of_record("status", push.number))
                .await;
            let user_id = push.queued.user_id.clone().unwrap_or_default();
            if status == "succeeded" && self.hooks.count(&format!("left: {user_id}")) == 0 {
                return Err(format!("the host app was not told that {user_id} left"));
            }
        }
        Ok(())
    }

    /// Once no event of a corp is pending, its status is certain.
    pub(super) async fn stand(&mut self, number: usize) -> Checked {
        let own = || {
            self.pushes
                .iter()
                .filter(|push| is_own(push.act) && corp_of(push.act) == Some(number))
        };
        if own().any(|push| matches!(push.state, RecordState::Pushed | RecordState::Acknowledged)) {
            return Ok(());
        }
        let Some(newest) = own().next_back() else {
            return Ok(());
        };
        let install = own().rfind(|push| matches!(push.act, Act::Install(_)));
        let installed = install.is_some_and(|push| push.state == RecordState::Settled);
        let standing = match (newest.act, newest.state) {
            (Act::Cancel(_), RecordState::Settled) => Standing::Out,
            (_, RecordState::Settled) if installed => Standing::In,
            _ => Standing::Unsure,
        };
        let began = Instant::now();
        let mut polls = 0;
        loop {
            let active = self.is_active(number).await?;
            polls += 1;
            if standing == Standing::In && !active && polls % 50 == 0 {
                // WeCom undoes a cancellation that it contradicts twice, a minute apart.
                self.advance_clocks(Duration::from_secs(20));
            }
            match standing {
                Standing::In if active => break,
                Standing::Out if !active => break,
                Standing::Unsure => break,
                _ if began.elapsed() > PATIENCE => {
                    return Err(format!(
                        "company {number} should be {standing:?}; active: {active}"
                    ));
                }
                _ => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
        self.corps[number].standing = standing;
        Ok(())
    }

    pub(super) async fn is_active(&self, corp: usize) -> Checked<bool> {
        let service = self.login(0).admin();
        let corps = retry_late(async || service.corps().await).await?;
        let id = &self.corps[corp].id;
        Ok(corps
            .iter()
            .any(|corp| corp.corp_id.as_str() == id && corp.status == AuthorizationStatus::Active))
    }

    /// Revokes a marker session on each node; once the others reject it, they have processed all earlier revocations.
    pub(super) async fn hear(&mut self) -> Checked {
        let nobody = principal(SUITE, "wwmodelofnobody", "nobody");
        for from in 0..NODES {
            for to in 0..NODES {
                if from == to || self.nodes[from].is_none() || self.nodes[to].is_none() {
                    continue;
                }
                let service = self.login(from).sessions();
                let issued =
                    retry_late(async || service.issue(&nobody, Platform::App).await).await?;
                let token = issued.token.expose().to_owned();
                if self.verified(to, &token).await?.is_none() {
                    return Err("a new session is dead on the other node".to_owned());
                }
                retry_late(async || service.logout(&issued.user).await).await?;
                let began = Instant::now();
                while self.verified(to, &token).await?.is_some() {
                    if began.elapsed() > PATIENCE {
                        return Err("a revocation does not reach the other nodes".to_owned());
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
        self.propagated = true;
        Ok(())
    }

    /// A valid session is accepted on every node; a revoked one is rejected where it was revoked, and later everywhere.
    pub(super) async fn check(&self) -> Checked {
        for number in 0..self.sessions.len() {
            for node in (0..NODES).filter(|node| self.nodes[*node].is_some()) {
                let session = &self.sessions[number];
                let must_be_over = session.state == SessionState::Revoked
                    && (self.propagated || session.ended_on == Some(node));
                if session.state != SessionState::Valid && !must_be_over {
                    continue;
                }
                let lives = self.user(node, number).await?.is_some();
                if lives == must_be_over {
                    let is = if lives {
                        "is valid after its revocation"
                    } else {
                        "must be valid and is revoked"
                    };
                    return Err(format!(
                        "session {number} of {} {is} on node {node}",
                        session.user_id
                    ));
                }
            }
        }
        Ok(())
    }

    /// Whether the effect of a record is there, whatever its status.
    pub(super) async fn is_carried_out(&self, push: usize) -> bool {
        self.number(&self.of_record("CASE WHEN exchanged THEN 1 ELSE 0 END", push))
            .await
            == 1
    }

    pub(super) fn of_record(&self, column: &str, push: usize) -> String {
        let hash = self.database.literal_bytes(&self.pushes[push].queued.hash);
        format!("SELECT {column} FROM wecom_callback_record WHERE hash = {hash}")
    }

    pub(super) async fn number(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(self.database.backend(), sql);
        let row = self.connection.query_one_raw(statement).await.unwrap();
        // Columns are of four bytes or of eight; what is not there is -1.
        let whole = |row: &QueryResult| match row.try_get_by_index::<Option<i64>>(0) {
            Ok(number) => number,
            Err(_) => row
                .try_get_by_index::<Option<i32>>(0)
                .unwrap()
                .map(i64::from),
        };
        row.and_then(|row| whole(&row)).unwrap_or(-1)
    }

    pub(super) async fn database_text(&self, sql: &str) -> String {
        let statement = Statement::from_string(self.database.backend(), sql);
        let row = self.connection.query_one_raw(statement).await.unwrap();
        row.map_or_else(
            || "no record".to_owned(),
            |row| row.try_get_by_index(0).unwrap(),
        )
    }
}
