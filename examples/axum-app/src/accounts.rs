//! Routes by role and by company, and the page that asks a person which user of the app they are.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::Value;
use wecom_login::WecomLogin;
use wecom_login_demo::{Demo, Staff};
use wecom_login_tower::{AuthLayer, User, finish_login};

#[derive(Clone)]
struct Accounts {
    login: WecomLogin,
    staff: Staff,
}

pub(crate) fn routes<S: Clone + Send + Sync + 'static>(
    login: &WecomLogin,
    staff: Staff,
) -> Router<S> {
    let accounts = Accounts {
        login: login.clone(),
        staff: staff.clone(),
    };
    // By what came with the session.
    let administrators = AuthLayer::required(login).require(Demo::is_administrator);
    // By what the database says now.
    let staff = Arc::new(staff);
    let administrators_now = AuthLayer::required(login).require_async(move |user| {
        let staff = Arc::clone(&staff);
        async move { staff.is_administrator(user.user_id()).await }
    });
    let of_company_a = AuthLayer::required(login).require_corp(Demo::company_a());
    Router::new()
        .route("/api/admin", get(hello).route_layer(administrators))
        .route(
            "/api/admin/role",
            post(set_role).route_layer(administrators_now),
        )
        .route("/api/company-a", get(hello).route_layer(of_company_a))
        .route("/link", get(ask).post(link))
        .with_state(accounts)
}

async fn hello(user: User) -> Json<Value> {
    Json(Demo::describe(&user))
}

/// Gives a user another role. Every session of the user has it within a second.
async fn set_role(State(accounts): State<Accounts>, form: String) -> StatusCode {
    let (user_id, role) = (Demo::field(&form, "userId"), Demo::field(&form, "role"));
    if accounts.staff.set_role(&user_id, &role).await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let sessions = accounts.login.sessions();
    match sessions.refresh_attributes(&user_id).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

async fn ask(State(accounts): State<Accounts>, RawQuery(query): RawQuery) -> Html<String> {
    let ticket = Demo::field(&query.unwrap_or_default(), "ticket");
    Html(Demo::link_page(&accounts.login, &ticket, "").await)
}

async fn link(State(accounts): State<Accounts>, headers: HeaderMap, form: String) -> Response {
    let ticket = Demo::field(&form, "ticket");
    let (name, password) = (Demo::field(&form, "name"), Demo::field(&form, "password"));
    match accounts.staff.check_password(&name, &password).await {
        Ok(Some(user_id)) => finish_login(&accounts.login, &headers, &ticket, &user_id).await,
        Ok(None) => {
            let error = "Name or password is wrong.";
            let page = Demo::link_page(&accounts.login, &ticket, error).await;
            (StatusCode::FORBIDDEN, Html(page)).into_response()
        }
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
