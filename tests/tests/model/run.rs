//! A history carried out, and compared with what must be so.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement};
use wecom_login::{
    AuthCode, AuthorizationStatus, Clock as _, CorpId, CurrentUser, ErrorKind, ManualClock, Platform,
    SuiteId, Timestamp, WorkbenchLoginRequest,
};
use wecom_login_tests::database::TestDatabase;
use wecom_login_tests::node::{Plan, SUITE, builder, principal, suites};
use wecom_login_tests::told::Told;
use wecom_sandbox::Sandbox;

use super::lives::{RecordLife, RecordTurn, SessionLife, SessionTurn};
use super::nodes::Running;
use super::post::{Letter, PostBox};
use super::steps::{Act, CORPS, NODES, PEOPLE, Step};

const PATIENCE: Duration = Duration::from_secs(20);
/// An AuthCode lives ten minutes, a session that nobody uses a day.
const AUTH_CODE: Duration = Duration::from_mins(10);
const GIVEN_UP: Duration = Duration::from_hours(24);
const SURELY_ALIVE: Duration = Duration::from_hours(23);

type Checked<T = ()> = Result<T, String>;

/// What was done in all histories.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    steps: AtomicUsize,
    pushes: AtomicUsize,
    sessions: AtomicUsize,
    sure_sessions: AtomicUsize,
    crashes: AtomicUsize,
    /// Sessions that ended for certain, and were found ended on every node.
    ends: AtomicUsize,
}

struct Pushed {
    number: usize,
    act: Act,
    letter: Letter,
    life: RecordLife,
    at: Timestamp,
    /// The sessions that its work ends.
    condemned: Vec<usize>,
    /// The company was in for certain when it was delivered.
    known: bool,
    /// Its work was cut off, or a leap took its lease: an AuthCode may be spent and its answer lost.
    disturbed: bool,
}

struct Session {
    token: String,
    corp: usize,
    user_id: String,
    life: SessionLife,
    made_at: Timestamp,
    /// The node that ended it hears of it at once, the others by the feed.
    ended_on: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    In,
    Unsure,
    Out,
}

struct Person {
    id: String,
    present: bool,
}

struct Corp {
    id: String,
    standing: Standing,
    people: Vec<Person>,
}

struct Run<'a> {
    nodes: Vec<Option<Running>>,
    corps: Vec<Corp>,
    pushes: Vec<Pushed>,
    sessions: Vec<Session>,
    /// Every node has heard of every end so far.
    heard: bool,
    /// Nothing happened that lets work be done twice.
    undisturbed: bool,
    renamed: usize,
    post: PostBox,
    told: Told,
    clock: ManualClock,
    sandbox: Sandbox,
    connection: DatabaseConnection,
    counted: &'a Counted,
    _directory: tempfile::TempDir,
    database: TestDatabase,
}

/// Carries a history out; what was not as it must be is the error.
pub(crate) fn history(steps: &[Step], counted: &Counted) -> Checked {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let outcome = runtime.block_on(async {
        let mut run = Box::pin(Run::begin(counted)).await;
        run.install_all().await.map_err(|wrong| format!("at the beginning: {wrong}"))?;
        for (number, step) in steps.iter().enumerate() {
            run.step(step).await.map_err(|wrong| format!("step {number}, {step:?}: {wrong}"))?;
        }
        run.end().await.map_err(|wrong| format!("at the end: {wrong}"))
    });
    runtime.shutdown_background();
    outcome
}

impl<'a> Run<'a> {
    async fn begin(counted: &'a Counted) -> Self {
        let plan = Plan::default();
        let sandbox = Sandbox::builder().suites(suites(plan)).corps(CORPS).start().await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let database = TestDatabase::create(directory.path()).await;
        let (post, url) = PostBox::open(SUITE).await;
        let corps = sandbox.corp_ids().into_iter().map(|id| {
            let people = sandbox.user_ids(&id).into_iter().take(PEOPLE);
            let people = people.map(|id| Person { id, present: true }).collect();
            Corp { id, standing: Standing::Out, people }
        });
        let mut run = Self {
            nodes: (0..NODES).map(|_| None).collect(),
            corps: corps.collect(),
            pushes: Vec::new(),
            sessions: Vec::new(),
            heard: true,
            undisturbed: true,
            renamed: 0,
            post,
            told: Told::default(),
            clock: ManualClock::starting_now(),
            connection: DatabaseConnection::default(),
            counted,
            _directory: directory,
            database,
            sandbox,
        };
        run.start(0).await;
        run.connection = run.database.connect().await;
        run.sandbox.set_notify(&url).unwrap();
        run
    }

    /// Every company is in before the history begins.
    async fn install_all(&mut self) -> Checked {
        for corp in 0..CORPS {
            self.wecom(Act::Install(corp)).await;
        }
        for push in 0..self.pushes.len() {
            self.deliver(push, 0).await?;
        }
        self.settle().await
    }

    async fn step(&mut self, step: &Step) -> Checked {
        self.counted.steps.fetch_add(1, Ordering::Relaxed);
        match *step {
            Step::Wecom(act) => self.wecom(act).await,
            Step::Deliver { which, node } => {
                if let Some(push) = self.nth_push(which, |life| life == RecordLife::Pushed) {
                    self.deliver(push, node).await?
                }
            }
            Step::Repeat { which, node } => {
                if let Some(push) = self.nth_push(which, |life| life != RecordLife::Pushed) {
                    self.deliver(push, node).await?
                }
            }
            Step::Retry { which, node } => self.retry(which, node).await?,
            Step::Login { corp, person, node } => self.log_in(corp, person, node).await?,
            Step::Logout { which, node } => self.log_out(which, node, false).await?,
            Step::LogoutAll { which, node } => self.log_out(which, node, true).await?,
            Step::EndPerson { corp, person, node } => {
                self.start(node).await;
                let who = principal(SUITE, &self.corps[corp].id, &self.corps[corp].people[person].id);
                let service = self.login(node).service();
                service.end_sessions_of_person(&who).await.map_err(|error| error.to_string())?;
                self.ended_on(node, |session| {
                    session.corp == corp && session.user_id == who.user_id.as_str()
                });
            }
            Step::EndCorp { corp, node } => {
                self.start(node).await;
                let (suite_id, corp_id) = (SuiteId::new(SUITE), CorpId::new(&*self.corps[corp].id));
                let service = self.login(node).service();
                let ended = service.end_sessions_of_corp(&suite_id.unwrap(), &corp_id.unwrap()).await;
                ended.map_err(|error| error.to_string())?;
                self.ended_on(node, |session| session.corp == corp);
            }
            Step::Crash { node } => self.crash(node).await,
            Step::Leap { minutes } => self.leap(Duration::from_mins(minutes)),
            Step::Settle => self.settle().await?,
        }
        self.check().await
    }

    async fn end(&mut self) -> Checked {
        while let Some(push) = self.nth_push(0, |life| life == RecordLife::Pushed) {
            self.deliver(push, 0).await?;
        }
        self.settle().await?;
        let taken: HashSet<[u8; 32]> = self.pushes.iter().map(|push| push.letter.hash).collect();
        let records = self.number("SELECT COUNT(*) FROM wecom_callback_record").await;
        if records != taken.len() as i64 {
            return Err(format!("{} events were taken, {records} records are there", taken.len()));
        }
        if self.undisturbed {
            let codes = self.count(|act| matches!(act, Act::Install(_) | Act::Reset(_)));
            let sent = self.sandbox.calls("service/v2/get_permanent_code");
            if sent > codes as u64 {
                return Err(format!("{codes} AuthCodes came, {sent} were sent"));
            }
            for (number, corp) in self.corps.iter().enumerate() {
                let told = self.told.times(&format!("cancelled: {}", corp.id));
                let cancelled = self.count(|act| matches!(act, Act::Cancel(corp) if corp == number));
                if told > cancelled {
                    return Err(format!("{cancelled} cancellations, the host app was told of {told}"));
                }
            }
        }
        Ok(())
    }

    /// What an administrator or a person does; the push of it waits.
    async fn wecom(&mut self, act: Act) {
        // WeCom's time is in seconds: two acts are never the same event.
        self.leap(Duration::from_secs(1));
        let wecom = &self.sandbox;
        let id = |corp: usize| self.corps[corp].id.clone();
        let person = |corp: usize, person: usize| self.corps[corp].people[person].id.clone();
        let done = match act {
            Act::Install(corp) => wecom.install_suite(&id(corp), SUITE).await,
            Act::Change(corp) => wecom.change(&id(corp)).await,
            Act::Cancel(corp) => wecom.cancel(&id(corp)).await,
            Act::Reset(corp) => wecom.reset_secret(&id(corp)).await,
            Act::Unsubscribe(corp, who) => wecom.unsubscribe(&id(corp), &person(corp, who)).await,
            Act::Leave(corp, who) => wecom.leave(&id(corp), &person(corp, who)).await,
            Act::Rename(corp, who) => {
                self.renamed += 1;
                let new = format!("renamed-{}", self.renamed);
                wecom.rename(&id(corp), &person(corp, who), &new).await
            }
            Act::Ticket => wecom.push_ticket(SUITE).await,
        };
        if done.is_err() {
            // Nothing is installed, or the person is gone.
            return;
        }
        let user_id = match act {
            Act::Unsubscribe(corp, who) | Act::Leave(corp, who) | Act::Rename(corp, who) => person(corp, who),
            _ => String::new(),
        };
        self.take_letters(act);
        match act {
            Act::Install(corp) | Act::Cancel(corp) => {
                self.corps[corp].standing = Standing::Unsure;
                self.turn(SessionTurn::MayEnd, |session| session.corp == corp);
            }
            Act::Reset(corp) => self.corps[corp].standing = Standing::Unsure,
            Act::Unsubscribe(corp, _) | Act::Leave(corp, _) | Act::Rename(corp, _) => {
                self.turn(SessionTurn::MayEnd, |session| session.corp == corp && session.user_id == user_id);
            }
            Act::Change(_) | Act::Ticket => {}
        }
        match act {
            Act::Leave(corp, who) => self.corps[corp].people[who].present = false,
            Act::Rename(corp, who) => self.corps[corp].people[who].id = format!("renamed-{}", self.renamed),
            _ => {}
        }
    }

    fn take_letters(&mut self, act: Act) {
        for letter in self.post.empty() {
            // The first ticket comes with the callback URL, before any act.
            self.pushes.push(Pushed {
                number: self.pushes.len(),
                act: if letter.is_ticket { Act::Ticket } else { act },
                letter,
                life: RecordLife::Pushed,
                at: self.clock.now(),
                condemned: Vec::new(),
                known: false,
                disturbed: false,
            });
        }
    }

    async fn deliver(&mut self, push: usize, node: usize) -> Checked {
        self.start(node).await;
        let letter = self.pushes[push].letter.clone();
        let service = self.login(node).service();
        let answer = service.notify("POST", &letter.query, &letter.body).await;
        match answer.status {
            200 => {}
            // Not stored in time: WeCom comes again.
            500 => return Ok(()),
            other => return Err(format!("a push was answered {other}")),
        }
        self.counted.pushes.fetch_add(1, Ordering::Relaxed);
        if self.pushes[push].life == RecordLife::Failed {
            self.undisturbed = false;
        }
        if self.pushes[push].life == RecordLife::Pushed {
            let act = self.pushes[push].act;
            let user_id = self.pushes[push].letter.user_id.clone();
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
                session.life = session.life.after(SessionTurn::MayEnd);
            }
            let known = corp_of(act).is_some_and(|corp| self.corps[corp].standing == Standing::In);
            (self.pushes[push].condemned, self.pushes[push].known) = (condemned, known);
        }
        self.pushes[push].life = self.pushes[push].life.after(RecordTurn::Taken);
        Ok(())
    }

    async fn retry(&mut self, which: usize, node: usize) -> Checked {
        let Some(push) = self.nth_push(which, |life| life != RecordLife::Pushed) else { return Ok(()) };
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
        if self.pushes[push].life == RecordLife::Failed {
            self.pushes[push].life = self.pushes[push].life.after(RecordTurn::Taken);
        }
        Ok(())
    }

    async fn log_in(&mut self, corp: usize, person: usize, node: usize) -> Checked {
        self.start(node).await;
        let (corp_id, user_id) = (self.corps[corp].id.clone(), self.corps[corp].people[person].id.clone());
        let open = |push: &Pushed| {
            matches!(push.life, RecordLife::Pushed | RecordLife::Acknowledged)
                && matches!(push.act, Act::Unsubscribe(c, p) | Act::Leave(c, p) | Act::Rename(c, p)
                    if (c, p) == (corp, person))
        };
        let sure = self.corps[corp].standing == Standing::In
            && self.corps[corp].people[person].present
            && self.heard
            && !self.pushes.iter().any(open);
        let Ok(code) = self.sandbox.code_for_suite(&corp_id, &user_id, SUITE) else {
            return if sure { Err("WeCom gives no code to who is in".to_owned()) } else { Ok(()) };
        };
        let request = WorkbenchLoginRequest::new(CorpId::new(corp_id).unwrap(), AuthCode::new(code))
            .with_suite_id(SuiteId::new(SUITE).ok());
        let made_at = self.clock.now();
        match self.login(node).service().login_by_workbench(request).await {
            Ok(result) => {
                let life = if sure { SessionLife::Alive } else { SessionLife::Doubtful };
                self.counted.sessions.fetch_add(1, Ordering::Relaxed);
                self.counted.sure_sessions.fetch_add(usize::from(sure), Ordering::Relaxed);
                let token = result.token.expose().to_owned();
                self.sessions.push(Session { token, corp, user_id, life, made_at, ended_on: None });
                Ok(())
            }
            Err(error) if sure => Err(format!("a login that must succeed was refused: {error:?}")),
            Err(_) => Ok(()),
        }
    }

    async fn log_out(&mut self, which: usize, node: usize, all: bool) -> Checked {
        let alive: Vec<usize> = (0..self.sessions.len())
            .filter(|number| self.sessions[*number].life == SessionLife::Alive)
            .collect();
        if alive.is_empty() {
            return Ok(());
        }
        self.start(node).await;
        let number = alive[which % alive.len()];
        let user = self.user(node, number).await?.ok_or("a session that must live is dead")?;
        let service = self.login(node).service();
        let done = if all { service.logout_all(&user).await } else { service.logout(&user).await };
        done.map_err(|error| error.to_string())?;
        let (corp, user_id) = (self.sessions[number].corp, self.sessions[number].user_id.clone());
        let token = self.sessions[number].token.clone();
        self.ended_on(node, |session| {
            session.token == token || (all && session.corp == corp && session.user_id == user_id)
        });
        Ok(())
    }

    async fn crash(&mut self, node: usize) {
        let Some(running) = self.nodes[node].take() else { return };
        running.kill();
        self.counted.crashes.fetch_add(1, Ordering::Relaxed);
        self.disturb();
        self.start(node).await;
    }

    fn leap(&mut self, by: Duration) {
        if by > Duration::from_secs(2) {
            self.disturb();
            // A reset that is not heard of breaks the authorisation, and after a day its sessions.
            let unheard: Vec<usize> = (0..CORPS)
                .filter(|corp| {
                    self.pushes.iter().any(|push| {
                        matches!(push.act, Act::Reset(of) if of == *corp) && push.life != RecordLife::Settled
                    })
                })
                .collect();
            self.turn(SessionTurn::MayEnd, |session| unheard.contains(&session.corp));
        }
        self.clock.advance(by);
        self.sandbox.advance(by);
        let now = self.clock.now();
        self.turn(SessionTurn::MayEnd, |session| now.since(session.made_at) > SURELY_ALIVE);
    }

    /// What is in work now may be done again.
    fn disturb(&mut self) {
        for push in &mut self.pushes {
            if push.life == RecordLife::Acknowledged {
                push.disturbed = true;
                self.undisturbed = false;
            }
        }
    }

    /// Waits until everything that was taken is worked off and every node has heard of every end.
    async fn settle(&mut self) -> Checked {
        self.start(0).await;
        let _ = self.sandbox.push_ticket(SUITE).await;
        self.take_letters(Act::Ticket);
        for push in 0..self.pushes.len() {
            if matches!(self.pushes[push].act, Act::Ticket) && self.pushes[push].life == RecordLife::Pushed {
                self.deliver(push, 0).await?;
            }
        }
        let began = Instant::now();
        let mut nudged = Instant::now();
        while self
            .number("SELECT COUNT(*) FROM wecom_callback_record WHERE status IN ('waiting', 'running')")
            .await
            > 0
        {
            if began.elapsed() > PATIENCE {
                return Err("what was acknowledged is not worked off".to_owned());
            }
            if nudged.elapsed() > Duration::from_millis(250) {
                // It waits for its turn, or for the lease of a node that died.
                self.leap(Duration::from_secs(11));
                nudged = Instant::now();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for push in 0..self.pushes.len() {
            if self.pushes[push].life == RecordLife::Acknowledged {
                self.worked_off(push).await?;
            }
        }
        for corp in 0..CORPS {
            self.stand(corp).await?;
        }
        self.hear().await?;
        self.counted.ends.fetch_add(
            self.sessions.iter().filter(|session| session.life == SessionLife::Over).count(),
            Ordering::Relaxed,
        );
        Ok(())
    }

    async fn worked_off(&mut self, number: usize) -> Checked {
        let status = self.database_text(&self.of_record("status", number)).await;
        let push = &self.pushes[number];
        let lost = |why: &str| Err(format!("{:?} was acknowledged and is lost: {why}", push.act));
        let newest = |push: &Pushed| {
            !self.pushes[push.number + 1..]
                .iter()
                .any(|later| is_own(later.act) && corp_of(later.act) == corp_of(push.act))
        };
        let turn = if status == "failed" { RecordTurn::GivenUp } else { RecordTurn::CarriedOut };
        match push.act {
            Act::Install(_) | Act::Reset(_) if status == "failed" => {
                let late = self.clock.now().since(push.at) >= AUTH_CODE;
                if newest(push) && !late && !push.disturbed {
                    return lost("failed without need");
                }
            }
            // What only makes us read is given up after a day; the daily question makes up for it.
            Act::Change(_) if status == "failed" && self.clock.now().since(push.at) >= GIVEN_UP => {}
            _ if status == "failed" => return lost("failed"),
            Act::Unsubscribe(..) | Act::Leave(..) | Act::Rename(..) if status == "ignored" && push.known => {
                return lost("ignored, though the company is in");
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
                session.life = session.life.after(SessionTurn::Ended);
            }
        }
        self.pushes[number].life = self.pushes[number].life.after(turn);
        Ok(())
    }

    /// Once nothing of a company is on its way, it is known whether it is in.
    async fn stand(&mut self, number: usize) -> Checked {
        let own = || self.pushes.iter().filter(|push| is_own(push.act) && corp_of(push.act) == Some(number));
        if own().any(|push| matches!(push.life, RecordLife::Pushed | RecordLife::Acknowledged)) {
            return Ok(());
        }
        let Some(newest) = own().next_back() else { return Ok(()) };
        let install = own().rfind(|push| matches!(push.act, Act::Install(_)));
        let installed = install.is_some_and(|push| push.life == RecordLife::Settled);
        let standing = match (newest.act, newest.life) {
            (Act::Cancel(_), RecordLife::Settled) => Standing::Out,
            (_, RecordLife::Settled) if installed => Standing::In,
            _ => Standing::Unsure,
        };
        let began = Instant::now();
        loop {
            let active = self.is_active(number).await?;
            match standing {
                Standing::In if active => break,
                Standing::Out if !active => break,
                Standing::Unsure => break,
                _ if began.elapsed() > PATIENCE => {
                    return Err(format!("company {number} should be {standing:?}; active: {active}"));
                }
                _ => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
        self.corps[number].standing = standing;
        Ok(())
    }

    async fn is_active(&self, corp: usize) -> Checked<bool> {
        let corps = self.login(0).service().corps().await.map_err(|error| error.to_string())?;
        let id = &self.corps[corp].id;
        Ok(corps.iter().any(|corp| corp.corp_id.as_str() == id && corp.status == AuthorizationStatus::Active))
    }

    /// A session of nobody ends on each node; when the others hear of that, they have heard of all before it.
    async fn hear(&mut self) -> Checked {
        let nobody = principal(SUITE, "wwmodelofnobody", "nobody");
        for from in 0..NODES {
            for to in 0..NODES {
                if from == to || self.nodes[from].is_none() || self.nodes[to].is_none() {
                    continue;
                }
                let service = self.login(from).service();
                let issued = service.issue_session(&nobody, Platform::App).await;
                let issued = issued.map_err(|error| error.to_string())?;
                let token = issued.token.expose().to_owned();
                if self.verified(to, &token).await?.is_none() {
                    return Err("a new session is dead on the other node".to_owned());
                }
                service.logout(&issued.user).await.map_err(|error| error.to_string())?;
                let began = Instant::now();
                while self.verified(to, &token).await?.is_some() {
                    if began.elapsed() > PATIENCE {
                        return Err("an end is not heard of".to_owned());
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
        self.heard = true;
        Ok(())
    }

    /// What must live lives on every node; what is over is over where it was ended, and once heard of everywhere.
    async fn check(&self) -> Checked {
        for number in 0..self.sessions.len() {
            for node in (0..NODES).filter(|node| self.nodes[*node].is_some()) {
                let session = &self.sessions[number];
                let must_be_over =
                    session.life == SessionLife::Over && (self.heard || session.ended_on == Some(node));
                if session.life != SessionLife::Alive && !must_be_over {
                    continue;
                }
                let lives = self.user(node, number).await?.is_some();
                if lives == must_be_over {
                    let is = if lives { "lives after its end" } else { "must live and is dead" };
                    return Err(format!("session {number} of {} {is} on node {node}", session.user_id));
                }
            }
        }
        Ok(())
    }

    fn ended_on(&mut self, node: usize, whose: impl Fn(&Session) -> bool) {
        for session in self.sessions.iter_mut().filter(|session| whose(session)) {
            if session.life != SessionLife::Over {
                session.life = session.life.after(SessionTurn::Ended);
                session.ended_on = Some(node);
            }
        }
        self.heard = self.nodes.iter().flatten().count() < 2;
    }

    fn turn(&mut self, turn: SessionTurn, whose: impl Fn(&Session) -> bool) {
        for session in self.sessions.iter_mut().filter(|session| whose(session)) {
            session.life = session.life.after(turn);
        }
    }

    async fn user(&self, node: usize, session: usize) -> Checked<Option<CurrentUser>> {
        self.verified(node, &self.sessions[session].token).await
    }

    async fn verified(&self, node: usize, token: &str) -> Checked<Option<CurrentUser>> {
        match self.login(node).verify_token(token.as_bytes()).answer().await {
            Ok(verified) => Ok(verified.map(|verified| verified.user)),
            Err(error) if error.kind() == ErrorKind::TokenInvalid => Ok(None),
            Err(error) => Err(format!("a session cannot be verified: {error:?}")),
        }
    }

    async fn start(&mut self, node: usize) {
        if self.nodes[node].is_none() {
            let plan = Plan::default();
            let builder = builder(plan, "http://127.0.0.1:1", self.database.url(), &self.sandbox);
            let builder = builder.hooks(self.told.clone()).clock(self.clock.clone());
            self.nodes[node] = Some(Running::start(builder).await);
        }
    }

    fn login(&self, node: usize) -> &wecom_login::WecomLogin {
        &self.nodes[node].as_ref().expect("a step starts its node").login
    }

    fn nth_push(&self, which: usize, of: impl Fn(RecordLife) -> bool) -> Option<usize> {
        let fitting: Vec<usize> =
            (0..self.pushes.len()).filter(|number| of(self.pushes[*number].life)).collect();
        (!fitting.is_empty()).then(|| fitting[which % fitting.len()])
    }

    fn count(&self, which: impl Fn(Act) -> bool) -> usize {
        self.pushes.iter().filter(|push| which(push.act)).count()
    }

    fn of_record(&self, column: &str, push: usize) -> String {
        let hash = self.database.literal_bytes(&self.pushes[push].letter.hash);
        format!("SELECT {column} FROM wecom_callback_record WHERE hash = {hash}")
    }

    async fn number(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(self.database.backend(), sql);
        let row = self.connection.query_one_raw(statement).await.unwrap();
        row.map_or(-1, |row| row.try_get_by_index(0).unwrap())
    }

    async fn database_text(&self, sql: &str) -> String {
        let statement = Statement::from_string(self.database.backend(), sql);
        let row = self.connection.query_one_raw(statement).await.unwrap();
        row.map_or_else(|| "no record".to_owned(), |row| row.try_get_by_index(0).unwrap())
    }
}

/// Whether it is about the authorisation itself.
fn is_own(act: Act) -> bool {
    matches!(act, Act::Install(_) | Act::Cancel(_) | Act::Reset(_))
}

fn corp_of(act: Act) -> Option<usize> {
    match act {
        Act::Install(corp)
        | Act::Change(corp)
        | Act::Cancel(corp)
        | Act::Reset(corp)
        | Act::Unsubscribe(corp, _)
        | Act::Leave(corp, _)
        | Act::Rename(corp, _) => Some(corp),
        Act::Ticket => None,
    }
}
