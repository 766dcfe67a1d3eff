//! The assembly of a handle: every part is made from those it needs, and the background tasks are started.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{Notify as Wake, mpsc};

use crate::app::background::{Background, Receivers};
use crate::app::build::config;
use crate::app::builder::{Builder, Database};
use crate::app::handle::{Inner, WecomLogin};
use crate::app::housekeeping::Housekeeping;
use crate::app::node::Node;
use crate::audit::RefusalAudit;
use crate::authorization::{AppClient, Authorizations, DepartedCorps};
use crate::corp_api::CorpApiDeps;
use crate::db::{ConnectionClass, Pool, Store};
use crate::domain::Suites;
use crate::element::{InstanceKind, Instances};
use crate::error::Result;
use crate::hooks::{Notifications, NotificationsDeps, Refusals};
use crate::inbox::{
    CallbackReceiver, EventHandlerDeps, EventHandlers, Inbox, LaneWaker, ReceiverDeps, Worker,
    WorkerDeps,
};
use crate::login::{
    AccountLinking, Authenticator, AuthenticatorDeps, BrowserLoginDeps, BrowserLoginService,
    CorpSelection, LinkTickets, LoginCodes, LoginService, OrganizationCodes, SessionCreation,
    UsedStates,
};
use crate::members::{
    DefaultUserBinder, DynUserBinder, IdMigration, Licences, Members, MembersDeps, Visibility,
    VisibilityDeps,
};
#[cfg(feature = "metrics")]
use crate::metrics;
use crate::random;
use crate::services::{
    AdminDeps, AdminService, AuthDeps, AuthService, Doctor, FiguresCache, LinkDeps, LinkService,
    SessionDeps, SessionService,
};
use crate::session::Sessions;
use crate::task_runner::TaskRunner;
use crate::tokens::Tokens;
use crate::vault::Vault;
use crate::web::{HttpDeps, HttpService, OpenApi, Readiness};
use crate::wecom::Api;

impl Builder {
    /// Opens the database and assembles the handle.
    pub(super) async fn assemble(self) -> Result<WecomLogin> {
        let runtime = Handle::try_current().map_err(|_| {
            config(
                "Builder::build was called outside a tokio runtime: call it in #[tokio::main] or \
                     #[actix_web::main], or by Runtime::block_on",
            )
        })?;
        #[cfg(feature = "metrics")]
        metrics::describe();
        let http_config = self.http_config()?;
        let hosts = self.hosts()?;
        let retention = self.retention.clone().checked()?;
        let (instances, start_warnings) = self.read_instances()?;
        let suites = Suites::new(instances.iter().filter_map(|(_, kind)| match kind {
            InstanceKind::QywxProxy(config) => Some(config.suite.clone()),
            InstanceKind::Custom { .. } => None,
        }));
        let instances = Arc::new(Instances::new(instances)?);
        self.data_keys.check()?;
        let database = match self.database {
            Some(Database::Connection(connection)) => {
                let pool = Pool::from(connection);
                pool.warn_of_lifetimes();
                pool
            }
            Some(Database::Url(url)) => Pool::connect(&url).await?,
            None => {
                return Err(config(
                    "the database is missing: Builder::database_url takes sqlite://PATH, postgres://… or mysql://…, \
                     Builder::database a connection of yours",
                ));
            }
        };
        let store = Store::open(database, self.clock, self.migrate).await?;
        let vault = Vault::unlock(store.clone(), &self.data_keys).await?;
        let keys = vault.keys().clone();
        let tasks = TaskRunner::new(runtime.clone());
        let shutdown_on_drop = tasks.shutdown_on_drop();

        let (session_task_sender, session_tasks) = mpsc::unbounded_channel();
        let (redelivery_sender, redeliveries) = mpsc::unbounded_channel();
        let (authorizations_due, waker) = (Arc::new(Wake::new()), Arc::new(LaneWaker::default()));
        let visibility_due = Arc::new(Wake::new());
        let aliases_due = Arc::new(Wake::new());
        let api = Api::new(self.http_client, hosts.clone());
        let tokens = Tokens::new(
            api.clone(),
            store.clone(),
            keys.clone(),
            instances.aliases().clone(),
            self.authorization_cache_size,
            runtime.clone(),
        );
        let sessions = Sessions::new(
            store.with_class(ConnectionClass::Sessions),
            &keys,
            self.sessions,
            session_task_sender,
            runtime,
        );
        let notifications = Notifications::new(NotificationsDeps {
            store: store.clone(),
            keys: keys.clone(),
            suites: suites.ids(),
            keeps_unhandled_events: self.hooks.handles_unhandled_events(),
            max_unhandled_events: retention.max_ignored,
        });
        let departed = DepartedCorps::new(store.clone(), keys.clone(), retention.departed_ttl);
        let authorizations = Authorizations::new(crate::authorization::Deps {
            store: store.clone(),
            keys: keys.clone(),
            api: api.clone(),
            tokens: tokens.clone(),
            sessions: sessions.clone(),
            suites: suites.clone(),
            pins: instances.pins(),
            aliases: instances.aliases().clone(),
            hooks: Arc::clone(&self.hooks),
            notifications: notifications.clone(),
            due: Arc::clone(&authorizations_due),
            reread_rate: self.reread_rate,
            aliases_due: Arc::clone(&aliases_due),
            visibility_due: Arc::clone(&visibility_due),
            departed: departed.clone(),
            capacity: self.authorization_cache_size,
        });
        authorizations.resolve_pins().await?;
        let default_binder =
            DefaultUserBinder::new(store.clone(), self.binding_policy, departed.clone());
        let is_default_binder = self.binder.is_none();
        let binder: Arc<dyn DynUserBinder> = match self.binder {
            Some(wrap) => wrap(default_binder.clone()),
            None => Arc::new(default_binder.clone()),
        };
        let members = Members::new(MembersDeps {
            store: store.clone(),
            sessions: sessions.clone(),
            binder,
            notifications: notifications.clone(),
            is_default_binder,
            visibility_due: Arc::clone(&visibility_due),
        });
        let app_client = AppClient::new(tokens.clone(), authorizations.clone());
        let visibility = Visibility::new(VisibilityDeps {
            store: store.clone(),
            suites: suites.clone(),
            api: api.clone(),
            app_client: app_client.clone(),
            authorizations: authorizations.clone(),
            members: members.clone(),
        });
        let id_migration = IdMigration::new(
            store.clone(),
            api.clone(),
            app_client.clone(),
            authorizations.clone(),
            members.clone(),
        );

        let licences = Licences::new(
            store.clone(),
            suites.clone(),
            api.clone(),
            tokens.clone(),
            members.clone(),
        );
        let corp_api = Arc::new(CorpApiDeps {
            store: store.clone(),
            suites: suites.clone(),
            api: api.clone(),
            app_client: app_client.clone(),
            authorizations: authorizations.clone(),
            members: members.clone(),
            licences: licences.clone(),
            tasks: tasks.clone(),
        });
        let refusals = Refusals::new(
            Arc::clone(&self.hooks),
            tasks.clone(),
            Arc::clone(store.clock()),
            Some(RefusalAudit::new(store.clone(), self.client_addresses)),
        );
        let corps = CorpSelection {
            suites: suites.clone(),
            instances: Arc::clone(&instances),
            authorizations: authorizations.clone(),
            members: members.clone(),
        };
        let used_states = UsedStates::new(store.clone());
        let tickets = LinkTickets {
            store: store.clone(),
            keys: keys.clone(),
            used: used_states.clone(),
        };
        let creation = SessionCreation {
            store: store.clone(),
            instances: Arc::clone(&instances),
            authorizations: authorizations.clone(),
            members: members.clone(),
            visibility: visibility.clone(),
            id_migration: id_migration.clone(),
            corps: corps.clone(),
            tickets: tickets.clone(),
            sessions: sessions.clone(),
            hooks: Arc::clone(&self.hooks),
            client_addresses: self.client_addresses,
            tasks: tasks.clone(),
        };
        let authenticator = Authenticator::new(AuthenticatorDeps {
            store: store.clone(),
            api: api.clone(),
            app_client,
            visibility: visibility.clone(),
            id_migration: id_migration.clone(),
            licences,
            authorizations: authorizations.clone(),
            members: members.clone(),
            sessions: sessions.clone(),
        });
        let login_codes = LoginCodes::new(store.clone());
        let linking = AccountLinking {
            tickets,
            members: members.clone(),
            creation: creation.clone(),
            corps: corps.clone(),
            login_codes: login_codes.clone(),
            sessions: sessions.clone(),
            refusals: refusals.clone(),
        };
        let organization_codes = OrganizationCodes::new(store.clone());
        let browser_login = BrowserLoginService::new(BrowserLoginDeps {
            store: store.clone(),
            instances: Arc::clone(&instances),
            authorizations: authorizations.clone(),
            authenticator: authenticator.clone(),
            corps: corps.clone(),
            creation: creation.clone(),
            login_codes: login_codes.clone(),
            used_states: used_states.clone(),
            organization_codes: organization_codes.clone(),
            refusals: refusals.clone(),
            tasks: tasks.clone(),
        });

        let inbox = Inbox::new(
            store.with_class(ConnectionClass::Callbacks),
            keys.clone(),
            notifications.clone(),
            Arc::clone(&waker),
            redelivery_sender,
        );
        let receiver = CallbackReceiver::new(ReceiverDeps {
            suites: suites.clone(),
            instances: Arc::clone(&instances),
            inbox: inbox.clone(),
            authorizations: authorizations.clone(),
            notifications: notifications.clone(),
            store: store.clone(),
            tasks: tasks.clone(),
        });
        let handlers = EventHandlers::new(EventHandlerDeps {
            store: store.clone(),
            keys: keys.clone(),
            authorizations: authorizations.clone(),
            members: members.clone(),
            id_migration: id_migration.clone(),
            notifications: notifications.clone(),
            waker: Arc::clone(&waker),
            tasks: tasks.clone(),
        });
        let worker = Worker::new(WorkerDeps {
            store: store.with_class(ConnectionClass::Worker),
            handlers,
            inbox: inbox.clone(),
            suites: suites.ids(),
            waker,
            stop: tasks.shutdown_token().clone(),
        });

        let auth = AuthService::new(
            AuthDeps {
                login: LoginService {
                    instances: Arc::clone(&instances),
                    authorizations: authorizations.clone(),
                    authenticator,
                    corps,
                    creation: creation.clone(),
                    login_codes: login_codes.clone(),
                    organization_codes: organization_codes.clone(),
                    sessions: sessions.clone(),
                    refusals: refusals.clone(),
                },
                linking: linking.clone(),
                receiver,
                worker: worker.clone(),
                tasks: tasks.clone(),
            },
            shutdown_on_drop.clone(),
        );
        let links = LinkService::new(
            LinkDeps {
                suites: suites.clone(),
                instances: Arc::clone(&instances),
                authorizations: authorizations.clone(),
                tokens: tokens.clone(),
                api: api.clone(),
                tasks: tasks.clone(),
            },
            shutdown_on_drop.clone(),
        );
        let node = Node::new(store.clone(), random::hex::<8>());
        let doctor = Doctor {
            store: store.clone(),
            vault: vault.clone(),
            suites: suites.clone(),
            instances: Arc::clone(&instances),
            tokens: tokens.clone(),
            observations: Arc::clone(api.observations()),
            setup: http_config.setup_checks(),
            start_warnings,
            started_at: store.now(),
            node: node.id().to_owned(),
        };
        let admin = AdminService::new(
            AdminDeps {
                store: store.clone(),
                vault: vault.clone(),
                suites: suites.clone(),
                authorizations: authorizations.clone(),
                members: members.clone(),
                id_migration,
                default_binder,
                organization_codes,
                sessions: sessions.clone(),
                links: links.clone(),
                doctor,
                figures_cache: FiguresCache::default(),
                client_addresses: self.client_addresses,
                worker: worker.clone(),
                tasks: tasks.clone(),
            },
            shutdown_on_drop.clone(),
        );
        let session_service = SessionService::new(
            SessionDeps {
                instances: Arc::clone(&instances),
                authorizations: authorizations.clone(),
                members: members.clone(),
                sessions: sessions.clone(),
                creation,
                tasks: tasks.clone(),
            },
            shutdown_on_drop.clone(),
        );
        let http = HttpService::new(HttpDeps {
            config: http_config,
            store: store.clone(),
            keys,
            hosts,
            instances: Arc::clone(&instances),
            sessions: sessions.clone(),
            session_service: session_service.clone(),
            auth: auth.clone(),
            admin: admin.clone(),
            corp_api: Arc::clone(&corp_api),
            browser_login,
            linking,
            readiness: Readiness::default(),
            openapi: OpenApi::default(),
            refusals: refusals.clone(),
            tasks: tasks.clone(),
        });
        let background = Background {
            housekeeping: Housekeeping {
                store: store.clone(),
                suites: suites.clone(),
                sessions: sessions.clone(),
                tokens: tokens.clone(),
                login_codes,
                used_states,
                notifications: notifications.clone(),
                departed,
                retention,
            },
            store,
            vault,
            sessions,
            authorizations: authorizations.clone(),
            tokens,
            suites,
            visibility,
            members,
            inbox,
            worker: worker.clone(),
            notifications,
            node: node.clone(),
            #[cfg(feature = "metrics")]
            metrics_interval: self.metrics_interval,
            hooks: self.hooks,
            refusals,
            tasks: tasks.clone(),
        };
        if self.background_tasks {
            background.start(Receivers {
                redeliveries,
                session_tasks,
                authorizations_due,
                aliases_due,
                visibility_due,
            });
        }
        Ok(WecomLogin::new(Inner {
            instances,
            meta: self.meta,
            http,
            auth,
            admin,
            sessions: session_service,
            links,
            corp_api,
            authorizations,
            worker,
            node,
            tasks,
            shutdown_on_drop,
        }))
    }
}
