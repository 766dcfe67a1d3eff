//! Moving in and out.

use std::fs;

use serde_json::{Value, json};
use wecom_login::{DataKey, DataKeys, WecomLogin};
use wecom_login_tests::auths::{COMPANY_A, SUITE};
use wecom_login_tests::{TestApp, TestRequest};

use crate::process::Cli;

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn export_imported_elsewhere_gives_the_same_logins() {
    let app = TestApp::from_auths_directory().system_clock().start().await;
    let (open, member) = (app.open_corp(), app.member(COMPANY_A));
    let users = [
        app.log_in(COMPANY_A, &member).await["userId"].clone(),
        app.log_in(&open, &app.member(&open)).await["userId"].clone(),
    ];
    app.set_organization_code(COMPANY_A, "Company-A").await;
    let here = Cli::on_database(&app);
    here.run(&["corps", "alias", COMPANY_A, "wpOtherIdOfCompanyA01"])
        .done();

    let plain = here.run(&["export"]).done();
    assert_eq!(plain.lines().count(), 4, "{plain}");
    assert!(!plain.contains("permanentCode"), "{plain}");
    let of_service = Cli::on_service(&app).run(&["export"]).done();
    assert_eq!(lines(&plain), lines(&of_service));
    let file = app.directory().join("export.jsonl");
    let file = file.to_str().unwrap();
    here.run(&["export", "--with-secrets", "--output", file])
        .done();
    assert_eq!(
        fs::read_to_string(file)
            .unwrap()
            .matches("permanentCode")
            .count(),
        2
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            fs::metadata(file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let audit = here
        .run(&["audit", "--action", "exported", "--json"])
        .json();
    let entries = audit["audit"].as_array().unwrap();
    assert!(entries.len() >= 3 && entries.iter().all(|entry| entry["who"] == "key"));
    let sentence = here.run(&["export", "--output", file]).sentence();
    assert!(sentence.contains("--output"), "{sentence}");

    let url = format!(
        "sqlite://{}?mode=rwc",
        app.directory().join("other.db").display()
    );
    let there = Cli::on(&app, &url);
    there.run(&["migrate"]).done();
    let tried = there.run(&["import", file, "--dry-run", "--json"]).json();
    assert_eq!((&tried["ok"], &tried["errors"]), (&json!(4), &json!([])));
    assert_eq!(there.run(&["corps"]).done(), "none\n");
    assert_eq!(
        there.run(&["import", file]).done(),
        "4 imported, 0 unchanged, 0 wrong\n"
    );
    assert_eq!(
        there.run(&["import", file]).done(),
        "0 imported, 4 unchanged, 0 wrong\n"
    );
    let mut exported: Vec<Value> = lines(&there.run(&["export", "--with-secrets"]).done());
    let mut expected: Vec<Value> = lines(&fs::read_to_string(file).unwrap());
    for line in exported.iter_mut().chain(&mut expected) {
        // WeCom is asked for it.
        line.as_object_mut().unwrap().remove("installedBy");
    }
    assert_eq!(exported, expected);

    let login = WecomLogin::builder()
        .auths_dir(app.directory().join("auths"))
        .database_url(&url)
        .data_keys(DataKeys::from_keys([DataKey::new([7; 32])]))
        .public_url(format!("http://{}", app.address()))
        .wecom_url(app.sandbox.url())
        .build()
        .await
        .unwrap();
    for (corp, user) in [(COMPANY_A, &users[0]), (open.as_str(), &users[1])] {
        let code = app.code(corp, &app.member(corp));
        let body = json!({"corpId": corp, "code": code, "suiteId": SUITE});
        let request = TestRequest::post("/loginByWorkbench").json(&body);
        let result = app.call_on(&login, request).await.success();
        assert_eq!(&result["userId"], user);
    }
    let request = TestRequest::get("/getLoginConfigByCode?code=company-a");
    let config = app.call_on(&login, request).await.success();
    assert_eq!(config["corpId"], COMPANY_A);
    login.shutdown().await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn import_says_which_lines_are_wrong_and_is_repeated() {
    let app = TestApp::from_auths_directory().system_clock().start().await;
    let open = app.open_corp();
    // The binding of a corp may stand before its authorization.
    let file = app.directory().join("old.jsonl");
    let new_corp = app.open_corps().remove(1);
    let text = [
        json!({"suiteId": SUITE, "corpId": new_corp, "thirdUserId": "a", "userId": "1"})
            .to_string(),
        String::new(),
        json!({"suiteId": SUITE, "corpId": new_corp, "permanentCode": "the-secret-code"})
            .to_string(),
        json!({"suiteId": SUITE, "corpId": open, "thirdUserId": "b"}).to_string(),
        "the-secret-code".to_owned(),
        json!({"suiteId": SUITE, "corpId": open, "thirdUserId": "c", "userId": "3"}).to_string(),
    ];
    fs::write(&file, text.join("\r\n")).unwrap();
    let file = file.to_str().unwrap();
    for cli in [Cli::on_service(&app), Cli::on_database(&app)] {
        let tried = cli.run(&["import", file, "--dry-run", "--json"]);
        assert_eq!(tried.status, Some(1));
        let errors: Vec<Value> = tried.json()["errors"].as_array().unwrap().clone();
        let wrong: Vec<&Value> = errors.iter().map(|error| &error["line"]).collect();
        assert_eq!(wrong, [&json!(4), &json!(5)]);
    }
    let run = Cli::on_service(&app).run(&["import", file]);
    assert_eq!(run.status, Some(1));
    assert!(
        run.stdout.contains("3 imported, 0 unchanged, 2 wrong"),
        "{run:?}"
    );
    assert!(run.stdout.contains("API_PARAMS_ERROR"), "{run:?}");
    assert!(!run.stdout.contains("the-secret-code"), "{run:?}");
    let again = Cli::on_database(&app).run(&["import", file]);
    assert!(
        again.stdout.contains("0 imported, 3 unchanged, 2 wrong"),
        "{again:?}"
    );
    app.stop().await;
}
