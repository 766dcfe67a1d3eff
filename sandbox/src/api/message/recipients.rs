//! Who gets a message: `touser`, `toparty` and `totag`.

use serde_json::{Value, json};

use super::{ApiError, ApiResult, Request};
use crate::store::{Corp, IdForm, Member};

/// The most userids in `touser`.
const MAX_USERS: usize = 1_000;
/// The most ids in `toparty`, and in `totag`.
const MAX_PARTIES: usize = 100;
/// The only department, which everybody of the corp is in.
const PARTY: &str = "1";

/// The recipients of a message, and the ids that stand for none.
pub(super) struct Recipients<'a> {
    pub(super) members: Vec<&'a Member>,
    invalid_users: Vec<String>,
    invalid_parties: Vec<String>,
    invalid_tags: Vec<String>,
    unlicensed_users: Vec<String>,
}

impl<'a> Recipients<'a> {
    /// Everybody for `@all`, where the other two lists do not count.
    pub(super) fn of(corp: &'a Corp, form: IdForm, request: &Request) -> ApiResult<Self> {
        let mut found = Self {
            members: Vec::new(),
            invalid_users: Vec::new(),
            invalid_parties: Vec::new(),
            invalid_tags: Vec::new(),
            unlicensed_users: Vec::new(),
        };
        let users = list(request, "touser", MAX_USERS, 40032)?;
        if users == ["@all"] {
            found.members.extend(reachable_members(corp));
            return Ok(found);
        }
        let parties = list(request, "toparty", MAX_PARTIES, 82002)?;
        let tags = list(request, "totag", MAX_PARTIES, 82003)?;
        if users.is_empty() && parties.is_empty() && tags.is_empty() {
            return Err(ApiError::new(82001));
        }
        for id in users {
            match reachable_members(corp).find(|member| has_user_id(corp, member, form, &id)) {
                Some(member) => found.add(member),
                // The page says that the ids come back in lower case, which encrypted ones cannot.
                None if corp.uses_open_ids(form) => found.invalid_users.push(id),
                None => found.invalid_users.push(id.to_lowercase()),
            }
        }
        for id in parties {
            if id == PARTY {
                reachable_members(corp)
                    .filter(|member| member.linked_corp.is_none())
                    .for_each(|member| found.add(member));
            } else {
                found.invalid_parties.push(id);
            }
        }
        found.invalid_tags = tags;
        Ok(found)
    }

    /// Takes everybody off the list, because nobody has an interface license.
    pub(super) fn refuse_unlicensed(&mut self, corp: &Corp, form: IdForm) {
        let members = self.members.drain(..);
        self.unlicensed_users = members.map(|member| corp.user_id(member, form)).collect();
    }

    /// The ids that the response names, each list only if it is not empty.
    pub(super) fn refused(&self) -> Value {
        let lists = [
            ("invaliduser", &self.invalid_users),
            ("invalidparty", &self.invalid_parties),
            ("invalidtag", &self.invalid_tags),
            ("unlicenseduser", &self.unlicensed_users),
        ];
        let mut fields = json!({});
        for (name, ids) in lists {
            if !ids.is_empty() {
                fields[name] = json!(ids.join("|"));
            }
        }
        fields
    }

    fn add(&mut self, member: &'a Member) {
        if !self.members.iter().any(|known| known.key == member.key) {
            self.members.push(member);
        }
    }
}

/// The people whom the app's messages reach: not those who are disabled or outside the visible range.
fn reachable_members(corp: &Corp) -> impl Iterator<Item = &Member> {
    corp.members.iter().filter(|member| member.follows_app())
}

/// Plain userids compare without case, encrypted ones with it.
fn has_user_id(corp: &Corp, member: &Member, form: IdForm, id: &str) -> bool {
    let user_id = corp.user_id(member, form);
    if corp.uses_open_ids(form) {
        user_id == id
    } else {
        user_id.eq_ignore_ascii_case(id)
    }
}

/// The ids in a field, which are separated by `|`. One party or tag may be a number.
fn list(request: &Request, name: &str, max: usize, too_many: i64) -> ApiResult<Vec<String>> {
    let text = match request.field(name) {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null => String::new(),
        _ => return Err(ApiError::new(40035)),
    };
    let ids: Vec<String> = text
        .split('|')
        .map(str::trim)
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
        .collect();
    if ids.len() > max {
        return Err(ApiError::new(too_many));
    }
    Ok(ids)
}
