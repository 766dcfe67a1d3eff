//! A month, hour by hour: members log in and out, events come, corps leave and come back. Every table is as long in
//! the second half of the month as in the first.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement};
use serde_json::json;
use wecom_login::{Clock as _, ManualClock, Platform, Retention};
use wecom_login_tests::app::{SUITE, principal};
use wecom_login_tests::push::{app_event, xml};
use wecom_login_tests::{TestApp, TestRequest, until};

const HOUR: Duration = Duration::from_hours(1);
const DAYS: usize = 30;
/// More ends than a feed keeps, from before the month.
const EARLIER_ENDS: usize = 10_500;

type Sizes = BTreeMap<String, i64>;

struct Month {
    node: TestApp,
    clock: ManualClock,
    database: DatabaseConnection,
    tables: Vec<String>,
    hours: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_stop_growing_after_half_a_month() {
    let mut month = Month::begin().await;
    let started = Instant::now();
    let (mut first_half, mut second_half) = (Sizes::new(), Sizes::new());
    for day in 0..DAYS {
        for _ in 0..24 {
            month.hour().await;
            if month.hours % 6 != 0 {
                continue;
            }
            let half = if day < DAYS / 2 {
                &mut first_half
            } else {
                &mut second_half
            };
            for (table, size) in month.sizes().await {
                let largest = half.entry(table).or_default();
                *largest = size.max(*largest);
            }
        }
        if day % 5 == 4 {
            println!("day {}: {:?}", day + 1, month.sizes().await);
        }
    }
    println!(
        "{DAYS} days in {:?}; longest in the second half: {second_half:?}",
        started.elapsed()
    );
    for (table, largest) in &second_half {
        let before = first_half[table];
        // A turn may come an hour later than in the first half.
        assert!(
            *largest <= before + before / 10 + 20,
            "{table} grows: {before}, then {largest}"
        );
    }
    for (table, largest) in [
        // A day of idleness and its margin, at two logins an hour that nobody ends.
        ("wecom_session", 26 * 2),
        ("wecom_login_code", 4),
        ("wecom_spent_state", 4),
        // Five days at four events an hour, and those of the corps.
        ("wecom_callback_record", 5 * 24 * 4 + 60),
        ("wecom_callback_seen", 10 * 24 * 4 + 100),
        ("wecom_access_token", 4),
        ("wecom_authorization", 2),
    ] {
        assert!(
            second_half[table] <= largest,
            "{table}: {} of {largest}",
            second_half[table]
        );
    }
    let ends = month.sizes().await["wecom_end"];
    assert!(ends <= 10_100, "{ends} ends");
    // A lease is there only while a token is fetched, a notification until it is taken; nobody entered an organization code,
    // nobody has a second id, and no corp departed.
    let may_be_empty = [
        "wecom_corp_alias",
        "wecom_departed_corp",
        "wecom_departed_member",
        "wecom_hash_key",
        "wecom_notification",
        "wecom_person_alias",
        "wecom_organization_code",
        "wecom_token_lease",
        "wecom_secret_attempt",
        "wecom_api_pause",
    ];
    for (table, size) in month.sizes().await {
        assert!(
            size > 0 || may_be_empty.contains(&&*table),
            "{table} was never used"
        );
    }
}

impl Month {
    async fn begin() -> Self {
        let clock = ManualClock::starting_now();
        let its = clock.clone();
        let day = Duration::from_hours(24);
        let retention = Retention::default()
            .with_record_ttl(day * 5)
            .with_dedup_ttl(day * 10)
            .with_audit_ttl(day * 5);
        let node = TestApp::builder()
            .without_push()
            .configure(|builder| builder.clock(its).retention(retention))
            .start()
            .await;
        let database = node.database.connect().await;
        for hundreds in 0..EARLIER_ENDS / 100 {
            let rows: Vec<String> = (1..=100)
                .map(|row| format!("({}, 7, 0)", hundreds * 100 + row))
                .collect();
            let insert = format!(
                "INSERT INTO wecom_end (number, mark, created_at) VALUES {}",
                rows.join(", ")
            );
            database.execute_unprepared(&insert).await.unwrap();
        }
        let counted = format!("UPDATE wecom_counter SET value = {EARLIER_ENDS}");
        database.execute_unprepared(&counted).await.unwrap();
        node.start_pushing().await;
        node.install(0).await;
        node.install(1).await;
        let tables = node
            .database
            .tables()
            .await
            .into_iter()
            .map(|(table, _)| table)
            .collect();
        Self {
            node,
            clock,
            database,
            tables,
            hours: 0,
        }
    }

    async fn hour(&mut self) {
        self.hours += 1;
        let (node, hours) = (&self.node, self.hours);
        self.clock.advance(HOUR);
        node.sandbox.advance(HOUR);
        assert!(node.sandbox.push_ticket(SUITE).await.unwrap().succeeded());
        let (corp, member) = (node.corp(0), node.user(0, hours % 3));
        let who = principal(SUITE, &corp, &member);

        self.log_in_by_browser(&corp, &member).await;
        if hours % 4 == 0 {
            let code = node.sandbox.code_for_suite(&corp, &member, SUITE).unwrap();
            let body = json!({"corpId": corp, "code": code});
            let code = node
                .call(TestRequest::post("/First/getLoginCode").json(&body))
                .await;
            assert_eq!(code.status, 200, "{:?}", code.body);
        }
        for used in 0..2 {
            let issued = node
                .login
                .sessions()
                .issue(&who, Platform::App)
                .await
                .unwrap();
            if used == 0 {
                node.login.sessions().logout(&issued.user).await.unwrap();
            }
        }

        let time = self.clock.now().as_secs();
        let somebody = format!("employee-{}", hours % 50);
        let fields = [("FromUserName", somebody.as_str())];
        node.notify_until_accepted(
            &node
                .push_builder
                .post(&corp, &app_event(&corp, "unsubscribe", time, &fields)),
        )
        .await;
        let text = hours.to_string();
        let chat = [
            ("ToUserName", &*corp),
            ("MsgType", "text"),
            ("Content", &text),
            ("MsgId", &text),
        ];
        node.notify_until_accepted(&node.push_builder.post(&corp, &xml(&chat)))
            .await;
        if hours % 60 == 0 {
            assert!(node.sandbox.change(&corp).await.unwrap().succeeded());
            assert!(
                node.sandbox
                    .cancel(&node.corp(1))
                    .await
                    .unwrap()
                    .succeeded()
            );
            until("the authorization is cancelled", async || {
                node.authorization_status(SUITE, &node.corp(1)).await == "cancelled"
            })
            .await;
            node.install(1).await;
        }
        let now = self.clock.now().as_millis();
        until("housekeeping has run", async || {
            self.number("SELECT due_at FROM wecom_housekeeping").await > now
        })
        .await;
    }

    /// Through the pages, which spends a state.
    async fn log_in_by_browser(&self, corp: &str, member: &str) {
        let page = format!("/login?corpId={corp}&mode=workbench");
        let page = self.node.call(TestRequest::get(page)).await;
        assert_eq!(page.status, 302, "{:?}", page.body);
        let location = page.header("location").unwrap();
        let state = location.split("state=").nth(1).unwrap();
        let state = state.split(['&', '#']).next().unwrap();
        let cookie = page.header_values("set-cookie").next().unwrap();
        let cookie = cookie.split(';').next().unwrap();
        let code = self
            .node
            .sandbox
            .code_for_suite(corp, member, SUITE)
            .unwrap();
        let back = TestRequest::get(format!("/callback?code={code}&state={state}"));
        let back = self.node.call(back.header("cookie", cookie)).await;
        assert_eq!(back.status, 303, "{:?}", back.body);
    }

    async fn sizes(&self) -> Sizes {
        let counts: Vec<String> = self
            .tables
            .iter()
            .map(|table| format!("SELECT '{table}' AS name, COUNT(*) AS size FROM {table}"))
            .collect();
        let counts =
            Statement::from_string(self.node.database.backend(), counts.join(" UNION ALL "));
        let rows = self.database.query_all_raw(counts).await.unwrap();
        rows.iter()
            .map(|row| {
                (
                    row.try_get_by_index(0).unwrap(),
                    row.try_get_by_index(1).unwrap(),
                )
            })
            .collect()
    }

    async fn number(&self, sql: &str) -> i64 {
        let row = Statement::from_string(self.node.database.backend(), sql);
        self.database
            .query_one_raw(row)
            .await
            .unwrap()
            .unwrap()
            .try_get_by_index(0)
            .unwrap()
    }
}
