//! The login links that a browser opens. They are built without a call.

use crate::domain::{AgentId, CorpId};
use crate::wecom::encode::component;
use crate::wecom::hosts::Hosts;
use crate::wecom::scope::Scope;
use crate::wecom::state::State;

/// The OAuth link for WeCom's own browser, for members who come from the workbench (D/96441).
///
/// `corp_id` is the id of the authorized corp as WeCom returned it. `redirect_uri` is not encoded and at the trusted domain
/// of the app. WeCom redirects to it with `code` and `state`.
///
/// ```
/// use wecom_login::wecom::{Hosts, Scope, State, workbench_link};
/// use wecom_login::{AgentId, CorpId};
///
/// let link = workbench_link(
///     &Hosts::default(),
///     &CorpId::new("wpCorp").unwrap(),
///     AgentId::new(1000002),
///     "https://app.example/auth/callback",
///     Scope::SnsapiBase,
///     &State::new("abc123").unwrap(),
/// );
/// assert!(link.ends_with("&state=abc123&agentid=1000002#wechat_redirect"));
/// ```
#[doc(alias = "oauth2/authorize")]
#[must_use]
pub fn workbench_link(
    hosts: &Hosts,
    corp_id: &CorpId,
    agent_id: AgentId,
    redirect_uri: &str,
    scope: Scope,
    state: &State,
) -> String {
    format!(
        "{}/connect/oauth2/authorize?appid={corp_id}&redirect_uri={}&response_type=code&scope={scope}&state={state}\
         &agentid={agent_id}#wechat_redirect",
        hosts.oauth(),
        component(redirect_uri),
    )
}

/// The language of the QR login page (D/98174).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QrLanguage {
    /// Chinese, WeCom's default.
    Zh,
    /// English.
    En,
}

impl QrLanguage {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }
}

/// The link of the QR code page, for every other browser (D/98173, D/98174). The corp has to be known.
#[doc(alias = "wwlogin")]
#[doc(alias = "CorpApp")]
#[must_use]
pub fn qr_link(
    hosts: &Hosts,
    corp_id: &CorpId,
    agent_id: AgentId,
    redirect_uri: &str,
    state: &State,
    lang: Option<QrLanguage>,
) -> String {
    let mut link = format!(
        "{}/wwlogin/sso/login?login_type=CorpApp&appid={corp_id}&agentid={agent_id}&redirect_uri={}&state={state}",
        hosts.qr(),
        component(redirect_uri),
    );
    if let Some(lang) = lang {
        link.push_str("&lang=");
        link.push_str(lang.as_str());
    }
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACK: &str = "https://app.example/auth/callback?a=b&c=d";
    const BACK_ENCODED: &str = "https%3A%2F%2Fapp.example%2Fauth%2Fcallback%3Fa%3Db%26c%3Dd";

    fn corp() -> CorpId {
        CorpId::new("wpAbC").unwrap()
    }

    #[test]
    fn workbench_link_is_as_documented() {
        let state = State::new("STATE").unwrap();
        let agent = AgentId::new(1_000_002);
        let link = workbench_link(
            &Hosts::default(),
            &corp(),
            agent,
            BACK,
            Scope::SnsapiPrivateinfo,
            &state,
        );
        assert_eq!(
            link,
            format!(
                "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wpAbC&redirect_uri={BACK_ENCODED}\
                 &response_type=code&scope=snsapi_privateinfo&state=STATE&agentid=1000002#wechat_redirect"
            )
        );
    }

    #[test]
    fn qr_link_is_as_documented() {
        let hosts = Hosts::all_at("http://127.0.0.1:3001/box/").unwrap();
        let state = State::new("STATE").unwrap();
        let link = |lang| qr_link(&hosts, &corp(), AgentId::new(1), BACK, &state, lang);
        let plain = format!(
            "http://127.0.0.1:3001/box/wwlogin/sso/login?login_type=CorpApp&appid=wpAbC&agentid=1\
             &redirect_uri={BACK_ENCODED}&state=STATE"
        );
        assert_eq!(link(Some(QrLanguage::En)), format!("{plain}&lang=en"));
        assert_eq!(link(Some(QrLanguage::Zh)), format!("{plain}&lang=zh"));
        assert_eq!(link(None), plain);
    }
}
