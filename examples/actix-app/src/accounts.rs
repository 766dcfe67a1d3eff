//! Routes by role and by company, and the page that asks a person which user of the app they are.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Html, Json, ServiceConfig, get, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use wecom_login::WecomLogin;
use wecom_login_actix::{AuthMiddleware, User, finish_login};
use wecom_login_demo::{Demo, Staff};

struct Accounts {
    login: WecomLogin,
    staff: Staff,
}

pub(crate) fn routes(config: &mut ServiceConfig, login: &WecomLogin, staff: &Staff) {
    let accounts = Data::new(Accounts {
        login: login.clone(),
        staff: staff.clone(),
    });
    // By what came with the session.
    let administrators = AuthMiddleware::required(login).require(Demo::is_administrator);
    // By what the database says now.
    let staff = staff.clone();
    let administrators_now = AuthMiddleware::required(login).require_async(move |user| {
        let staff = staff.clone();
        async move { staff.is_administrator(user.user_id()).await }
    });
    let of_company_a = AuthMiddleware::required(login).require_corp(Demo::company_a());
    config
        .app_data(accounts)
        .route("/api/admin", get().to(hello).wrap(administrators))
        .route(
            "/api/admin/role",
            post().to(set_role).wrap(administrators_now),
        )
        .route("/api/company-a", get().to(hello).wrap(of_company_a))
        .service(
            resource("/link")
                .route(get().to(ask))
                .route(post().to(link)),
        );
}

async fn hello(user: User) -> Json<Value> {
    Json(Demo::describe(&user))
}

/// Gives a user another role. Every session of the user has it within a second.
async fn set_role(accounts: Data<Accounts>, form: String) -> HttpResponse {
    let (user_id, role) = (Demo::field(&form, "userId"), Demo::field(&form, "role"));
    if accounts.staff.set_role(&user_id, &role).await.is_err() {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let sessions = accounts.login.sessions();
    match sessions.refresh_attributes(&user_id).await {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}

async fn ask(accounts: Data<Accounts>, request: HttpRequest) -> Html {
    let ticket = Demo::field(request.query_string(), "ticket");
    Html::new(Demo::link_page(&accounts.login, &ticket, "").await)
}

async fn link(accounts: Data<Accounts>, request: HttpRequest, form: String) -> HttpResponse {
    let ticket = Demo::field(&form, "ticket");
    let (name, password) = (Demo::field(&form, "name"), Demo::field(&form, "password"));
    match accounts.staff.check_password(&name, &password).await {
        Ok(Some(user_id)) => finish_login(&accounts.login, &request, &ticket, &user_id).await,
        Ok(None) => {
            let error = "Name or password is wrong.";
            let page = Demo::link_page(&accounts.login, &ticket, error).await;
            HttpResponse::build(StatusCode::FORBIDDEN)
                .content_type("text/html; charset=utf-8")
                .body(page)
        }
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}
