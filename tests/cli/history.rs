//! `iikura audit`.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::TestInstallation;

#[test]
fn history_check_names_the_first_altered_row() {
    let installation = TestInstallation::new();
    installation.write("event.toml", crate::NINTH_MEETING);
    installation.says(&["import", "event.toml"]);
    for email in ["a@iikura.example", "b@iikura.example"] {
        let named = ["--email", email, "--name", email, "--role", "admin"];
        installation.says(&[&["user", "add"][..], &named].concat());
    }
    let said = installation.says(&["audit", "verify"]);
    assert!(
        said.contains(" ca-jad-9, ") && said.contains(" accounts and mail, 2 row(s)"),
        "{said}"
    );
    let noted = said.split(' ').next().unwrap();
    installation.says(&["audit", "verify", "--noted", noted]);
    let complaint = installation.complains(&["audit", "verify", "--noted", "00"]);
    assert!(
        complaint.contains("no row of the history has the hash 00"),
        "{complaint}"
    );

    // A backup has it whole.
    installation.says(&["backup", "copy.db"]);
    let copy = ["audit", "--database-url", "sqlite:copy.db", "verify"];
    let copy = installation.run(&[&copy[..], &["--noted", noted]].concat());
    let of_copy = crate::text(if copy.status.success() {
        &copy.stdout
    } else {
        &copy.stderr
    });
    assert_eq!(of_copy, said);

    let path = installation.path().join("data/test.db");
    let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    conn.batch_execute(
        "DROP TRIGGER audit_no_update; UPDATE audit SET actor = 'nobody', subject = 'x' WHERE action = 'user.added'",
    )
    .unwrap();
    let complaint = installation.complains(&["audit", "verify"]);
    assert!(
        complaint.contains("(user.added, x, by nobody) is not what was written"),
        "{complaint}"
    );
}
