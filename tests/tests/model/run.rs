//! A history carried out, and compared with what must be so.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sea_orm::DatabaseConnection;
use wecom_login::{CorpId, ErrorKind, ManualClock, SuiteId};
use wecom_login_tests::app::{NodeConfig, SUITE, principal};
use wecom_login_tests::database::TestDatabase;
use wecom_login_tests::hooks::RecordingHooks;
use wecom_sandbox::Sandbox;

use super::nodes::Running;
use super::push_queue::PostBox;
use super::state::{Corp, Counted, Person, Pushed, Session, Standing};
use super::steps::{Act, CORPS, NODES, PEOPLE, Step};
use super::transitions::RecordLife;

pub(super) const PATIENCE: Duration = Duration::from_secs(60);

pub(super) type Checked<T = ()> = Result<T, String>;

pub(super) struct Run<'a> {
    pub(super) nodes: Vec<Option<Running>>,
    pub(super) corps: Vec<Corp>,
    pub(super) pushes: Vec<Pushed>,
    pub(super) sessions: Vec<Session>,
    /// Every node has heard of every end so far.
    pub(super) heard: bool,
    /// Nothing happened that lets work be done twice.
    pub(super) undisturbed: bool,
    /// How often the sessions of a member (corp, userid) were ended at most, if nothing is done twice.
    pub(super) ended: HashMap<(usize, String), i64>,
    /// How far the clocks leapt in all.
    pub(super) leapt: Duration,
    pub(super) renamed: usize,
    pub(super) post: PostBox,
    pub(super) hooks: RecordingHooks,
    pub(super) clock: ManualClock,
    pub(super) sandbox: Sandbox,
    pub(super) connection: DatabaseConnection,
    pub(super) counted: &'a Counted,
    pub(super) _directory: tempfile::TempDir,
    pub(super) database: TestDatabase,
}

/// Carries a history out; what was not as it must be is the error.
pub(crate) fn history(steps: &[Step], counted: &Counted) -> Checked {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let outcome = runtime.block_on(async {
        let mut run = Box::pin(Run::begin(counted)).await;
        run.install_all()
            .await
            .map_err(|wrong| format!("at the beginning: {wrong}"))?;
        for (number, step) in steps.iter().enumerate() {
            run.step(step)
                .await
                .map_err(|wrong| format!("step {number}, {step:?}: {wrong}"))?;
        }
        run.end()
            .await
            .map_err(|wrong| format!("at the end: {wrong}"))
    });
    runtime.shutdown_background();
    outcome
}

impl<'a> Run<'a> {
    async fn begin(counted: &'a Counted) -> Self {
        let sandbox = Sandbox::builder()
            .suites(NodeConfig::default().suites())
            .corps(CORPS)
            .start()
            .await
            .unwrap();
        let directory = tempfile::tempdir().unwrap();
        let database = TestDatabase::create(directory.path()).await;
        let (post, url) = PostBox::open(SUITE).await;
        let corps = sandbox.corp_ids().into_iter().map(|id| {
            let members = sandbox.user_ids(&id).into_iter().take(PEOPLE);
            let members = members.map(|id| Person { id, present: true }).collect();
            Corp {
                id,
                standing: Standing::Out,
                members,
            }
        });
        let mut run = Self {
            nodes: (0..NODES).map(|_| None).collect(),
            corps: corps.collect(),
            pushes: Vec::new(),
            sessions: Vec::new(),
            heard: true,
            undisturbed: true,
            ended: HashMap::new(),
            leapt: Duration::ZERO,
            renamed: 0,
            post,
            hooks: RecordingHooks::default(),
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

    /// Every corp is in before the history begins.
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
            Step::Login { corp, member, node } => self.log_in(corp, member, node).await?,
            Step::Logout { which, node } => self.log_out(which, node, false).await?,
            Step::LogoutAll { which, node } => self.log_out(which, node, true).await?,
            Step::EndPerson { corp, member, node } => {
                self.start(node).await;
                let who = principal(
                    SUITE,
                    &self.corps[corp].id,
                    &self.corps[corp].members[member].id,
                );
                let service = self.login(node).sessions();
                let mut times = 0;
                at_last(async || {
                    times += 1;
                    service.revoke_member(&who).await
                })
                .await?;
                self.may_have_ended(corp, who.third_user_id.as_str(), times);
                self.ended_on(node, |session| {
                    session.corp == corp && session.user_id == who.third_user_id.as_str()
                });
            }
            Step::EndCorp { corp, node } => {
                self.start(node).await;
                let suite_id = SuiteId::new(SUITE).unwrap();
                let corp_id = CorpId::new(&*self.corps[corp].id).unwrap();
                let service = self.login(node).sessions();
                at_last(async || service.revoke_corp(&suite_id, &corp_id).await).await?;
                self.ended_on(node, |session| session.corp == corp);
            }
            Step::Crash { node } => self.crash(node).await,
            Step::Leap { minutes } => self.leap(Duration::from_mins(minutes)),
            Step::Settle => self.settle().await?,
        }
        self.check().await
    }

    async fn end(&mut self) -> Checked {
        let began = Instant::now();
        while let Some(push) = self.nth_push(0, |life| life == RecordLife::Pushed) {
            self.deliver(push, 0).await?;
            if began.elapsed() > PATIENCE {
                return Err("a push is never taken".to_owned());
            }
        }
        self.settle().await?;
        self.check_counts().await
    }

    pub(super) async fn start(&mut self, node: usize) {
        if self.nodes[node].is_none() {
            let builder = NodeConfig::default().builder(
                "http://127.0.0.1:1",
                self.database.url(),
                &self.sandbox,
            );
            let builder = builder.hooks(self.hooks.clone()).clock(self.clock.clone());
            self.nodes[node] = Some(Running::start(builder).await);
        }
    }

    pub(super) fn login(&self, node: usize) -> &wecom_login::WecomLogin {
        &self.nodes[node]
            .as_ref()
            .expect("a step starts its node")
            .login
    }
}

/// Again until it is done: a machine under load may take longer than a step of the product may.
pub(super) async fn at_last<T>(
    mut work: impl AsyncFnMut() -> wecom_login::Result<T>,
) -> Checked<T> {
    let began = Instant::now();
    loop {
        match work().await {
            Ok(done) => return Ok(done),
            Err(error) if is_late(error.kind()) && began.elapsed() < PATIENCE => {}
            Err(error) => return Err(format!("{error:?}")),
        }
    }
}

/// What a machine under load may answer.
pub(super) fn is_late(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::StoreUnavailable | ErrorKind::UpstreamTimeout
    )
}
