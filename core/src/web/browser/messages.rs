//! The texts of the error page, in Chinese and English.

use crate::error::ErrorKind;
use crate::web::browser::language::Language;
use crate::web::browser::pages::PageError;
use crate::wecom::Errcode;

/// What happened, and what the person can do.
#[rustfmt::skip]
pub(super) const fn error_text(error: PageError, errcode: Option<i64>, language: Language) -> (&'static str, &'static str) {
    use ErrorKind as Kind;
    let ((zh, zh_more), (en, en_more)) = match error {
        PageError::BadLink | PageError::Failed(Kind::ApiParams) => (
            ("登录链接有误", "请重新登录；如果仍然如此，请联系应用的管理员。"),
            ("This login link is not valid", "Please log in again. If the problem persists, contact the app's administrator."),
        ),
        PageError::Cancelled => (
            ("登录已取消", "您没有在企业微信中确认登录。"),
            ("The login was canceled", "You did not confirm the login in WeCom."),
        ),
        PageError::StateMismatch => (
            ("无法继续此登录", "此登录不是在这个浏览器中发起的，或已超过 10 分钟，或浏览器不接受 Cookie。请重新登录。"),
            ("Login could not be completed", "It was started in another browser, took longer than 10 minutes, or cookies are blocked. Please log in again."),
        ),
        PageError::Expired | PageError::Failed(Kind::LoginCodeInvalid) => (
            ("此登录已结束", "登录链接已被使用或已过期。请重新登录。"),
            ("This login is no longer valid", "It was already used or took too long. Please log in again."),
        ),
        PageError::Failed(Kind::CodeInvalid) => (
            ("登录已过期", "企业微信的登录凭证已过期或已被使用。请重新登录。"),
            ("The login has expired", "WeCom's code has expired or was already used. Please log in again."),
        ),
        PageError::Failed(Kind::NotCorpMember) => (
            ("您不是该企业的成员", "只有该企业的成员可以登录。请使用该企业的企业微信账号。"),
            ("You are not a member of this company", "Only its members can log in. Please use your WeCom account at this company."),
        ),
        PageError::Failed(Kind::UserNotVisible) => (
            ("您没有使用该应用的权限", "您不在该应用的可见范围内。请联系企业管理员。"),
            ("You don't have access to this app", "You are outside its visible range. Please contact your company's administrator."),
        ),
        PageError::Failed(Kind::UserAuthMiss) => (
            ("您的账号尚未开通", "您的企业微信账号还没有绑定到该应用的用户。请联系应用的管理员。"),
            ("Your account is not set up yet", "Your WeCom account is not linked to a user of this app. Please contact the app's administrator."),
        ),
        PageError::Failed(Kind::CorpNotAuthorized | Kind::CorpMismatch) => (
            ("该企业未授权此应用", "请联系企业管理员在企业微信中授权该应用。"),
            ("This company has not authorized the app", "Please ask your company's administrator to authorize it in WeCom."),
        ),
        PageError::Failed(Kind::CorpNotInList) => (
            ("您不能进入该企业", "请选择另一个企业。"),
            ("You don't have access to this company", "Please choose another one."),
        ),
        PageError::Failed(Kind::LicenceMissing) => (
            ("您没有接口许可", "企业需要为您分配企业微信接口调用许可。请联系企业管理员或应用的服务商。"),
            ("You have no interface license", "Your company must assign you one in WeCom. Please contact its administrator or the app's provider."),
        ),
        PageError::Failed(Kind::LoginDisabled) => (
            ("登录已关闭", "该应用目前不允许登录。"),
            ("Login is turned off", "Logins are currently disabled."),
        ),
        PageError::Failed(Kind::RateLimited) => (
            ("尝试次数过多", "请稍等一分钟后再试。"),
            ("Too many attempts", "Please wait a minute and try again."),
        ),
        PageError::Failed(Kind::Upstream) if !may_pass(errcode) => (
            ("企业微信拒绝了登录", "应用的设置有问题，再试一次也不会成功。请联系应用的管理员或服务商，并告知页面上的错误代码。"),
            ("WeCom refuses the login", "The app is not set up correctly, and trying again will not help. Please tell its administrator or provider the error code on this page."),
        ),
        PageError::Failed(Kind::UpstreamTimeout | Kind::Upstream) => (
            ("企业微信没有正常响应", "请稍后再试。"),
            ("WeCom is not responding as expected", "Please try again in a moment."),
        ),
        PageError::Failed(Kind::AgentUnknown | Kind::SuiteTicketMissing) => (
            ("应用尚未准备好", "企业微信还没有完成该应用的授权。请稍后再试。"),
            ("The app is not ready yet", "WeCom has not completed its authorization. Please try again in a moment."),
        ),
        PageError::Failed(Kind::StoreUnavailable) => (
            ("服务暂时不可用", "请稍后再试。"),
            ("The service is temporarily unavailable", "Please try again in a moment."),
        ),
        PageError::Failed(_) => (
            ("登录失败", "出现了错误。请重新登录。"),
            ("The login failed", "Something went wrong. Please log in again."),
        ),
    };
    match language {
        Language::Zh => (zh, zh_more),
        Language::En => (en, en_more),
    }
}

/// Whether an error of WeCom may pass by itself: WeCom is busy or gave no errcode. Any other errcode stays until somebody
/// mends its cause.
const fn may_pass(errcode: Option<i64>) -> bool {
    match errcode {
        Some(number) => {
            let errcode = Errcode::new(number);
            errcode.is_busy() || errcode.is_rate_limit() || errcode.is_token_invalid()
        }
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_text_is_specific_where_people_can_act() {
        use ErrorKind as Kind;
        let general = error_text(PageError::Failed(Kind::Internal), None, Language::En);
        for kind in [
            Kind::AgentUnknown,
            Kind::CodeInvalid,
            Kind::CorpNotAuthorized,
            Kind::CorpNotInList,
            Kind::LicenceMissing,
            Kind::LoginCodeInvalid,
            Kind::LoginDisabled,
            Kind::NotCorpMember,
            Kind::RateLimited,
            Kind::StoreUnavailable,
            Kind::UpstreamTimeout,
            Kind::UserAuthMiss,
            Kind::UserNotVisible,
        ] {
            let (zh, en) = (
                error_text(PageError::Failed(kind), None, Language::Zh),
                error_text(PageError::Failed(kind), None, Language::En),
            );
            assert_ne!(en, general, "{kind:?}");
            assert!(
                !zh.0.is_ascii() && !zh.1.is_ascii() && en.0.is_ascii() && en.1.is_ascii(),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn error_text_says_to_wait_only_where_waiting_helps() {
        let text = |errcode| {
            let error = PageError::Failed(ErrorKind::Upstream);
            error_text(error, errcode, Language::Zh).1
        };
        for errcode in [
            None,
            Some(-1),
            Some(6000),
            Some(45009),
            Some(45033),
            Some(40014),
        ] {
            assert!(text(errcode).contains("请稍后再试"), "{errcode:?}");
        }
        for errcode in [40001, 48002, 50001, 60020, 301_002] {
            let text = text(Some(errcode));
            assert!(
                !text.contains("稍后") && text.contains("管理员"),
                "{errcode}"
            );
        }
    }
}
