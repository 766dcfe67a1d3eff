//! The execution of a history.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sea_orm::DatabaseConnection;
use wecom_login::{CorpId, ErrorKind, ManualClock, SuiteId};
use wecom_login_tests::app::{NodeConfig, SUITE, principal};
use wecom_login_tests::database::TestDatabase;
use wecom_login_tests::hooks::RecordingHooks;
use wecom_sandbox::Sandbox;

use super::nodes::RunningNode;
use super::push_queue::PushQueue;
use super::state::{Corp, Person, Pushed, Session, Standing, Totals};
use super::steps::{Act, CORPS, NODES, PEOPLE, Step};
use super::transitions::RecordState;

pub(super) const PATIENCE: Duration = Duration::from_secs(60);

pub(super) type Checked<T = ()> = Result<T, String>;

pub(super) struct Run<'a> {
    pub(super) nodes: Vec<Option<RunningNode>>,
    pub(super) corps: Vec<Corp>,
    pub(super) pushes: Vec<Pushed>,
    pub(super) sessions: Vec<Session>,
    /// Every node has processed every revocation so far.
    pub(super) propagated: bool,
    /// Nothing has happened that may run an event twice.
    pub(super) undisturbed: bool,
    /// How often the sessions of a member (corp, userid) were ended at most, if nothing is done twice.
    pub(super) ended: HashMap<(usize, String), i64>,
    /// The host app's user of a member (corp, number), as far as it is certain.
    pub(super) users: HashMap<(usize, usize), String>,
    /// Members whose binding nobody can follow: their events came in another order than they happened.
    pub(super) unfollowed: HashSet<(usize, usize)>,
    /// Hooks have failed, so that their calls are repeated later: at a time that a jump of the clocks may end.
    pub(super) hooks_failed: bool,
    /// How often hooks may have been called again after a jump.
    pub(super) told_again: i64,
    /// The sum of all jumps.
    pub(super) jumped: Duration,
    pub(super) renamed: usize,
    pub(super) queue: PushQueue,
    pub(super) hooks: RecordingHooks,
    pub(super) clock: ManualClock,
    pub(super) sandbox: Sandbox,
    pub(super) connection: DatabaseConnection,
    pub(super) counted: &'a Totals,
    pub(super) _directory: tempfile::TempDir,
    pub(super) database: TestDatabase,
}

/// Executes a history; a deviation from the model is the error.
pub(crate) fn history(steps: &[Step], counted: &Totals) -> Checked {
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
    async fn begin(counted: &'a Totals) -> Self {
        let sandbox = Sandbox::builder()
            .suites(NodeConfig::default().suites())
            .corps(CORPS)
            .start()
            .await
            .unwrap();
        let directory = tempfile::tempdir().unwrap();
        let database = TestDatabase::create(directory.path()).await;
        let (queue, url) = PushQueue::open(SUITE).await;
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
            propagated: true,
            undisturbed: true,
            ended: HashMap::new(),
            users: HashMap::new(),
            unfollowed: HashSet::new(),
            hooks_failed: false,
            told_again: 0,
            jumped: Duration::ZERO,
            renamed: 0,
            queue,
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

    /// Every corp is authorized before the history begins.
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
                if let Some(push) = self.nth_push(which, |state| state == RecordState::Pushed) {
                    self.deliver(push, node).await?
                }
            }
            Step::Repeat { which, node } => {
                if let Some(push) = self.nth_push(which, |state| state != RecordState::Pushed) {
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
                retry_late(async || {
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
                retry_late(async || service.revoke_corp(&suite_id, &corp_id).await).await?;
                self.ended_on(node, |session| session.corp == corp);
            }
            Step::Crash { node } => self.crash(node).await,
            Step::ClockJump { minutes } => self.jump(Duration::from_mins(minutes)),
            Step::HooksFail { times } => {
                self.hooks_failed = true;
                self.hooks.fail_next(times);
                self.hooks.refuse_next(times);
            }
            Step::Settle => self.settle().await?,
        }
        self.check().await
    }

    async fn end(&mut self) -> Checked {
        let began = Instant::now();
        while let Some(push) = self.nth_push(0, |state| state == RecordState::Pushed) {
            self.deliver(push, 0).await?;
            if began.elapsed() > PATIENCE {
                return Err("a push is never taken".to_owned());
            }
        }
        self.settle().await?;
        self.told().await?;
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
            self.nodes[node] = Some(RunningNode::start(builder).await);
        }
    }

    pub(super) fn login(&self, node: usize) -> &wecom_login::WecomLogin {
        &self.nodes[node]
            .as_ref()
            .expect("a step starts its node")
            .login
    }
}

/// Retries until it succeeds: a machine under load may exceed the time limits of the product.
pub(super) async fn retry_late<T>(
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

/// The errors of a machine under load.
pub(super) fn is_late(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::StoreUnavailable | ErrorKind::UpstreamTimeout
    )
}
