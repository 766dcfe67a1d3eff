//! What happens to people: they click, leave, are renamed, leave the visible range and come back.

use std::sync::Arc;

use wecom_login::web::Language;

use super::{corp, installed};
use crate::delivery::{Delivery, Event};
use crate::engine::Engine;
use crate::problem::Problem;
use crate::world::{App, Corp, Kind, LoginCode, Member, World};

/// What a person agrees to on a login page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grant {
    pub(crate) redirect_host: Option<String>,
    pub(crate) private_info: bool,
}

impl Engine {
    /// A login code, as if the person had clicked or scanned.
    pub(crate) fn login_code(
        &self,
        corp_id: &str,
        user_id: &str,
        suite_id: Option<&str>,
        grant: Grant,
    ) -> Result<String, Problem> {
        self.change(|world| {
            let corp = corp(world, corp_id)?;
            let person = member(corp, user_id)?;
            let code = LoginCode {
                suite_id: installed(self, corp, suite_id)?.suite_id.clone(),
                corp: corp.key.clone(),
                member: person.key.clone(),
                redirect_host: grant.redirect_host,
                private_info: grant.private_info,
                born: 0,
                used: false,
            };
            Ok(world.new_login_code(code))
        })
    }

    /// The person leaves the company: `change_contact` with `delete_user`.
    pub(crate) async fn leave(
        self: &Arc<Self>,
        corp_id: &str,
        user_id: &str,
        suite_id: Option<&str>,
    ) -> Result<Delivery, Problem> {
        let events = self.change(|world| {
            let events = self.contact_events(world, corp_id, user_id, suite_id, "delete_user", None)?;
            edit(world, corp_id, user_id, |person| person.left = true);
            Ok(events)
        })?;
        Ok(self.push_all(events).await)
    }

    /// The person who left comes back: `create_user`.
    pub(crate) async fn join(
        self: &Arc<Self>,
        corp_id: &str,
        user_id: &str,
        suite_id: Option<&str>,
    ) -> Result<Delivery, Problem> {
        let events = self.change(|world| {
            let company = world.corp_mut(corp_id).ok_or_else(|| Problem::unknown("no such company"))?;
            let gone = company.members.iter_mut().find(|person| person.left && person.is(user_id));
            let gone = gone.ok_or_else(|| Problem::unknown("nobody who left has this id"))?;
            gone.left = false;
            let events = self.contact_events(world, corp_id, user_id, suite_id, "create_user", None);
            if events.is_err() {
                edit(world, corp_id, user_id, |person| person.left = true);
            }
            events
        })?;
        Ok(self.push_all(events).await)
    }

    /// The person gets another userid: `update_user` with `NewUserID`.
    pub(crate) async fn rename(
        self: &Arc<Self>,
        corp_id: &str,
        user_id: &str,
        suite_id: Option<&str>,
        new_id: Option<&str>,
    ) -> Result<Delivery, Problem> {
        let events = self.change(|world| {
            let company = corp(world, corp_id)?;
            let old = company.handle(member(company, user_id)?, world.settings.ids).to_owned();
            let new_id = match new_id {
                Some(id) => id.to_owned(),
                None => free_id(company, &old),
            };
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
            if !(1..=64).contains(&new_id.len()) || !new_id.bytes().all(plain) {
                return Err(Problem::bad("newUserId is 1 to 64 of A-Z a-z 0-9 _ -"));
            }
            if company.members.iter().any(|person| person.is(&new_id)) {
                return Err(Problem::conflict("somebody has this userid"));
            }
            let events =
                self.contact_events(world, corp_id, user_id, suite_id, "update_user", Some(&new_id))?;
            edit(world, corp_id, user_id, |person| {
                person.plain_id.clone_from(&new_id);
                person.open_id = new_id;
            });
            Ok(events)
        })?;
        Ok(self.push_all(events).await)
    }

    /// The person leaves the app's visible range, or comes back into it: `change_auth` (D/97165).
    pub(crate) async fn set_visible(
        self: &Arc<Self>,
        corp_id: &str,
        user_id: &str,
        suite_id: Option<&str>,
        visible: bool,
    ) -> Result<Delivery, Problem> {
        let events = self.change(|world| {
            let company = corp(world, corp_id)?;
            member(company, user_id)?;
            let shown = world.shown_corp_id(company);
            let now = world.now();
            let events = self
                .told(company, suite_id)?
                .map(|app| Event::change_auth(&app.suite_id, &company.key, &shown, app.state.as_deref(), now))
                .collect();
            edit(world, corp_id, user_id, |person| person.visible = visible);
            Ok(events)
        })?;
        Ok(self.push_all(events).await)
    }

    /// The person's account is disabled (2), active (1), not activated (4): `update_user` without a new id.
    pub(crate) async fn set_status(
        self: &Arc<Self>,
        corp_id: &str,
        user_id: &str,
        suite_id: Option<&str>,
        status: u8,
    ) -> Result<Delivery, Problem> {
        if ![1, 2, 4, 5].contains(&status) {
            return Err(Problem::bad("status is 1, 2, 4 or 5"));
        }
        let events = self.change(|world| {
            let events = self.contact_events(world, corp_id, user_id, suite_id, "update_user", None)?;
            edit(world, corp_id, user_id, |person| person.status = status);
            Ok(events)
        })?;
        Ok(self.push_all(events).await)
    }

    /// The person follows the app no longer, or enters it: `unsubscribe`, `subscribe`, `enter_agent` (D/96468).
    pub(crate) async fn person_event(
        self: &Arc<Self>,
        corp_id: &str,
        user_id: &str,
        suite_id: Option<&str>,
        name: &'static str,
    ) -> Result<Delivery, Problem> {
        let events = self.read(|world| {
            let company = corp(world, corp_id)?;
            let user_id = company.user_id(member(company, user_id)?, world.settings.ids);
            let shown = world.shown_corp_id(company);
            let now = world.now();
            let of = |app: &App| {
                Event::of_person(name, &app.suite_id, &company.key, (&shown, &user_id), app.agent_id, now)
            };
            Ok(self.told(company, suite_id)?.map(of).collect())
        })?;
        Ok(self.push_all(events).await)
    }

    /// The person has no licence: `unlicensed_notify` (D/97195).
    pub(crate) async fn unlicensed(
        self: &Arc<Self>,
        corp_id: &str,
        user_id: &str,
        suite_id: Option<&str>,
    ) -> Result<Delivery, Problem> {
        let event = self.read(|world| {
            let company = corp(world, corp_id)?;
            let user_id = company.user_id(member(company, user_id)?, world.settings.ids);
            let app = installed(self, company, suite_id)?;
            let shown = world.shown_corp_id(company);
            let now = world.now();
            Ok(Event::unlicensed_notify(&app.suite_id, &company.key, &shown, &user_id, app.agent_id, now))
        })?;
        Ok(self.push(event).await)
    }

    fn contact_events(
        &self,
        world: &World,
        corp_id: &str,
        user_id: &str,
        suite_id: Option<&str>,
        change: &str,
        new_id: Option<&str>,
    ) -> Result<Vec<Event>, Problem> {
        let company = corp(world, corp_id)?;
        let person = member(company, user_id)?;
        let user_id = company.user_id(person, world.settings.ids);
        let new_id = new_id.map(|new_id| match &person.linked_corp {
            Some(linked) => format!("{linked}/{new_id}"),
            None => new_id.to_owned(),
        });
        let shown = world.shown_corp_id(company);
        let now = world.now();
        let of = |app: &App| {
            Event::change_contact(
                &app.suite_id,
                &company.key,
                &shown,
                change,
                &user_id,
                new_id.as_deref(),
                now,
            )
        };
        Ok(self.told(company, suite_id)?.map(of).collect())
    }

    /// The apps that hear of it: that of the named suite, or all that are installed.
    fn told<'a>(
        &self,
        company: &'a Corp,
        suite_id: Option<&'a str>,
    ) -> Result<impl Iterator<Item = &'a App>, Problem> {
        installed(self, company, suite_id)?;
        Ok(company.installed().filter(move |app| suite_id.is_none_or(|id| id == app.suite_id)))
    }

    /// Pushes to several apps, one after the other; the first one's delivery is the answer.
    async fn push_all(self: &Arc<Self>, events: Vec<Event>) -> Delivery {
        let mut first = None;
        for event in events {
            let delivery = self.push(event).await;
            first.get_or_insert(delivery);
        }
        first.expect("an installed app hears of it")
    }
}

fn member<'a>(corp: &'a Corp, id: &str) -> Result<&'a Member, Problem> {
    corp.member(id).ok_or_else(|| Problem::unknown("no such member"))
}

fn edit(world: &mut World, corp_id: &str, user_id: &str, edit: impl FnOnce(&mut Member)) {
    let corp = world.corp_mut(corp_id);
    let person = corp.and_then(|corp| corp.members.iter_mut().find(|person| person.is(user_id)));
    if let Some(person) = person {
        edit(person);
    }
}

fn free_id(corp: &Corp, old: &str) -> String {
    let stem = old.split("-renamed").next().unwrap_or(old);
    (1..)
        .map(|number| format!("{stem}-renamed{number}"))
        .find(|id| !corp.members.iter().any(|person| person.is(id)))
        .expect("numbers do not end")
}

impl Member {
    /// What the console and the login pages say about somebody.
    pub(crate) const fn remark(&self, language: Language) -> &'static str {
        match self.kind {
            Some(Kind::Linked) => language.choose("关联企业的成员", "of a linked company"),
            Some(Kind::NonMember) => language.choose("非企业成员", "not a member"),
            _ if !self.visible => language.choose("不在可见范围内", "outside the visible range"),
            _ => "",
        }
    }
}
