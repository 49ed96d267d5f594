//! `iikura user reset-factor`: the way back in for an administrator whose device is lost.

use diesel::prelude::*;
use iikura::auth::account;
use iikura::auth::factor::store as factors;
use iikura::auth::factor::store::NewFactor;
use iikura::core::time::Moment;
use iikura::db::{Count, Db};
use iikura::server::Error;

use super::TestInstallation;

#[test]
fn a_lost_device_is_forgotten_at_the_command_line() {
    let installation = TestInstallation::new();
    let email = "hana@iikura.example";
    let add = [
        "user", "add", "--role", "admin", "--name", "Hana", "--email",
    ];
    installation.says(&[&add[..], &[email]].concat());
    let path = installation.path().join("data/test.db");
    let db = Db::open(&format!("sqlite:{}", path.display()).parse().unwrap()).unwrap();
    let count = |sql: &str| {
        let counted = db.read_here(|conn| {
            Ok::<_, Error>(diesel::sql_query(sql).get_result::<Count>(conn)?.count)
        });
        counted.unwrap()
    };
    db.write_here(|conn| {
        let user = account::by_email(conn, email)?.unwrap().user;
        let factor = NewFactor {
            sealed: "sealed".into(),
            step: 1,
            codes: Vec::new(),
        };
        Ok::<_, Error>(factors::set(
            conn,
            &user,
            &factor,
            None,
            Moment::from_seconds(1),
        )?)
    })
    .unwrap();
    let factors = "SELECT count(*) AS count FROM second_factors";
    assert_eq!(count(factors), 1);
    let said = installation.says(&["user", "reset-factor", "--email", "Hana@iikura.example"]);
    assert!(
        said.starts_with("hana@iikura.example can sign in by password alone"),
        "{said}"
    );
    assert_eq!(count(factors), 0);
    let audited = "SELECT count(*) AS count FROM audit WHERE action = 'user.factor_reset'";
    assert_eq!(count(audited), 1);
}
