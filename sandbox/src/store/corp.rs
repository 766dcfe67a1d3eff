//! Corps, their members, and their installed apps.

use serde::{Deserialize, Serialize};

use super::selection::IdForm;

/// A corp.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Corp {
    /// Identifies the corp in the state file; never changes and is never answered.
    pub(crate) key: String,
    pub(crate) name: String,
    /// The corp's own id, `ww…`.
    pub(crate) plain_id: String,
    /// The id that the provider gets, `wp…` (D/97104).
    pub(crate) open_id: String,
    /// Whether the corp is listed under its encrypted ids, before an app says otherwise.
    pub(crate) encrypted: bool,
    pub(crate) members: Vec<Member>,
    pub(crate) apps: Vec<App>,
}

impl Corp {
    /// Whether this is an id of the corp, in either spelling. Plain corp ids compare without case,
    /// encrypted ones with it (D/97104).
    pub(crate) fn has_id(&self, id: &str) -> bool {
        self.key == id || self.plain_id.eq_ignore_ascii_case(id) || self.open_id == id
    }

    /// Whether ids in this form are the encrypted ones.
    pub(crate) const fn uses_open_ids(&self, form: IdForm) -> bool {
        match form {
            IdForm::Listed => self.encrypted,
            IdForm::Encrypted => true,
            IdForm::Plain => false,
        }
    }

    /// The corp id as WeCom answers it.
    pub(crate) fn public_id(&self, form: IdForm) -> &str {
        if self.uses_open_ids(form) {
            &self.open_id
        } else {
            &self.plain_id
        }
    }

    /// A userid without the prefix of a linked corp: one path segment of the control API.
    pub(crate) fn bare_user_id<'a>(&self, member: &'a Member, form: IdForm) -> &'a str {
        if self.uses_open_ids(form) {
            &member.open_id
        } else {
            &member.plain_id
        }
    }

    /// A userid as WeCom answers it: `CorpId/userid` for members of a linked corp (D/96442).
    pub(crate) fn user_id(&self, member: &Member, form: IdForm) -> String {
        member.with_linked_corp(self.bare_user_id(member, form))
    }

    /// The present member with this id, plain or encrypted.
    pub(crate) fn member(&self, id: &str) -> Option<&Member> {
        self.present_members().find(|member| member.has_id(id))
    }

    pub(crate) fn member_by_key(&self, key: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.key == key)
    }

    /// The present member whose [`Self::user_id`] is exactly this one.
    pub(crate) fn member_by_user_id(&self, user_id: &str, form: IdForm) -> Option<&Member> {
        self.present_members()
            .find(|member| self.user_id(member, form) == user_id)
    }

    /// The members who have not left.
    pub(crate) fn present_members(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| !member.left)
    }

    /// The members inside the app's visible range.
    pub(crate) fn visible_members(&self) -> impl Iterator<Item = &Member> {
        self.members
            .iter()
            .filter(|member| member.is_member() && member.visible)
    }

    /// Whether a newly authorized app gets encrypted ids. A corp that has authorized other apps of the
    /// provider keeps its form; one that has none, or has cancelled all, gets `form` (D/96516). A
    /// migration is never undone.
    pub(crate) fn encrypts_new_app(&self, suite_id: &str, form: IdForm) -> bool {
        let migrated = |app: &App| app.encrypted.unwrap_or(self.encrypted);
        if self.app(suite_id).is_some_and(migrated) {
            return true;
        }
        if self.installed_apps().next().is_some() {
            return self.installed_apps().all(migrated);
        }
        self.uses_open_ids(form)
    }

    pub(crate) fn app(&self, suite_id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.suite_id == suite_id)
    }

    pub(crate) fn app_mut(&mut self, suite_id: &str) -> Option<&mut App> {
        self.apps.iter_mut().find(|app| app.suite_id == suite_id)
    }

    /// The apps whose authorization is in force.
    pub(crate) fn installed_apps(&self) -> impl Iterator<Item = &App> {
        self.apps.iter().filter(|app| app.is_authorized())
    }
}

/// What makes a member special.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum MemberKind {
    /// Of another corp, through 企业互联 or 上下游: the userid is `CorpId/userid`.
    Linked,
    /// Not in the corp: WeCom answers an openid.
    NonMember,
    /// In the corp, outside the app's visible range.
    Invisible,
}

/// A member.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Member {
    /// Identifies the member in the state file; never changes.
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) plain_id: String,
    pub(crate) open_id: String,
    pub(crate) kind: Option<MemberKind>,
    pub(crate) linked_corp: Option<String>,
    /// Inside the app's visible range.
    pub(crate) visible: bool,
    /// No longer in the corp.
    pub(crate) left: bool,
    /// As `user/get` answers it: 1 active, 2 disabled, 4 not activated, 5 left (D/96255).
    pub(crate) status: u8,
    /// The position in the corp's first list of members; the made-up personal data depends on it.
    pub(crate) number: usize,
}

impl Member {
    pub(crate) fn has_id(&self, id: &str) -> bool {
        self.plain_id == id || self.open_id == id
    }

    /// Whether the app may see the person: in the corp, inside the visible range, and neither disabled
    /// nor gone. `subscribe` and `unsubscribe` tell of a change (D/90376).
    pub(crate) fn follows_app(&self) -> bool {
        self.is_member() && self.visible && !matches!(self.status, 2 | 5)
    }

    /// Whether `auth/getuserinfo` answers a userid for this person.
    pub(crate) fn is_member(&self) -> bool {
        self.kind != Some(MemberKind::NonMember) && !self.left
    }

    /// A userid with the prefix of the linked corp, if the member is of one.
    pub(crate) fn with_linked_corp(&self, user_id: &str) -> String {
        match &self.linked_corp {
            Some(corp) => format!("{corp}/{user_id}"),
            None => user_id.to_owned(),
        }
    }
}

/// Whether an authorization is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AppStatus {
    Authorized,
    Cancelled,
}

/// The status of an app as the control API answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EffectiveStatus {
    Authorized,
    /// Authorized, but disabled by the administrator or by the `disabled` setting.
    Disabled,
    Cancelled,
}

/// A promotion link (D/100776).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Promotion {
    pub(crate) register_code: String,
    pub(crate) state: String,
}

/// A corp's app, made from a suite.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct App {
    pub(crate) suite_id: String,
    pub(crate) agent_id: i64,
    pub(crate) status: AppStatus,
    pub(crate) permanent_code: String,
    /// The `state` of the customized link that installed the app.
    pub(crate) state: Option<String>,
    /// The promotion link that installed the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) promotion: Option<Promotion>,
    /// Whether the administrator has disabled the app.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) disabled: bool,
    /// Whether the app gets encrypted ids: the migration is per app (D/96518). Without it, as the corp
    /// is listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) encrypted: Option<bool>,
}

impl App {
    pub(crate) fn is_authorized(&self) -> bool {
        self.status == AppStatus::Authorized
    }
}
