//! The member behind a login code (D/96442), and the personal data that they agreed to share
//! (D/96443).

use serde_json::json;

use super::{ApiError, ApiResult, Request};
use crate::engine::Engine;
use crate::store::{LoginCodeError, Store, UserTicket};

/// `auth/getuserinfo`. For members outside the visible range, the response has no user_ticket.
pub(super) fn getuserinfo(store: &mut Store, engine: &Engine, request: &Request) -> ApiResult {
    let caller = request.caller(store)?;
    let text = request.query("code", 40029)?.to_owned();
    let code = store
        .login_code(&text, &caller.corp_key, &caller.suite_id)
        .cloned()
        .map_err(|error| {
            ApiError::new(match error {
                LoginCodeError::Invalid => 40029,
                LoginCodeError::Used => store.settings.used_code,
                LoginCodeError::Expired => store.settings.expired_code,
            })
        })?;
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
    let (is_member, visible) = (member.is_member(), member.visible);
    let user_id = corp.user_id(member, store.id_form_in(corp, &caller.suite_id));
    let openid = format!("oSandbox{}", member.key.trim_start_matches("woSandbox"));
    store.consume_login_code(&text);
    if !is_member {
        return Ok(json!({"openid": openid}));
    }
    if !(code.private_info && visible) {
        return Ok(json!({"userid": user_id}));
    }
    let ticket = UserTicket {
        suite_id: caller.suite_id,
        corp_key: caller.corp_key,
        member_key: code.member_key,
        created_at: store.now(),
    };
    let ticket = store.new_user_ticket(ticket);
    Ok(json!({"userid": user_id, "user_ticket": ticket}))
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
