//! The app that an event is about, and the member of the contact list.

use crate::store::{App, Corp, Member, Store};

/// The corp's app that an event is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AppContext<'a> {
    pub(crate) suite_id: &'a str,
    pub(crate) corp_key: &'a str,
    /// The corp id as WeCom answers it.
    pub(crate) corp_id: &'a str,
    pub(crate) agent_id: i64,
    /// The `state` of the authorization link.
    pub(crate) state: Option<&'a str>,
    /// Whether the administrator has granted the names of members.
    pub(crate) may_read_names: bool,
    /// Milliseconds by the sandbox's clock.
    pub(crate) now: i64,
}

impl<'a> AppContext<'a> {
    pub(crate) fn new(store: &Store, corp: &'a Corp, app: &'a App) -> Self {
        Self {
            suite_id: &app.suite_id,
            corp_key: &corp.key,
            corp_id: corp.public_id(store.id_form(app)),
            agent_id: app.agent_id,
            state: app.state.as_deref(),
            may_read_names: store.settings.grants("user_name"),
            now: store.now(),
        }
    }
}

/// A member in an event of the contact list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ContactContext<'a> {
    /// The userid before the change.
    pub(crate) user_id: &'a str,
    /// The userid after the change, if that has changed it.
    pub(crate) new_user_id: Option<&'a str>,
    /// The member after the change.
    pub(crate) member: &'a Member,
}

/// What happened to a member of the contact list (D/96302).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContactChange {
    Create,
    Update,
    Delete,
}

impl ContactChange {
    pub(super) const fn change_type(self) -> &'static str {
        match self {
            Self::Create => "create_user",
            Self::Update => "update_user",
            Self::Delete => "delete_user",
        }
    }
}
