//! A whole installation moves from one database to the other, and everybody finds it as they left it.

use std::collections::BTreeSet;
use std::path::Path;

use iikura::installation::table::{LEFT, MOVED};
use iikura::installation::{SealedFile, export};
use iikura::mail::outbox::{self, MailState};
use iikura::mail::transport::Transport;
use iikura::mail::worker::{Worker, WorkerSignal};
use iikura::server::Error;
use iikura::store::audit::chain;

use crate::answers::{answer, links};
use crate::programme_calendars::link;
use crate::second_factor::{Device, code, half_way, set_up};
use support::both::Scratch;
use support::meeting::{ADMIN, Meeting, OFFICER, SLOTS, STRANGER, free_slot, send};
use support::rows::{filled, rows};
use support::server::{Browser, PASSWORD, Server};

#[test]
fn everything_moves_from_sqlite_to_postgres() {
    everything_moves(&Scratch::sqlite(), &Scratch::postgres());
}

#[test]
fn everything_moves_from_postgres_to_sqlite() {
    everything_moves(&Scratch::postgres(), &Scratch::sqlite());
}

/// What people have in their hands when the installation moves.
struct Kept {
    letter: String,
    calendar: String,
    token: String,
    device: Device,
}

fn everything_moves(from: &Scratch, to: &Scratch) {
    let here = Meeting::on(from);
    let folder = tempfile::tempdir().unwrap();
    let kept = lived_in(&here, &folder.path().join("sent here"));
    let before = rows(from);
    let empty: Vec<&str> = MOVED
        .iter()
        .map(|table| table.name)
        .filter(|table| before[*table].is_empty())
        .collect();
    assert_eq!(empty, [""; 0], "there is nothing in it that could be lost");

    // The server runs on meanwhile.
    let first = folder.path().join("first");
    let contents = export(from, &first).unwrap();
    to.migrate().unwrap();
    let imported = SealedFile::open(&first).unwrap().import(to).unwrap();
    assert_eq!(imported.contents, contents);
    let mut moved = before.clone();
    for table in LEFT {
        let half_way = ["sign_in_steps", "sign_on_flows", "form_posts"].contains(&table.name);
        assert!(!moved[table.name].is_empty() || half_way, "{}", table.name);
        moved.get_mut(table.name).unwrap().clear();
    }
    let arrived = rows(to);
    assert_eq!(filled(&arrived), filled(&moved));
    assert!(arrived == moved);
    let second = folder.path().join("second");
    export(to, &second).unwrap();
    assert!(std::fs::read(&first).unwrap() == std::fs::read(&second).unwrap());
    from.read_here(|conn| chain::verify(conn, &[])).unwrap();

    let there = Meeting {
        server: Server::start_with_secret_of(&here.server, to.url()),
        event: here.event,
        place: to.place(),
    };
    there
        .server
        .pass(here.server.now() - there.server.now() + 60);
    they_find_it_as_they_left_it(&there, &kept);
    mail_goes_on(&here, &there, &folder.path().join("sent there"));
    work_goes_on(&here, &there);
    to.read_here(|conn| chain::verify(conn, &[])).unwrap();
}

/// Fills every table, as far as that goes in the way people do.
fn lived_in(meeting: &Meeting, folder: &Path) -> Kept {
    let server = &meeting.server;
    let officer = meeting.officer();
    confirm(meeting, &officer, "Kazakhstan");
    assert!(drain(meeting, folder) > 0);
    let (to_answer, letter) = links(meeting, "kz@delegations.example");
    let liaison = server.browser();
    let words = "Рахмет! ありがとう \\ \"n\"";
    assert_eq!(
        answer(&liaison, &to_answer.unwrap(), "accepted", words),
        303
    );
    // This one is written and has not gone out.
    confirm(meeting, &officer, "Uzbekistan");
    let version = meeting.slot("Tajikistan").version.to_string();
    let path = format!("/slots/{}/cancellation", meeting.slot("Tajikistan").id);
    assert_eq!(officer.post(&path, &[("version", &version)]).status, 303);
    let mut shown = free_slot();
    shown.push(("audience", "TM".to_owned()));
    assert_eq!(send(&officer, SLOTS, &shown).status, 303);
    let calendar = link(&officer, "Telephone");
    let fields = [
        ("name", "Badges"),
        ("scope", "read"),
        ("current_password", PASSWORD),
    ];
    let made = officer.post("/account/tokens", &fields).body;
    let token = made[made.find("iikura_").unwrap()..]
        .split('<')
        .next()
        .unwrap()
        .to_owned();
    let device = set_up(server, &server.signed_in(STRANGER));
    let admin = server.signed_in(ADMIN);
    assert_eq!(admin.post("/mail/pause", &[]).status, 303);
    let invited = [
        ("name", "Jiro"),
        ("email", "jiro@protocol.example"),
        ("delivery", "hand"),
    ];
    assert_eq!(admin.post("/users", &invited).status, 200);
    let wrong = [("email", "nobody@protocol.example"), ("password", "x")];
    assert_eq!(server.browser().post("/sign-in", &wrong).status, 422);
    let links = "/events/ca-jad-9/delegations/TM/links";
    assert_eq!(officer.post(links, &[]).status, 303);
    let kept = [("erase_after_days", "3000")];
    assert_eq!(
        officer.post("/events/ca-jad-9/retention", &kept).status,
        303
    );
    // What comes from outside.
    for statement in [
        "INSERT INTO mailboxes VALUES ('imap.example/INBOX', 4294967295, 9, 1671858000, NULL)".to_owned(),
        format!(
            "INSERT INTO inbox SELECT 9007199254740, 'x@kz.example', event_id, slot_id, delegation_id, id, 'person',
               'It says something in words.', 'kz@delegations.example', 'Re: Ⅷ', 'Thank you', 1671858000, NULL, NULL, NULL
             FROM outbox WHERE state = 'sent' AND recipient = 'kz@delegations.example' AND slot_id = {}
               AND method IS NOT NULL",
            meeting.slot("Kazakhstan").id
        ),
        "INSERT INTO idempotency_keys SELECT u.id, s.event_id, '8f1c', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', s.id, '{}', 1671858000
         FROM users u, slots s WHERE u.email = 'officer@protocol.example' AND s.title = 'Evening meeting'"
            .to_owned(),
        "INSERT INTO room_kinds SELECT id, 'press' FROM rooms WHERE name = 'Press Room'".to_owned(),
        "INSERT INTO room_closures SELECT id, 27864000, 27864030, 'cleaning' FROM rooms WHERE name = 'Press Room'"
            .to_owned(),
        "INSERT INTO sign_on_identities SELECT 'https://provider.example', 'a-1', id, 1671858000
         FROM users WHERE email = 'officer@protocol.example'"
            .to_owned(),
    ] {
        server.sql(&statement);
    }
    Kept {
        letter,
        calendar,
        token,
        device,
    }
}

fn confirm(meeting: &Meeting, officer: &Browser, words: &str) {
    let slot = meeting.slot(words);
    let version = slot.version.to_string();
    let path = format!("/slots/{}/confirmation", slot.id);
    let answer = officer.post(&path, &[("version", &version)]);
    assert_eq!(answer.status, 303, "{}", answer.body);
    meeting.server.pass(60);
}

/// Sends what waits, into files, and says how much that was.
fn drain(meeting: &Meeting, folder: &Path) -> usize {
    let (db, clock) = (meeting.server.db.clone(), meeting.server.app.clock.clone());
    let worker = Worker::new(
        db,
        Transport::files(folder.to_owned()),
        clock,
        WorkerSignal::default(),
    );
    actix_web::rt::System::new()
        .block_on(worker.drain())
        .unwrap()
}

fn they_find_it_as_they_left_it(there: &Meeting, kept: &Kept) {
    let server = &there.server;
    let liaison = server.browser();
    let schedule = liaison.open(&kept.letter);
    assert_eq!(liaison.get(&schedule).status, 200);
    let calendar = server.browser().get(&kept.calendar);
    assert!(
        calendar.body.contains("Evening meeting"),
        "{}",
        calendar.body
    );
    let bearer = format!("Bearer {}", kept.token);
    let events = server
        .browser()
        .get_as("/api/v1/events", &[("authorization", &bearer)]);
    assert_eq!(events.status, 200, "{}", events.body);
    let browser = half_way(server, STRANGER);
    let digits = kept.device.code(server.now());
    assert_eq!(code(&browser, &digits).status, 303);
    assert_eq!(browser.get("/events/berlin").status, 200);
    let page = server.signed_in(ADMIN).get("/mail/health").body;
    assert!(page.contains("Resume mail"), "{page}");
}

/// What waited goes out once; what had gone out does not go again.
fn mail_goes_on(here: &Meeting, there: &Meeting, folder: &Path) {
    let event = here.event;
    let waiting: BTreeSet<String> = here
        .server
        .db
        .read_here(|conn| {
            let mails = outbox::list(conn, Some(event), 1000)?;
            let queued = mails
                .iter()
                .filter(|mail| mail.state.0 == MailState::Queued);
            queued
                .map(|mail| Ok(name_of(&outbox::get(conn, mail.id)?.unwrap().raw)))
                .collect::<Result<_, Error>>()
        })
        .unwrap();
    assert_eq!(waiting.len(), 2, "one mail for each side");
    assert_eq!(drain(there, folder), 0, "all mail is paused");
    let admin = there.server.signed_in(ADMIN);
    let again = [("method", "delete")];
    assert_eq!(admin.post("/mail/pause", &again).status, 303);
    assert_eq!(drain(there, folder), waiting.len());
    assert_eq!(drain(there, folder), 0);
    let sent: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| name_of(&std::fs::read(entry.unwrap().path()).unwrap()))
        .collect();
    assert_eq!(sent.len(), waiting.len());
    assert_eq!(BTreeSet::from_iter(sent), waiting);
}

/// The Message-ID of a mail.
fn name_of(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    let line = text.lines().find(|line| line.starts_with("Message-ID: "));
    line.unwrap().to_owned()
}

/// The next change is the next sequence, the next row of the history the next number.
fn work_goes_on(here: &Meeting, there: &Meeting) {
    let last = "SELECT max(id) AS count FROM audit";
    assert!(there.server.count(last) > here.server.count(last));
    let officer = there.server.signed_in(OFFICER);
    let slot = there.slot("Kazakhstan");
    let version = slot.version.to_string();
    let fields = [
        ("version", version.as_str()),
        ("day", "2022-12-24"),
        ("start", "17:25"),
        ("end", "17:45"),
        ("room", "conference"),
        ("tell", "now"),
    ];
    let answer = officer.post(&format!("/slots/{}/placement", slot.id), &fields);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let told = format!(
        "SELECT CAST(max(sequence) AS BIGINT) AS count FROM outbox WHERE method = 'REQUEST' AND slot_id = {}",
        slot.id
    );
    assert_eq!(there.slot("Kazakhstan").sequence, slot.sequence + 1);
    assert_eq!(there.server.count(&told), i64::from(slot.sequence) + 1);
    // What is taken stays taken.
    assert_eq!(send(&officer, SLOTS, &free_slot()).status, 409);
}
