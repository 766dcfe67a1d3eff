//! Who brought a code (D/96442), and what they agreed to show (D/96443).

use serde_json::{Value, json};

use super::{Refusal, Request};
use crate::engine::Engine;
use crate::world::{CodeTrouble, UserTicket, World};

const USER_TICKET_LIFE_MS: i64 = 1_800_000;

/// `auth/getuserinfo`. It answers for people outside the visible range too, then without user_ticket.
pub(super) fn user_info(world: &mut World, engine: &Engine, request: &Request) -> Result<Value, Refusal> {
    let caller = request.caller(world)?;
    let text = request.query("code", 40029)?.to_owned();
    let code = world.login_code(&text, &caller.corp, &caller.suite_id).cloned().map_err(|trouble| {
        Refusal::new(match trouble {
            CodeTrouble::Bad => 40029,
            CodeTrouble::Used => world.settings.used_code,
            CodeTrouble::Expired => world.settings.expired_code,
        })
    })?;
    if code.redirect_host.is_some() && code.redirect_host != engine.trusted_domain_in(world) {
        return Err(Refusal::new(50001));
    }
    if !world.settings.licence {
        return Err(Refusal::new(701_008));
    }
    let corp = world.corp(&caller.corp).ok_or(Refusal::new(40029))?;
    let member = corp.member_by_key(&code.member).ok_or(Refusal::new(40029))?;
    let (is_member, visible) = (member.is_member(), member.visible);
    let user_id = corp.user_id(member, world.settings.ids);
    let openid = format!("oSandbox{}", member.key.trim_start_matches("woSandbox"));
    world.spend_login_code(&text);
    if !is_member {
        return Ok(json!({"openid": openid}));
    }
    if !(code.private_info && visible) {
        return Ok(json!({"userid": user_id}));
    }
    let ticket =
        UserTicket { suite_id: caller.suite_id, corp: caller.corp, member: code.member, born: world.now() };
    let ticket = world.new_user_ticket(ticket);
    Ok(json!({"userid": user_id, "user_ticket": ticket}))
}

/// `auth/getuserdetail`.
pub(super) fn user_detail(world: &mut World, _: &Engine, request: &Request) -> Result<Value, Refusal> {
    let caller = request.caller(world)?;
    let text = request.text("user_ticket", 84015)?;
    let ticket = world
        .user_tickets
        .get(text)
        .filter(|ticket| ticket.corp == caller.corp && ticket.suite_id == caller.suite_id)
        .ok_or(Refusal::new(84015))?;
    if world.now() - ticket.born >= USER_TICKET_LIFE_MS {
        return Err(Refusal::new(84014));
    }
    let corp = world.corp(&caller.corp).ok_or(Refusal::new(84015))?;
    let member =
        corp.member_by_key(&ticket.member).filter(|member| !member.left).ok_or(Refusal::new(60111))?;
    if !member.visible {
        return Err(Refusal::new(50002));
    }
    let mut detail = json!({"userid": corp.user_id(member, world.settings.ids), "gender": "0"});
    let granted = |field: &str| {
        world.settings.permissions.iter().any(|permission| {
            permission.strip_prefix("contact:sensitive:").is_some_and(|granted| granted == field)
        })
    };
    let id = &member.plain_id;
    let fields = [
        ("gender", "gender", if member.number.is_multiple_of(2) { "1".to_owned() } else { "2".to_owned() }),
        ("avatar", "avatar", format!("http://wework.qpic.cn/wwhead/{id}/0")),
        ("qrcode", "qr_code", format!("https://open.work.weixin.qq.com/wwopen/userQRCode?vcode={id}")),
        ("mobile", "mobile", format!("138{:08}", member.number)),
        ("email", "email", format!("{id}@example.com")),
        ("email", "biz_mail", format!("{id}@example.wecom.work")),
        ("address", "address", "广州市海珠区新港中路".to_owned()),
    ];
    for (permission, name, value) in fields {
        if granted(permission) {
            detail[name] = json!(value);
        }
    }
    Ok(detail)
}
