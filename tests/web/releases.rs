//! A server of today on what earlier releases left.

use iikura::mail::outbox;
use iikura::server::Error;

use support::both::Scratch;
use support::releases::RELEASES;
use support::server::Server;

#[test]
fn what_an_earlier_release_left_on_sqlite_is_worked_with() {
    is_worked_with(Scratch::sqlite);
}

#[cfg(feature = "postgres")]
#[test]
fn what_an_earlier_release_left_on_postgres_is_worked_with() {
    is_worked_with(Scratch::postgres);
}

fn is_worked_with(place: fn() -> Scratch) {
    for release in RELEASES {
        let scratch = place();
        let (email, password) = release.load(&scratch);
        let server = Server::start_on(scratch.url(), &[]);
        let officer = server.browser();
        let answer = officer.post("/sign-in", &[("email", email), ("password", password)]);
        assert_eq!(
            (answer.status, answer.location()),
            (303, "/"),
            "{}",
            release.last
        );
        let timetable = officer.get("/events/spring").body;
        for words in ["Arrival", "Dinner", "Japan–Kazakhstan", "A sketch"] {
            assert!(timetable.contains(words), "{} {words}", release.last);
        }
        let dinner = server.count("SELECT id AS count FROM slots WHERE title = 'Dinner'");
        let page = officer.get(&format!("/slots/{dinner}")).body;
        for words in ["Bring the gift", "The kitchen stays", "Confirmed"] {
            assert!(page.contains(words), "{words} in {page}");
        }
        for path in [
            "notices",
            "answers",
            "history",
            "agenda",
            "changes",
            "matrix",
            "rooms",
            "delegations",
        ] {
            let page = officer.get(&format!("/events/spring/{path}"));
            assert_eq!(page.status, 200, "{path}: {}", page.body);
        }
        let mails = server
            .db
            .read_here(|conn| Ok::<_, Error>(outbox::list(conn, None, 100)?));
        for mail in mails.unwrap() {
            let page = officer.get(&format!("/mail/{}", mail.id));
            assert_eq!(page.status, 200, "{}", page.body);
        }
        // What was told before is known: the next sequence is one more.
        let version = server
            .count("SELECT CAST(version AS BIGINT) AS count FROM slots WHERE title = 'Dinner'");
        let version = version.to_string();
        let fields = [
            ("version", version.as_str()),
            ("day", "2030-05-10"),
            ("start", "17:00"),
            ("end", "18:00"),
            ("room", "salon"),
            ("tell", "now"),
        ];
        let moved = officer.post(&format!("/slots/{dinner}/placement"), &fields);
        assert_eq!(moved.status, 303, "{}", moved.body);
        let told = format!(
            "SELECT CAST(max(sequence) AS BIGINT) AS count FROM outbox WHERE slot_id = {dinner}"
        );
        assert_eq!(server.count(&told), 1);
    }
}
