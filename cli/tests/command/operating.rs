//! What an operator does, on the database and on a service: the same answers.

use wecom_login_tests::app::ADMIN_KEY;
use wecom_login_tests::auths::{COMPANY_A, SECOND_SUITE, SUITE};
use wecom_login_tests::{TestApp, until};

use crate::process::Cli;

async fn app() -> TestApp {
    TestApp::from_auths_directory().system_clock().start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_the_same_on_the_database_and_on_the_service() {
    let app = app().await;
    let member = app.member(COMPANY_A);
    let result = app.log_in(COMPANY_A, &member).await;
    let user_id = result["userId"].as_str().unwrap();
    app.set_organization_code(COMPANY_A, "company-a").await;
    for cli in [Cli::on_service(&app), Cli::on_database(&app)] {
        let corps = cli.run(&["corps", "--json"]).json();
        assert_eq!(corps["corps"].as_array().unwrap().len(), 2);
        let table = cli.run(&["corps", "--search", "company-a"]).done();
        assert!(table.starts_with("SUITE "), "{table}");
        assert_eq!(table.lines().count(), 2, "{table}");
        assert!(
            table.contains(COMPANY_A) && table.contains("active"),
            "{table}"
        );
        assert_eq!(cli.run(&["corps", "--status", "broken"]).done(), "none\n");
        let page = cli.run(&["corps", "--limit", "1", "--json"]).json();
        let next = page["next"].as_str().unwrap();
        let rest = cli.run(&["corps", "--after", next, "--json"]).json();
        assert_eq!(rest["corps"].as_array().unwrap().len(), 1);
        let shown = cli.run(&["corps", "show", COMPANY_A, "--json"]).json();
        assert_eq!(shown["orgCode"], "company-a");

        let people = cli.run(&["people", "--corp", COMPANY_A, "--json"]).json();
        assert_eq!(people["people"][0]["userId"], user_id);
        assert!(cli.run(&["people"]).done().contains(&member));
        let sessions = cli.run(&["sessions", user_id, "--json"]).json();
        assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1);
        assert!(
            cli.run(&["sessions", &member])
                .done()
                .starts_with("SESSION ")
        );

        let records = cli
            .run(&["records", "--status", "succeeded", "--json"])
            .json();
        let record = records["records"][0]["recordId"].as_str().unwrap();
        assert!(
            cli.run(&["records", "show", record])
                .done()
                .contains("succeeded")
        );
        let audit = cli.run(&["audit", "--action", "login", "--since", "1h", "--json"]);
        assert_eq!(audit.json()["audit"].as_array().unwrap().len(), 1);
        let link = cli.run(&["links", SUITE, "--state", "campaign"]).done();
        assert!(
            link.starts_with("http") && link.contains("valid until 20"),
            "{link}"
        );
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_ends_with_1_if_it_found_something() {
    let app = app().await;
    for cli in [Cli::on_service(&app), Cli::on_database(&app)] {
        let run = cli.run(&["doctor", "--json"]);
        let report = run.json();
        let checks = report["checks"].as_array().unwrap();
        assert!(checks.iter().any(|check| check["id"] == "suiteTicket"));
        // The second suite has no authorized corp, and the public URL of a test is on this machine.
        assert_eq!(run.status, Some(i32::from(report["status"] != "ok")));
        let text = cli.run(&["doctor"]).stdout;
        assert!(text.starts_with("STATUS "), "{text}");
    }
    let on_database = Cli::on_database(&app).run(&["doctor", "--json"]).json();
    let of_service = |check: &serde_json::Value| check["id"] == "proxies";
    assert!(
        !on_database["checks"]
            .as_array()
            .unwrap()
            .iter()
            .any(of_service)
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_on_the_service_whoever_ends_them() {
    let app = app().await;
    let member = app.member(COMPANY_A);
    for cli in [Cli::on_service(&app), Cli::on_database(&app)] {
        for whose in [
            vec!["--person", &member, "--wecom"],
            vec!["--corp", COMPANY_A, "--suite", SUITE],
            vec!["--all", "--yes"],
        ] {
            let token = app.token(COMPANY_A, &member).await;
            assert_eq!(app.hello_status(&token).await, 200);
            let ended = cli.run(&[&["end-sessions", "--json"], &whose[..]].concat());
            assert_eq!(ended.json(), serde_json::json!({"done": true}));
            until("the session has ended", async || {
                app.hello_status(&token).await == 401
            })
            .await;
        }
        let sentence = cli.run(&["end-sessions", "--all"]).sentence();
        assert!(sentence.contains("--yes"), "{sentence}");
        let suite = ["end-sessions", "--all", "--suite", SUITE, "--yes"];
        assert_eq!(cli.run(&suite).status, Some(2));
        let report = cli.run(&["rotate-keys", "--json"]);
        assert_eq!(
            (report.status, &report.json()["unreadable"]),
            (Some(0), &0.into())
        );
    }
    // The id may be that of a user whom the database alone does not know.
    let by_user = ["end-sessions", "--person", &member];
    let sentence = Cli::on_database(&app).run(&by_user).sentence();
    assert!(sentence.contains("--url"), "{sentence}");
    Cli::on_service(&app).run(&by_user).done();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn corps_are_decided_about_and_named() {
    let app = app().await;
    for (cli, code) in [
        (Cli::on_service(&app), "by-service"),
        (Cli::on_database(&app), "by-database"),
    ] {
        cli.run(&["corps", "set-code", COMPANY_A, code]).done();
        cli.run(&["corps", "hold", COMPANY_A]).done();
        let held = cli.run(&["corps", "--status", "held", "--json"]).json();
        assert_eq!(held["corps"][0]["orgCode"], code);
        cli.run(&["corps", "approve", COMPANY_A]).done();
        cli.run(&["corps", "read", COMPANY_A]).done();
        cli.run(&["corps", "delete-code", COMPANY_A]).done();
        let corp = cli.run(&["corps", "show", COMPANY_A, "--json"]).json();
        assert_eq!(
            (&corp["status"], corp.get("orgCode")),
            (&"active".into(), None)
        );
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_one_sentence_and_status_2() {
    let app = app().await;
    let (service, database) = (Cli::on_service(&app), Cli::on_database(&app));
    let with = |cli: &Cli, name: &'static str, value: &str| {
        let mut cli = cli.clone();
        cli.variables.retain(|(known, _)| *known != name);
        cli.variables.push((name, value.to_owned()));
        cli
    };
    let without = |cli: &Cli, name: &str| {
        let mut cli = cli.clone();
        cli.variables.retain(|(known, _)| *known != name);
        cli
    };
    let wrong_key = with(
        &service,
        "WECOM_LOGIN_ADMIN_KEY",
        "a-wrong-key-of-24-characters",
    );
    let elsewhere = app.directory().join("nowhere").display().to_string();
    for (cli, arguments, part) in [
        (&Cli::default(), &["doctor"][..], "--url"),
        (
            &without(&service, "WECOM_LOGIN_ADMIN_KEY"),
            &["doctor"],
            "WECOM_LOGIN_ADMIN_KEY",
        ),
        (&wrong_key, &["doctor"], "refuses the admin key"),
        (
            &with(&service, "WECOM_LOGIN_URL", "http://127.0.0.1:9"),
            &["doctor"],
            "cannot be reached",
        ),
        (
            &with(&service, "WECOM_LOGIN_URL", "http://app.example.com"),
            &["doctor"],
            "https",
        ),
        (
            &without(&database, "WECOM_LOGIN_DATA_KEY"),
            &["doctor"],
            "WECOM_LOGIN_DATA_KEY",
        ),
        (
            &with(&database, "WECOM_LOGIN_AUTHS", &elsewhere),
            &["doctor"],
            "--auths",
        ),
        (&service, &["export", "--with-secrets"], "--database-url"),
        (&service, &["migrate"], "--database-url"),
        (&database, &["records", "retry", "1"], "--url"),
        (&database, &["people", "erase", "nobody", "--yes"], "--url"),
        (&service, &["corps", "show", "wwnobody"], "CORP_NOT_FOUND"),
        (&service, &["links", SECOND_SUITE], "CONFIG_ERROR"),
        (&service, &["corps", "--status", "nonsense"], "status"),
        (&service, &["import", &elsewhere], "cannot be read"),
    ] {
        let sentence = cli.run(arguments).sentence();
        assert!(sentence.contains(part), "{arguments:?}: {sentence}");
        assert!(!sentence.contains(ADMIN_KEY), "{sentence}");
    }
    // clap's own usage errors have the same status.
    assert_eq!(service.run(&["nonsense"]).status, Some(2));
    assert_eq!(service.run(&["corps", "--limit", "0"]).status, Some(2));
    assert_eq!(service.run(&["--help"]).status, Some(0));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_makes_the_tables_and_other_commands_do_not() {
    let app = app().await;
    let url = format!(
        "sqlite://{}?mode=rwc",
        app.directory().join("new.db").display()
    );
    let cli = Cli::on(&app, &url);
    let sentence = cli.run(&["corps"]).sentence();
    assert!(sentence.contains("migrat"), "{sentence}");
    assert_eq!(cli.run(&["migrate"]).done(), "the tables are up to date\n");
    assert_eq!(cli.run(&["corps"]).done(), "none\n");
    // A command is no node of the service.
    let report = cli.run(&["doctor", "--json"]).json();
    let nodes = report["checks"].as_array().unwrap().iter();
    let nodes: Vec<_> = nodes.filter(|check| check["id"] == "nodes").collect();
    assert_eq!(nodes.len(), 1);
    assert_eq!(nodes[0]["detail"], "no node has been seen yet");
    app.stop().await;
}
