//! Members and departments in the contact list (D/96255, D/96260, D/96067). There is one department, and the
//! whole corp is in it.

use serde_json::{Value, json};

use super::{ApiError, ApiResult, Request};
use crate::engine::Engine;
use crate::store::{Corp, Member, MemberKind, Store};

/// The id of the only department.
const DEPARTMENT: i64 = 1;

/// The longest page of `user/list_id`, and the default.
const MAX_LISTED_IDS: usize = 10_000;

/// `user/get`: for members inside the app's visible range only.
pub(super) fn get_user(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let caller = request.caller(store)?;
    let user_id = request.query("userid", 41009)?;
    if !store.settings.licence {
        return Err(ApiError::new(701_008));
    }
    let corp = store.corp(&caller.corp_key).ok_or(ApiError::new(60111))?;
    let member = corp
        .member_by_user_id(user_id, store.id_form_in(corp, &caller.suite_id))
        .filter(|member| member.kind != Some(MemberKind::NonMember))
        .ok_or(ApiError::new(60111))?;
    if member.linked_corp.is_some() && store.settings.linked != 0 {
        return Err(ApiError::new(store.settings.linked));
    }
    if !member.visible {
        return Err(ApiError::new(store.settings.invisible));
    }
    Ok(member_fields(store, member, user_id))
}

/// `user/simplelist`: the people of a department inside the visible range.
pub(super) fn simple_list_users(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let names = store.settings.grants("user_name");
    list_users(store, request, |_, member, user_id| {
        let mut user = json!({"userid": user_id, "department": [DEPARTMENT]});
        if names {
            user["name"] = json!(member.name);
        }
        user
    })
}

/// `user/list`: the same with everything that is granted.
pub(super) fn list_all_users(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    list_users(store, request, member_fields)
}

/// `user/list_id` (D/96067): the ids of all people inside the visible range, in pages.
pub(super) fn list_user_ids(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let caller = request.caller(store)?;
    let limit = match request.field("limit") {
        Value::Null => MAX_LISTED_IDS,
        limit => limit
            .as_u64()
            .and_then(|limit| usize::try_from(limit).ok())
            .filter(|limit| (1..=MAX_LISTED_IDS).contains(limit))
            .ok_or(ApiError::new(40058))?,
    };
    let corp = store.corp(&caller.corp_key).ok_or(ApiError::new(48004))?;
    let start = match request.text("cursor", 0) {
        Ok(cursor) => start_after(corp, cursor).ok_or(ApiError::new(40058))?,
        Err(_) => 0,
    };
    let form = store.id_form_in(corp, &caller.suite_id);
    let mut people = corp.members[start..]
        .iter()
        .filter(|member| is_listed(member));
    let page: Vec<&Member> = people.by_ref().take(limit).collect();
    let next_cursor = match (page.last(), people.next()) {
        (Some(last), Some(_)) => cursor_after(last),
        _ => String::new(),
    };
    let users: Vec<Value> = page
        .iter()
        .map(|member| json!({"userid": corp.user_id(member, form), "department": DEPARTMENT}))
        .collect();
    Ok(json!({"next_cursor": next_cursor, "dept_user": users}))
}

/// `department/list`: of a department and of those below it, or of all.
pub(super) fn list_departments(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    request.caller(store)?;
    check_department(request, "id")?;
    let mut department = department();
    department["department_leader"] = json!([]);
    if store.settings.grants("department_name") {
        department["name"] = json!("Sandbox");
    }
    Ok(json!({"department": [department]}))
}

/// `department/simplelist`: the same ids without names.
pub(super) fn simple_list_departments(
    store: &mut Store,
    _: &Engine,
    request: &Request,
) -> ApiResult {
    request.caller(store)?;
    check_department(request, "id")?;
    Ok(json!({"department_id": [department()]}))
}

/// Refuses an id of a department that does not exist; none is that of the only one.
fn check_department(request: &Request, name: &str) -> ApiResult<()> {
    let Ok(id) = request.query(name, 0) else {
        return Ok(());
    };
    match id.parse::<i64>() {
        Ok(DEPARTMENT) => Ok(()),
        Ok(_) => Err(ApiError::new(60003)),
        Err(_) => Err(ApiError::new(60123)),
    }
}

/// The cursor of a page that ends with this person. Apps must not read it.
fn cursor_after(member: &Member) -> String {
    hex::encode(&member.key)
}

fn start_after(corp: &Corp, cursor: &str) -> Option<usize> {
    let key = hex::decode(cursor).ok()?;
    let last = corp
        .members
        .iter()
        .position(|member| member.key.as_bytes() == key)?;
    Some(last + 1)
}

fn list_users(
    store: &Store,
    request: &Request,
    fields: impl Fn(&Store, &Member, &str) -> Value,
) -> ApiResult {
    let caller = request.caller(store)?;
    request.query("department_id", 40035)?;
    check_department(request, "department_id")?;
    let corp = store.corp(&caller.corp_key).ok_or(ApiError::new(48004))?;
    let form = store.id_form_in(corp, &caller.suite_id);
    let people = corp.members.iter().filter(|member| is_listed(member));
    let users: Vec<Value> = people
        .map(|member| fields(store, member, &corp.user_id(member, form)))
        .collect();
    Ok(json!({"userlist": users}))
}

/// Whether a person is of the corp itself and inside the visible range.
fn is_listed(member: &Member) -> bool {
    member.is_member() && member.visible && member.linked_corp.is_none()
}

fn department() -> Value {
    json!({"id": DEPARTMENT, "parentid": 0, "order": 100_000_000})
}

/// What `user/get` answers of a member, with what the administrator has granted.
fn member_fields(store: &Store, member: &Member, user_id: &str) -> Value {
    let mut answer = json!({
        "userid": user_id,
        "department": [DEPARTMENT],
        "order": [0],
        "status": member.status,
        "alias": "",
        "is_leader_in_dept": [0],
        "direct_leader": [],
        "main_department": DEPARTMENT,
    });
    // Each needs the administrator's grant; mobile, email, avatar and the like are never answered here.
    let granted = [
        ("user_name", "name", json!(member.name)),
        ("position", "position", json!("")),
        ("telephone", "telephone", json!("")),
        ("extattr", "extattr", json!({"attrs": []})),
        (
            "external_profile",
            "external_profile",
            json!({"external_attr": []}),
        ),
        ("external_position", "external_position", json!("")),
    ];
    for (permission, name, value) in granted {
        if store.settings.grants(permission) {
            answer[name] = value;
        }
    }
    answer
}
