use proptest::prelude::*;

use super::*;
use crate::element::InstanceName;

fn found(path: &str) -> Option<(Endpoint, Option<String>)> {
    find(path).map(|(route, variable)| (route.endpoint, variable.map(Cow::into_owned)))
}

#[test]
fn every_path_of_the_table_is_found_and_takes_its_variable() {
    for route in routes() {
        let path = route
            .path
            .replace("{Instance}", "QywxProxyTemp")
            .replace("{id}", "QywxProxyTemp")
            .replace("{corpId}", "QywxProxyTemp")
            .replace("{userId}", "QywxProxyTemp");
        let (endpoint, variable) = found(&path).unwrap();
        assert_eq!(endpoint, route.endpoint, "{path}");
        if route.below {
            assert_eq!(variable.as_deref(), Some(""), "{path}");
            continue;
        }
        assert_eq!(
            variable.as_deref(),
            route.path.contains('{').then_some("QywxProxyTemp"),
            "{path}"
        );
        assert_eq!(
            found(&format!("{path}/")),
            found(&path),
            "a slash at the end is the same path"
        );
        assert_eq!(found(&format!("{path}//")), None, "{path}");
    }
}

#[test]
fn fixed_segments_win_and_are_not_decoded() {
    assert_eq!(
        found("/sessions/notify"),
        Some((Endpoint::EndSession, Some("notify".into())))
    );
    assert_eq!(found("/me"), Some((Endpoint::Me, None)));
    for other in [
        "",
        "/",
        "me",
        "/%6De",
        "/ME",
        "//notify",
        "/a/b/notify",
        "/sessions//",
        "/a/getLogincode",
    ] {
        assert_eq!(found(other), None, "{other}");
    }
}

#[test]
fn forward_auth_takes_what_a_proxy_appends_as_it_was_sent() {
    for appended in ["", "/", "/a/%2e%2e//b", "/forwardAuth/me", "/%FF"] {
        let (endpoint, rest) = found(&format!("/forwardAuth{appended}")).unwrap();
        assert_eq!(endpoint, Endpoint::ForwardAuth);
        assert_eq!(rest.as_deref(), Some(appended));
    }
    assert_eq!(found("/forwardAuthority"), None);
    assert!(find("/forwardAuth").unwrap().0.takes("PROPFIND"));
}

#[test]
fn variable_segments_are_decoded_once() {
    let (_, instance) = found("/auths.Qywx%50roxy/notify").unwrap();
    assert_eq!(instance.as_deref(), Some("auths.QywxProxy"));
    assert_eq!(
        found("/a%252Fb/notify").unwrap().1.as_deref(),
        Some("a%2Fb")
    );
    assert_eq!(found("/%FF/notify").unwrap().1.as_deref(), Some("\u{fffd}"));
}

#[test]
fn first_segments_are_no_names_of_instances() {
    for route in routes() {
        let first = route.path.split('/').nth(1).unwrap();
        if !first.starts_with('{') {
            assert!(
                InstanceName::new(format!("auths.{first}")).is_err(),
                "{first}"
            );
        }
    }
}

#[test]
fn a_body_is_read_only_by_methods_that_have_one() {
    let (notify, _) = find("/notify").unwrap();
    assert_eq!(notify.body_limit_of("POST"), 64 * 1024);
    assert_eq!(notify.body_limit_of("GET"), 0);
    assert_eq!(notify.body_limit_of("PUT"), 0);
    assert_eq!(find("/setCode").unwrap().0.body_limit_of("POST"), 16 * 1024);
}

proptest! {
    #[test]
    fn no_path_panics(path in ".*") {
        let _ = find(&path);
    }
}
