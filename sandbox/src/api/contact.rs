//! Members and departments in the contact list (D/96255, D/96260). There is one department.

use serde_json::{Value, json};

use super::{ApiError, ApiResult, Request};
use crate::engine::Engine;
use crate::store::{Corp, Member, MemberKind, Store};

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
        let mut user = json!({"userid": user_id, "department": [1]});
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

/// `user/list_id`: the ids of all people inside the visible range, on one page.
pub(super) fn list_user_ids(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let caller = request.caller(store)?;
    let corp = store.corp(&caller.corp_key).ok_or(ApiError::new(48004))?;
    let form = store.id_form_in(corp, &caller.suite_id);
    let users: Vec<Value> = own_people(corp)
        .map(|member| json!({"userid": corp.user_id(member, form), "department": 1}))
        .collect();
    Ok(json!({"next_cursor": "", "dept_user": users}))
}

/// `department/list`.
pub(super) fn list_departments(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    request.caller(store)?;
    let mut department = department();
    department["department_leader"] = json!([]);
    if store.settings.grants("department_name") {
        department["name"] = json!("Sandbox");
    }
    Ok(json!({"department": [department]}))
}

/// `department/simplelist`.
pub(super) fn simple_list_departments(
    store: &mut Store,
    _: &Engine,
    request: &Request,
) -> ApiResult {
    request.caller(store)?;
    Ok(json!({"department_id": [department()]}))
}

fn list_users(
    store: &Store,
    request: &Request,
    fields: impl Fn(&Store, &Member, &str) -> Value,
) -> ApiResult {
    let caller = request.caller(store)?;
    if request.query("department_id", 40035)? != "1" {
        return Err(ApiError::new(60003));
    }
    let corp = store.corp(&caller.corp_key).ok_or(ApiError::new(48004))?;
    let form = store.id_form_in(corp, &caller.suite_id);
    let users: Vec<Value> = own_people(corp)
        .map(|member| fields(store, member, &corp.user_id(member, form)))
        .collect();
    Ok(json!({"userlist": users}))
}

/// The people of the corp itself inside the visible range.
fn own_people(corp: &Corp) -> impl Iterator<Item = &Member> {
    corp.visible_members()
        .filter(|member| member.linked_corp.is_none())
}

fn department() -> Value {
    json!({"id": 1, "parentid": 0, "order": 100_000_000})
}

/// What `user/get` answers of a member, with what the administrator has granted.
fn member_fields(store: &Store, member: &Member, user_id: &str) -> Value {
    let mut answer = json!({
        "userid": user_id,
        "department": [1],
        "order": [0],
        "status": member.status,
        "alias": "",
        "is_leader_in_dept": [0],
        "direct_leader": [],
        "main_department": 1,
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
