//! `iikura token`.

use diesel::prelude::*;

use crate::TestInstallation;

#[test]
fn a_token_is_printed_alone_and_only_for_an_account_that_works() {
    let installation = TestInstallation::new();
    let email = "hanako@iikura.example";
    let named = ["--email", email, "--name", "Hanako", "--role", "admin"];
    installation.says(&[&["user", "add"][..], &named].concat());
    let create = |user, scope| ["token", "create", "--user", user, "--scope", scope];
    let printed = installation.says(&create(email, "write"));
    let token = printed.strip_suffix('\n').unwrap();
    assert_eq!(token.len(), "iikura_".len() + 43, "{printed}");
    assert!(token.starts_with("iikura_") && !token.contains(char::is_whitespace));
    let another = installation.says(&create("Hanako@Iikura.example", "read"));
    assert_ne!(printed, another);

    let complaint = installation.complains(&create(email, "all"));
    assert!(
        complaint.contains("[possible values: read, write]"),
        "{complaint}"
    );
    let complaint = installation.complains(&create("nobody@iikura.example", "read"));
    assert!(
        complaint.contains("add one with 'iikura user add'"),
        "{complaint}"
    );
    installation.says(
        &[
            &["user", "add", "--email", "jiro@iikura.example"][..],
            &named[2..],
        ]
        .concat(),
    );
    installation.says(&["user", "disable", "--email", email]);
    let complaint = installation.complains(&create(email, "read"));
    assert!(complaint.contains("is disabled"), "{complaint}");
    let invited = "jiro@iikura.example";
    let path = installation.path().join("data/test.db");
    let mut database = iikura::db::connect(&format!("sqlite:{}", path.display()).parse().unwrap());
    let unset = format!("UPDATE users SET password_hash = '' WHERE email = '{invited}'");
    diesel::sql_query(unset)
        .execute(database.as_mut().unwrap())
        .unwrap();
    let complaint = installation.complains(&create(invited, "read"));
    assert!(complaint.contains("has no password yet"), "{complaint}");
}
