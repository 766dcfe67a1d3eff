//! The host app's API: the instances, the auth models, and the services for logins, operators, sessions and links.

mod admin;
mod auth;
mod auth_model;
mod doctor;
mod instance;
mod link;
mod session;

pub(crate) use admin::{AdminDeps, Figures, FiguresCache, qr_code};
pub use admin::{
    AdminService, ExportLine, ImportStatus, ImportedLine, InstallLink, MAX_IMPORT_BYTES,
    MAX_IMPORT_LINES, PeopleQuery, PersonDetails,
};
pub(crate) use auth::AuthDeps;
pub use auth::AuthService;
pub use auth_model::AuthModel;
pub use doctor::{CheckStatus, DoctorCheck, DoctorReport};
pub(crate) use doctor::{Doctor, SetupChecks};
pub use instance::Instance;
pub(crate) use link::LinkDeps;
pub use link::LinkService;
pub(crate) use session::SessionDeps;
pub use session::SessionService;
