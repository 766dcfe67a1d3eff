//! The actions of members, and what happens to them: log in, leave, get another userid, leave the
//! visible range.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{find_corp, installed_app};
use crate::delivery::{AppContext, ContactChange, ContactContext, Event};
use crate::engine::Engine;
use crate::problem::Problem;
use crate::store::{Corp, Delivery, LoginCode, Member, Store};

/// A member, and the app that is notified of the action.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemberRef<'a> {
    pub(crate) corp_id: &'a str,
    pub(crate) user_id: &'a str,
    /// The suite of the app; without it, all installed apps are notified.
    pub(crate) suite_id: Option<&'a str>,
}

/// What a member agrees to on a login page.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoginConsent {
    pub(crate) redirect_host: Option<String>,
    pub(crate) private_info: bool,
    /// Whether the member opened a mini program.
    pub(crate) mini_program: bool,
}

impl<'a> MemberRef<'a> {
    /// A member, with all installed apps notified.
    pub(crate) const fn new(corp_id: &'a str, user_id: &'a str) -> Self {
        Self {
            corp_id,
            user_id,
            suite_id: None,
        }
    }
}

impl Engine {
    /// Issues a login code, as if the member had clicked the app or scanned the QR code.
    pub(crate) fn login_code(
        &self,
        target: MemberRef<'_>,
        consent: LoginConsent,
    ) -> Result<String, Problem> {
        self.update(|store| {
            let corp = find_corp(store, target.corp_id)?;
            let member = find_member(corp, target.user_id)?;
            let code = LoginCode {
                suite_id: installed_app(self, corp, target.suite_id)?.suite_id.clone(),
                corp_key: corp.key.clone(),
                member_key: member.key.clone(),
                redirect_host: consent.redirect_host,
                private_info: consent.private_info,
                mini_program: consent.mini_program,
                created_at: 0,
                used: false,
            };
            Ok(store.new_login_code(code))
        })
    }

    /// The messages that apps sent to the member, newest first.
    pub(crate) fn inbox(&self, corp_id: &str, user_id: &str) -> Result<Vec<Value>, Problem> {
        self.read(|store| {
            let corp = find_corp(store, corp_id)?;
            let member = find_member(corp, user_id)?;
            let messages = store.inbox(&corp.key, &member.key);
            Ok(messages
                .map(|message| {
                    json!({
                        "msgtype": message.msgtype,
                        "content": message.content,
                        "agentId": message.agent_id.to_string(),
                        "at": message.at,
                    })
                })
                .collect())
        })
    }

    /// The member leaves the corp: `change_contact` with `delete_user`.
    pub(crate) async fn leave(
        self: &Arc<Self>,
        target: MemberRef<'_>,
    ) -> Result<Delivery, Problem> {
        let event = contact_event(ContactChange::Delete);
        self.change_member(target, event, |member| member.left = true)
            .await
    }

    /// A member who left comes back: `change_contact` with `create_user`.
    pub(crate) async fn join(self: &Arc<Self>, target: MemberRef<'_>) -> Result<Delivery, Problem> {
        let events = self.update(|store| {
            let corp = find_corp(store, target.corp_id)?;
            let member = corp
                .members
                .iter()
                .find(|member| member.left && member.has_id(target.user_id))
                .ok_or_else(|| Problem::not_found("no member with this id has left"))?;
            let keys = (corp.key.clone(), member.key.clone());
            let event = contact_event(ContactChange::Create);
            self.apply(store, keys, target.suite_id, event, |member| {
                member.left = false;
            })
        })?;
        Ok(self.push_all(events).await)
    }

    /// The member gets another userid: `change_contact` with `update_user` and `NewUserID`.
    pub(crate) async fn rename(
        self: &Arc<Self>,
        target: MemberRef<'_>,
        new_id: Option<&str>,
    ) -> Result<Delivery, Problem> {
        let events = self.update(|store| {
            let corp = find_corp(store, target.corp_id)?;
            let member = find_member(corp, target.user_id)?;
            let new_id = match new_id {
                Some(id) => id.to_owned(),
                None => unused_id(corp, corp.bare_user_id(member, store.listed_id_form(corp))),
            };
            let is_allowed =
                |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
            if !(1..=64).contains(&new_id.len()) || !new_id.bytes().all(is_allowed) {
                return Err(Problem::bad_request(
                    "newUserId must be 1 to 64 of A-Z a-z 0-9 _ -",
                ));
            }
            if corp.members.iter().any(|member| member.has_id(&new_id)) {
                return Err(Problem::conflict("another member has this userid"));
            }
            let new_user_id = member.with_linked_corp(&new_id);
            let keys = (corp.key.clone(), member.key.clone());
            let event = |app: &AppContext<'_>, user_id: &str, member: &Member| {
                let contact = ContactContext {
                    user_id,
                    new_user_id: Some(&new_user_id),
                    member,
                };
                Event::change_contact(app, ContactChange::Update, &contact)
            };
            self.apply(store, keys, target.suite_id, event, |member| {
                member.plain_id.clone_from(&new_id);
                member.open_id = new_id;
            })
        })?;
        Ok(self.push_all(events).await)
    }

    /// The member leaves the app's visible range, or comes back into it: `change_auth` (D/97165).
    pub(crate) async fn set_visible(
        self: &Arc<Self>,
        target: MemberRef<'_>,
        visible: bool,
    ) -> Result<Delivery, Problem> {
        let event = |app: &AppContext<'_>, _: &str, _: &Member| Event::change_auth(app);
        self.change_member(target, event, |member| member.visible = visible)
            .await
    }

    /// The member's account becomes active (1), disabled (2), not activated (4), left (5):
    /// `change_contact` with `update_user`.
    pub(crate) async fn set_status(
        self: &Arc<Self>,
        target: MemberRef<'_>,
        status: u8,
    ) -> Result<Delivery, Problem> {
        if ![1, 2, 4, 5].contains(&status) {
            return Err(Problem::bad_request("status must be 1, 2, 4 or 5"));
        }
        let event = contact_event(ContactChange::Update);
        self.change_member(target, event, |member| member.status = status)
            .await
    }

    /// The member follows, unfollows or enters the app: `subscribe`, `unsubscribe`, `enter_agent`
    /// (D/96468).
    pub(crate) async fn member_event(
        self: &Arc<Self>,
        target: MemberRef<'_>,
        name: &'static str,
    ) -> Result<Delivery, Problem> {
        let event = |app: &AppContext<'_>, user_id: &str, _: &Member| {
            Event::member_event(name, app, user_id)
        };
        self.change_member(target, event, |_| {}).await
    }

    /// The member has no license: `unlicensed_notify` (D/97195).
    pub(crate) async fn notify_unlicensed(
        self: &Arc<Self>,
        target: MemberRef<'_>,
    ) -> Result<Delivery, Problem> {
        let event = |app: &AppContext<'_>, user_id: &str, _: &Member| {
            Event::unlicensed_notify(app, user_id)
        };
        self.change_member(target, event, |_| {}).await
    }

    /// Changes a present member, and pushes to every notified app.
    async fn change_member(
        self: &Arc<Self>,
        target: MemberRef<'_>,
        event: impl Fn(&AppContext<'_>, &str, &Member) -> Event,
        edit: impl FnOnce(&mut Member),
    ) -> Result<Delivery, Problem> {
        let events = self.update(|store| {
            let corp = find_corp(store, target.corp_id)?;
            let member = find_member(corp, target.user_id)?;
            let keys = (corp.key.clone(), member.key.clone());
            self.apply(store, keys, target.suite_id, event, edit)
        })?;
        Ok(self.push_all(events).await)
    }

    /// Changes the member with these keys (corp, member). Returns the events of every notified app,
    /// the one of the named suite or all installed ones: at least one. `event` takes the app, the
    /// userid before the change and the member after it. Where the change brings the member into or
    /// out of the app's reach, `subscribe` or `unsubscribe` follows (D/90376).
    fn apply(
        &self,
        store: &mut Store,
        (corp_key, member_key): (String, String),
        suite_id: Option<&str>,
        event: impl Fn(&AppContext<'_>, &str, &Member) -> Event,
        edit: impl FnOnce(&mut Member),
    ) -> Result<Vec<Event>, Problem> {
        installed_app(self, find_corp(store, &corp_key)?, suite_id)?;
        let member = store
            .corp_mut(&corp_key)
            .and_then(|corp| {
                corp.members
                    .iter_mut()
                    .find(|member| member.key == member_key)
            })
            .ok_or_else(no_such_member)?;
        let before = member.clone();
        edit(member);
        let after = member.clone();
        let corp = find_corp(store, &corp_key)?;
        let follow = match (before.follows_app(), after.follows_app()) {
            (false, true) => Some("subscribe"),
            (true, false) => Some("unsubscribe"),
            _ => None,
        };
        let apps = corp
            .installed_apps()
            .filter(|app| suite_id.is_none_or(|id| id == app.suite_id));
        let events = apps.flat_map(|app| {
            let context = AppContext::new(store, corp, app);
            let user_id = corp.user_id(&before, store.id_form(app));
            let follow = follow.map(|name| Event::member_event(name, &context, &user_id));
            [Some(event(&context, &user_id, &after)), follow]
        });
        Ok(events.flatten().collect())
    }

    /// Pushes one event after the other and returns the first delivery.
    async fn push_all(self: &Arc<Self>, events: Vec<Event>) -> Delivery {
        let mut first = None;
        for event in events {
            let delivery = self.push(event).await;
            first.get_or_insert(delivery);
        }
        first.expect("`apply` returns at least one event")
    }
}

fn find_member<'a>(corp: &'a Corp, id: &str) -> Result<&'a Member, Problem> {
    corp.member(id).ok_or_else(no_such_member)
}

fn no_such_member() -> Problem {
    Problem::not_found("no such member")
}

/// The event of a change of the contact list that keeps the userid.
fn contact_event(change: ContactChange) -> impl Fn(&AppContext<'_>, &str, &Member) -> Event {
    move |app, user_id, member| {
        let contact = ContactContext {
            user_id,
            new_user_id: None,
            member,
        };
        Event::change_contact(app, change, &contact)
    }
}

fn unused_id(corp: &Corp, old: &str) -> String {
    let stem = old.split("-renamed").next().unwrap_or(old);
    (1..)
        .map(|number| format!("{stem}-renamed{number}"))
        .find(|id| !corp.members.iter().any(|member| member.has_id(id)))
        .expect("a corp has fewer members than there are numbers")
}
