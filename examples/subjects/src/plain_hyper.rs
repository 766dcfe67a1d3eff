//! A hyper server without a web framework. [`LoginService`] answers the login routes, [`AuthLayer`] guards a service; both are
//! tower services, so that this also is what a stack of tonic or of your own looks like.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tower::{Layer as _, ServiceExt as _};
use wecom_login::{CurrentUser, WecomLogin};
use wecom_login_tower::{AuthLayer, LoginService};

/// Serves until the listener fails.
///
/// # Errors
/// The listener takes no connections any more.
pub async fn serve(login: WecomLogin, listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, client) = listener.accept().await?;
        let login = login.clone();
        let answer = service_fn(move |request| answer(login.clone(), client, request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}

async fn answer(
    login: WecomLogin,
    client: SocketAddr,
    mut request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    // By which the limits tell clients apart.
    request.extensions_mut().insert(client);
    if request.uri().path().starts_with(login.mount()) {
        return LoginService::new(&login).oneshot(request).await;
    }
    let guarded = AuthLayer::required(&login).layer(tower::service_fn(hello));
    guarded.oneshot(request).await
}

async fn hello(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let user = request.extensions().get::<CurrentUser>();
    let name = user.map_or("nobody", |user| user.third_user_id().as_str());
    Ok(Response::new(Full::from(format!("hello {name}"))))
}

#[cfg(test)]
mod tests {
    use wecom_login_adapter_tests::{TestRequest, send};
    use wecom_login_test::TestLogin;

    use super::*;

    #[tokio::test]
    async fn login_routes_and_guard_work_without_a_framework() {
        let test = TestLogin::start().await;
        let session = test.log_in("zhangwei").await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(serve(test.handle().clone(), listener));

        let hello = send(address, &TestRequest::get("/").bearer(session.token())).await;
        assert_eq!(hello.text(), "hello zhangwei");
        send(address, &TestRequest::get("/"))
            .await
            .assert_problem(401, "UNAUTHENTICATED");
        let me = send(
            address,
            &TestRequest::get("/auth/me").bearer(session.token()),
        )
        .await;
        assert_eq!(me.json()["user"]["thirdUserId"], "zhangwei");
        let config = send(
            address,
            &TestRequest::get("/auth/QywxProxyDefault/getLoginConfig"),
        )
        .await;
        assert_eq!(config.json()["isActive"], true);
        server.abort();
    }
}
