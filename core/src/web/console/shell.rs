//! What every page of the console has around it, and how ids, times and states are written on it.

use askama::Template;

use crate::clock::Timestamp;
use crate::domain::{AuthorizationStatus, CorpId, RecordStatus, SuiteId};
use crate::error::Result;
use crate::members::PersonSummary;
use crate::web::admin::AdminIdentity;
use crate::web::browser::{Language, PageFrame};
use crate::web::config::HttpConfig;
use crate::web::console::Page;
use crate::web::console::form::issue_token;
use crate::web::console::messages;
use crate::web::console::request::{CONSOLE_PATH, frame, segment};

/// What is around a page.
pub(super) struct Shell {
    pub(super) frame: PageFrame,
    /// The URL of the console's first page.
    pub(super) base: String,
    /// The link to the same page in the other language.
    pub(super) language_url: Option<String>,
    /// For whoever is logged in.
    pub(super) login: Option<Login>,
}

/// What a page has for whoever is logged in.
pub(super) struct Login {
    pub(super) section: Section,
    /// The host app's user; none for the admin key.
    pub(super) user_id: Option<String>,
    pub(super) form_token: String,
    pub(super) notice: Option<&'static str>,
}

/// A part of the console, in its navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Overview,
    Corps,
    People,
    Records,
    Links,
    Audit,
    Service,
}

impl Section {
    pub(super) const ALL: [Self; 7] = [
        Self::Overview,
        Self::Corps,
        Self::People,
        Self::Records,
        Self::Links,
        Self::Audit,
        Self::Service,
    ];

    const fn path(self) -> &'static str {
        match self {
            Self::Overview => "",
            Self::Corps => "/corps",
            Self::People => "/people",
            Self::Records => "/records",
            Self::Links => "/links",
            Self::Audit => "/audit",
            Self::Service => "/service",
        }
    }
}

impl Shell {
    /// Of a page for nobody in particular.
    pub(super) fn bare(config: &HttpConfig, language: Language) -> Self {
        Self {
            frame: frame(config, language),
            base: config.path_of(CONSOLE_PATH),
            language_url: None,
            login: None,
        }
    }

    pub(super) const fn say<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        self.frame.say(zh, en)
    }

    pub(super) const fn is_english(&self) -> bool {
        matches!(self.frame.language(), Language::En)
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The parts of the console: URL, name, and whether it is this one.
    pub(super) fn sections(&self) -> Vec<(String, &'static str, bool)> {
        let here = self.login.as_ref().map(|login| login.section);
        let sections = Section::ALL.iter().map(|section| {
            let (zh, en) = messages::section_name(*section);
            let name = self.frame.language().choose(zh, en);
            (self.url(section.path()), name, Some(*section) == here)
        });
        sections.collect()
    }

    pub(super) fn form_token(&self) -> &str {
        self.login.as_ref().map_or("", |login| &login.form_token)
    }

    pub(super) fn notice(&self) -> Option<&'static str> {
        self.login.as_ref()?.notice
    }

    /// The URL of a corp's page, or of what can be done to it.
    pub(super) fn corp_url(&self, suite_id: &SuiteId, corp_id: &CorpId, action: &str) -> String {
        format!(
            "{}/corps/{}{action}?suiteId={suite_id}",
            self.base,
            segment(corp_id.as_str())
        )
    }

    /// The same without the suite, for a form whose fields are the query.
    pub(super) fn corp_path(&self, corp_id: &CorpId, action: &str) -> String {
        format!("{}/corps/{}{action}", self.base, segment(corp_id.as_str()))
    }

    /// The URL of a person's page, or of what can be done to them. A member of whom the host app has no user is named by
    /// WeCom's ids.
    pub(super) fn person_url(&self, person: &PersonSummary, action: &str) -> String {
        match &person.user_id {
            Some(user_id) => format!("{}/people/{}{action}", self.base, segment(user_id)),
            None => format!(
                "{}/people/{}{action}?suiteId={}&corpId={}",
                self.base,
                segment(person.third_user_id.as_str()),
                person.suite_id,
                person.corp_id
            ),
        }
    }

    pub(super) fn record_url(&self, id: &i64, action: &str) -> String {
        format!("{}/records/{id}{action}", self.base)
    }

    /// A time, for `datetime`.
    pub(super) fn datetime(&self, at: &Timestamp) -> String {
        messages::date_and_time(*at, "T", "Z")
    }

    /// A time, for people.
    pub(super) fn time(&self, at: &Timestamp) -> String {
        messages::date_and_time(*at, " ", " UTC")
    }

    pub(super) fn corp_status(&self, status: &AuthorizationStatus) -> &'static str {
        let (zh, en) = messages::corp_status(*status);
        self.frame.language().choose(zh, en)
    }

    pub(super) fn record_status(&self, status: &RecordStatus) -> &'static str {
        let (zh, en) = messages::record_status(*status);
        self.frame.language().choose(zh, en)
    }

    /// A name, or what stands where there is none.
    pub(super) fn or_unnamed<'a>(&self, name: &'a str) -> &'a str {
        if name.is_empty() {
            self.frame.language().choose("（无名称）", "(no name)")
        } else {
            name
        }
    }
}

impl Page<'_> {
    /// What is around the page of an administrator.
    pub(super) fn shell(&self, section: Section) -> Result<Shell> {
        let console = self.console;
        let user_id = match &self.asked.administrator {
            AdminIdentity::Key => None,
            AdminIdentity::User(user, _) => Some(user.user_id().to_owned()),
        };
        let notice = self.outcome.as_ref().map(messages::notice);
        Ok(Shell {
            language_url: Some(console.language_url()),
            login: Some(Login {
                section,
                user_id,
                form_token: issue_token(&console.deps.keys, &self.form_key)?,
                notice: notice.map(|(zh, en)| console.language.choose(zh, en)),
            }),
            ..Shell::bare(&console.deps.config, console.language)
        })
    }
}

#[derive(Template)]
#[template(path = "console/error.html")]
pub(super) struct ErrorTemplate<'a> {
    pub(super) shell: &'a Shell,
    pub(super) title: &'a str,
    pub(super) what_to_do: &'a str,
    pub(super) detail: Option<&'a str>,
    pub(super) codes: String,
    pub(super) console_url: String,
    /// The login with the admin key, for whoever may not do this otherwise.
    pub(super) login_url: Option<String>,
}

pub(super) fn render(template: &impl Template) -> String {
    template
        .render()
        .expect("a template of plain values is written into a String, which does not fail")
}
