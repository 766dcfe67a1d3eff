//! The member behind a login code (D/96442), and the personal data that they agreed to share
//! (D/96443).

use serde_json::json;

use super::{ApiError, ApiResult, Request};
use crate::engine::Engine;
use crate::store::{LoginCodeError, Store, USER_TICKET_TTL_MS, UserTicket};

/// Who a login code was issued for.
enum Visitor {
    Member {
        user_id: String,
        user_ticket: Option<String>,
    },
    NonMember {
        openid: String,
    },
}

/// `auth/getuserinfo`.
pub(super) fn getuserinfo(store: &mut Store, engine: &Engine, request: &Request) -> ApiResult {
    Ok(match visitor(store, engine, request)? {
        Visitor::NonMember { openid } => json!({"openid": openid}),
        Visitor::Member {
            user_id,
            user_ticket: Some(ticket),
        } => json!({"userid": user_id, "user_ticket": ticket}),
        Visitor::Member { user_id, .. } => json!({"userid": user_id}),
    })
}

/// `user/getuserinfo`, the legacy call: the same with other names.
pub(super) fn getuserinfo_legacy(
    store: &mut Store,
    engine: &Engine,
    request: &Request,
) -> ApiResult {
    Ok(match visitor(store, engine, request)? {
        Visitor::NonMember { openid } => json!({"OpenId": openid, "DeviceId": ""}),
        Visitor::Member {
            user_id,
            user_ticket,
        } => {
            let mut fields = json!({"UserId": user_id, "DeviceId": ""});
            if let Some(ticket) = user_ticket {
                fields["user_ticket"] = json!(ticket);
                fields["expires_in"] = json!(USER_TICKET_TTL_MS / 1000);
            }
            fields
        }
    })
}

/// `miniprogram/jscode2session` (D/96959).
pub(super) fn jscode2session(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let caller = request.caller(store)?;
    let text = request.query("js_code", 40029)?.to_owned();
    if request.query("grant_type", 40035)? != "authorization_code" {
        return Err(ApiError::new(40035));
    }
    let code = store
        .login_code(&text, &caller.corp_key, &caller.suite_id, true)
        .map_err(|error| code_error(store, error))?;
    let corp = store.corp(&caller.corp_key).ok_or(ApiError::new(40029))?;
    let member = corp
        .member_by_key(&code.member_key)
        .filter(|member| member.is_member())
        .ok_or(ApiError::new(40029))?;
    let form = store.id_form_in(corp, &caller.suite_id);
    let session = json!({
        "corpid": corp.public_id(form),
        "userid": corp.user_id(member, form),
        "session_key": format!("{}==", crate::random::url_safe(22)),
    });
    store.consume_login_code(&text);
    Ok(session)
}

fn code_error(store: &Store, error: LoginCodeError) -> ApiError {
    ApiError::new(match error {
        LoginCodeError::Invalid => 40029,
        LoginCodeError::Used => store.settings.used_code,
        LoginCodeError::Expired => store.settings.expired_code,
    })
}

/// Consumes the login code. There is a user_ticket only for consenting members of the corp itself, inside
/// the visible range (D/96442).
fn visitor(store: &mut Store, engine: &Engine, request: &Request) -> ApiResult<Visitor> {
    let caller = request.caller(store)?;
    let text = request.query("code", 40029)?.to_owned();
    let code = store
        .login_code(&text, &caller.corp_key, &caller.suite_id, false)
        .cloned()
        .map_err(|error| code_error(store, error))?;
    if code.redirect_host.is_some() && code.redirect_host != engine.trusted_domain(store) {
        return Err(ApiError::new(50001));
    }
    if !store.settings.licence {
        return Err(ApiError::new(701_008));
    }
    let corp = store.corp(&caller.corp_key).ok_or(ApiError::new(40029))?;
    let member = corp
        .member_by_key(&code.member_key)
        .ok_or(ApiError::new(40029))?;
    let openid = format!("oSandbox{}", member.key.trim_start_matches("woSandbox"));
    let user_id = corp.user_id(member, store.id_form_in(corp, &caller.suite_id));
    let is_member = member.is_member();
    let has_ticket = code.private_info && member.visible && member.linked_corp.is_none();
    store.consume_login_code(&text);
    if !is_member {
        return Ok(Visitor::NonMember { openid });
    }
    let user_ticket = has_ticket.then(|| {
        let created_at = store.now();
        store.new_user_ticket(UserTicket {
            suite_id: caller.suite_id,
            corp_key: caller.corp_key,
            member_key: code.member_key,
            created_at,
        })
    });
    Ok(Visitor::Member {
        user_id,
        user_ticket,
    })
}

/// `auth/getuserdetail`.
pub(super) fn getuserdetail(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let caller = request.caller(store)?;
    let text = request.text("user_ticket", 84015)?;
    let ticket = store
        .user_tickets
        .get(text)
        .filter(|ticket| ticket.corp_key == caller.corp_key && ticket.suite_id == caller.suite_id)
        .ok_or(ApiError::new(84015))?;
    if ticket.is_expired(store.now()) {
        return Err(ApiError::new(84014));
    }
    let corp = store.corp(&caller.corp_key).ok_or(ApiError::new(84015))?;
    let member = corp
        .member_by_key(&ticket.member_key)
        .filter(|member| !member.left)
        .ok_or(ApiError::new(60111))?;
    if !member.visible {
        return Err(ApiError::new(50002));
    }
    let mut detail = json!({"userid": corp.user_id(member, store.id_form_in(corp, &caller.suite_id)), "gender": "0"});
    let id = &member.plain_id;
    let fields = [
        (
            "gender",
            "gender",
            if member.number.is_multiple_of(2) {
                "1".to_owned()
            } else {
                "2".to_owned()
            },
        ),
        (
            "avatar",
            "avatar",
            format!("http://wework.qpic.cn/wwhead/{id}/0"),
        ),
        (
            "qrcode",
            "qr_code",
            format!("https://open.work.weixin.qq.com/wwopen/userQRCode?vcode={id}"),
        ),
        ("mobile", "mobile", format!("138{:08}", member.number)),
        ("email", "email", format!("{id}@example.com")),
        ("email", "biz_mail", format!("{id}@example.wecom.work")),
        ("address", "address", "广州市海珠区新港中路".to_owned()),
    ];
    for (permission, name, value) in fields {
        if store.settings.grants(permission) {
            detail[name] = json!(value);
        }
    }
    Ok(detail)
}
