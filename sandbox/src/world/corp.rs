//! Companies, their people, and the apps that they installed.

use serde::{Deserialize, Serialize};

use super::choices::IdForm;

/// A company.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Corp {
    /// Names the company in the state file; never changes and is never shown.
    pub(crate) key: String,
    pub(crate) name: String,
    /// The id that the company knows itself by, `ww…`.
    pub(crate) plain_id: String,
    /// The id that the provider gets, `wp…` (D/97104).
    pub(crate) open_id: String,
    /// Which of the two is shown unless the `ids` switch says otherwise.
    pub(crate) encrypted: bool,
    pub(crate) members: Vec<Member>,
    pub(crate) apps: Vec<App>,
}

impl Corp {
    pub(crate) fn is(&self, id: &str) -> bool {
        self.key == id || self.plain_id == id || self.open_id == id
    }

    fn shows_encrypted(&self, form: IdForm) -> bool {
        match form {
            IdForm::Listed => self.encrypted,
            IdForm::Encrypted => true,
            IdForm::Plain => false,
        }
    }

    pub(crate) fn shown_id(&self, form: IdForm) -> &str {
        if self.shows_encrypted(form) { &self.open_id } else { &self.plain_id }
    }

    /// A person's userid in the form that is shown, as one path segment.
    pub(crate) fn handle<'a>(&self, member: &'a Member, form: IdForm) -> &'a str {
        if self.shows_encrypted(form) { &member.open_id } else { &member.plain_id }
    }

    /// A person's userid as WeCom answers it: `CorpId/userid` for people of a linked company (D/96442).
    pub(crate) fn user_id(&self, member: &Member, form: IdForm) -> String {
        let handle = self.handle(member, form);
        match &member.linked_corp {
            Some(corp) => format!("{corp}/{handle}"),
            None => handle.to_owned(),
        }
    }

    /// Somebody who is here, by either form of the id.
    pub(crate) fn member(&self, id: &str) -> Option<&Member> {
        self.members.iter().find(|member| !member.left && member.is(id))
    }

    pub(crate) fn member_by_key(&self, key: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.key == key)
    }

    /// Who answers to exactly this userid in the form that is shown.
    pub(crate) fn member_by_user_id(&self, user_id: &str, form: IdForm) -> Option<&Member> {
        self.members.iter().find(|member| !member.left && self.user_id(member, form) == user_id)
    }

    pub(crate) fn app(&self, suite_id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.suite_id == suite_id)
    }

    pub(crate) fn app_mut(&mut self, suite_id: &str) -> Option<&mut App> {
        self.apps.iter_mut().find(|app| app.suite_id == suite_id)
    }

    /// The apps that are installed now.
    pub(crate) fn installed(&self) -> impl Iterator<Item = &App> {
        self.apps.iter().filter(|app| app.status == AppStatus::Authorized)
    }
}

/// What is special about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// Of another company, through 企业互联 or 上下游: the userid is `CorpId/userid`.
    Linked,
    /// Not in the company: WeCom answers an openid.
    NonMember,
    /// In the company, outside the app's visible range.
    Invisible,
}

/// A person.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) plain_id: String,
    pub(crate) open_id: String,
    pub(crate) kind: Option<Kind>,
    pub(crate) linked_corp: Option<String>,
    /// Inside the app's visible range.
    pub(crate) visible: bool,
    /// No longer in the company.
    pub(crate) left: bool,
    /// As `user/get` answers it: 1 active, 2 disabled, 4 not activated, 5 left (D/96255).
    pub(crate) status: u8,
    pub(crate) number: usize,
}

impl Member {
    pub(crate) fn is(&self, id: &str) -> bool {
        self.plain_id == id || self.open_id == id
    }

    /// Whether `auth/getuserinfo` answers a userid for this person.
    pub(crate) fn is_member(&self) -> bool {
        self.kind != Some(Kind::NonMember) && !self.left
    }
}

/// Whether an app is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AppStatus {
    Authorized,
    Cancelled,
}

/// One company's app made from a suite.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct App {
    pub(crate) suite_id: String,
    pub(crate) agent_id: i64,
    pub(crate) status: AppStatus,
    pub(crate) permanent_code: String,
    /// The `state` of the authorisation link that it was installed by.
    pub(crate) state: Option<String>,
}
