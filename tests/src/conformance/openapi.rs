//! `/openapi.json`: what is described is served. That every answer is as it is described is checked wherever the suite
//! sends a request.

use std::collections::BTreeSet;

use wecom_login::web::{Access, routes};

use super::Target;
use crate::TestRequest;
use crate::adapter::HOST_404;
use crate::app::ADMIN_KEY;
use crate::openapi::OpenApi;

pub(super) async fn every_described_route_is_served(target: Target) {
    let app = target.app().start().await;
    let document = OpenApi::fetch(app.address(), app.layout().prefix()).await;
    let paths = document.document()["paths"].as_object().unwrap();
    let described: BTreeSet<&str> = paths.keys().map(String::as_str).collect();
    let served = routes()
        .iter()
        .filter(|route| route.access != Access::Console);
    let served: BTreeSet<&str> = served.map(|route| route.path).collect();
    assert_eq!(described, served);
    for (path, operations) in paths {
        let path = path
            .replace("{Instance}", "QywxProxyDefault")
            .replace("{id}", "4000000")
            .replace("{corpId}", "wwnobody")
            .replace("{userId}", "nobody");
        for method in operations.as_object().unwrap().keys() {
            let request = TestRequest::new(&method.to_ascii_uppercase(), path.clone());
            // Not with the key: a route without parameters would do its work.
            let response = app.send(request).await;
            assert_ne!(response.status, 405, "{method} {path}");
            assert_ne!(response.text(), HOST_404, "{method} {path}");
        }
    }
    app.stop().await;
}

pub(super) async fn document_names_the_server_and_the_codes(target: Target) {
    let app = target.app().start().await;
    let reply = app
        .send(TestRequest::get("/openapi.json").bearer(ADMIN_KEY))
        .await;
    let document = reply.success();
    assert_eq!(document["openapi"], "3.1.0");
    let server = document["servers"][0]["url"].as_str().unwrap();
    assert!(server.starts_with("http://"), "{server}");
    assert!(server.ends_with(app.layout().prefix()), "{server}");
    let refused = &document["paths"]["/loginByCode"]["post"]["responses"]["401"];
    let codes =
        &refused["content"]["application/problem+json"]["schema"]["properties"]["code"]["enum"];
    let codes = codes.as_array().unwrap();
    assert!(
        codes.iter().any(|code| code == "LOGIN_CODE_INVALID"),
        "{codes:?}"
    );
    app.stop().await;
}
