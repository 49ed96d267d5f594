//! The walk: whatever a delegation can lay its hands on says nothing of another delegation's bilateral, whatever the
//! office has done before.
//!
//! Every bilateral has a word in its title that stands nowhere else, and another one when it is given to another guest.
//! Officers act at random; then everything that went to a delegation, or opens to it, is searched for the others' words.
#![expect(clippy::print_stdout, reason = "a failing run names its seed")]

use iikura::mail::contents::contents;
use iikura::mail::outbox;
use iikura::server::Error;
use iikura::store::private_link::address::PrivateLink;

use crate::papers;
use support::both::{Scratch, on_both};
use support::chance::Chance;
use support::meeting::Meeting;
use support::server::Browser;

on_both!(
    delegations_never_see_bilaterals_of_others,
    meeting_of_others_changes_no_byte_for_a_delegation,
);

const GUESTS: [(&str, &str); 5] = [
    ("KG", "Kyrgyz"),
    ("TM", "Turkmenistan"),
    ("TJ", "Tajikistan"),
    ("UZ", "Uzbekistan"),
    ("KZ", "Kazakhstan"),
];
const ACTS: usize = 60;

fn delegations_never_see_bilaterals_of_others(scratch: &Scratch) {
    let seed = iikura::runtime::random::fresh_id().unsigned_abs();
    println!("seed {seed}");
    let mut chance = Chance(seed);
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    for (at, (code, words)) in (0..).zip(GUESTS) {
        edit(&meeting, &officer, words, code, 180 + at * 35, "");
    }
    for _ in 0..ACTS {
        act(&meeting, &officer, &mut chance);
    }
    // Whatever is still to be told is told now.
    let revision = meeting.programme().version().to_string();
    let mut fields = vec![("revision", revision.as_str())];
    fields.extend(GUESTS.iter().map(|(code, _)| ("to", *code)));
    assert_eq!(
        officer.post("/events/ca-jad-9/notices", &fields).status,
        303
    );

    let mut own = 0;
    for (code, _) in GUESTS {
        let found = everything_for(&meeting, &officer, code);
        assert!(found.len() > 4, "{code} reaches something");
        let whole = found.join("\n").to_lowercase();
        own += usize::from(whole.contains(&canary(code)));
        for (other, _) in GUESTS.iter().filter(|(other, _)| *other != code) {
            for part in &found {
                assert!(
                    !part.to_lowercase().contains(&canary(other)),
                    "{code} reads of {other}: {part}"
                );
            }
        }
        assert!(
            !whole.contains("innermost"),
            "a note is nobody's but the office's: {code}"
        );
    }
    assert!(
        own >= 3,
        "what is looked for is there: {own} read of themselves"
    );
}

/// Neither its length nor its name nor its headers: what was not told cannot be guessed either.
fn meeting_of_others_changes_no_byte_for_a_delegation(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let confirm = |words: &str| {
        let slot = meeting.slot(words);
        let version = slot.version.to_string();
        let path = format!("/slots/{}/confirmation", slot.id);
        assert_eq!(officer.post(&path, &[("version", &version)]).status, 303);
    };
    confirm("Kazakhstan");
    let schedule = links(&meeting, "KZ").pop().unwrap();
    let liaison = meeting.server.browser();
    let page = liaison.open(&schedule);
    let addresses = [
        page.clone(),
        format!("{page}/schedule.pdf"),
        format!("{schedule}/schedule.ics"),
    ];
    let shown = || -> Vec<(u16, Vec<u8>)> {
        addresses
            .iter()
            .map(|address| liaison.file(address))
            .collect()
    };
    let before = shown();
    assert!(before.iter().all(|(status, _)| *status == 200));
    edit(&meeting, &officer, "Uzbekistan", "UZ", 240, "");
    confirm("Uzbekistan");
    edit(&meeting, &officer, "Turkmenistan", "TM", 275, "");
    assert!(shown() == before, "something tells that others meet");
    // Its own meeting is seen, so that the comparison could fail.
    edit(&meeting, &officer, "Kazakhstan", "KZ", 320, "now");
    assert!(shown() != before);
}

/// The links in a delegation's letters; the last opens the whole schedule.
fn links(meeting: &Meeting, code: &str) -> Vec<String> {
    let programme = meeting.programme();
    let address = &programme.delegation_by_code(code).unwrap().contacts[0].email;
    let mails = meeting.server.db.read_here(|conn| {
        let mut mails = Vec::new();
        for summary in outbox::list(conn, Some(meeting.event), 1000)? {
            if summary.recipient == address.to_string() {
                mails.extend(outbox::get(conn, summary.id)?);
            }
        }
        Ok::<_, Error>(mails)
    });
    let prefix = format!("{}/d/", meeting.server.origin);
    let plain = mails
        .unwrap()
        .into_iter()
        .map(|mail| contents(&mail.raw).plain);
    plain
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| line.starts_with(&prefix))
        .map(|line| line[meeting.server.origin.len()..].to_owned())
        .collect()
}

/// Stands in the title of one bilateral and nowhere else.
fn canary(code: &str) -> String {
    format!("canary{}bird", code.to_lowercase())
}

fn edit(meeting: &Meeting, officer: &Browser, words: &str, code: &str, minute: u64, tell: &str) {
    let slot = meeting.slot(words);
    let version = slot.version.to_string();
    let clock = |minute: u64| format!("{:02}:{:02}", minute / 60, minute % 60);
    let start = 15 * 60 + minute;
    let title = format!("{words} {}", canary(code));
    let note = format!("innermost thoughts of {code}");
    let (from, to) = (clock(start), clock(start + 25));
    let fields = [
        ("version", version.as_str()),
        ("kind", "bilateral"),
        ("title", &title),
        ("note", &note),
        ("day", "2022-12-24"),
        ("start", &from),
        ("end", &to),
        ("room", "conference"),
        ("delegations", "JP"),
        ("delegations", code),
        ("tell", tell),
    ];
    // Refused or not: what a refusal says stays with the office.
    let answer = officer.post(&format!("/slots/{}", slot.id), &fields);
    assert!([303, 409, 422].contains(&answer.status), "{}", answer.body);
}

fn act(meeting: &Meeting, officer: &Browser, chance: &mut Chance) {
    let (code, words) = *chance.one_of(&GUESTS);
    let slot = meeting.slot(words);
    let version = slot.version.to_string();
    let tell = if chance.below(2) == 0 { "now" } else { "" };
    let path = |noun: &str| format!("/slots/{}/{noun}", slot.id);
    let version = ("version", version.as_str());
    match chance.below(10) {
        0..=2 => drop(officer.post(&path("confirmation"), &[version])),
        3 => drop(officer.post(
            &path("confirmation"),
            &[version, ("method", "delete"), ("tell", tell)],
        )),
        4 => drop(officer.post(&path("notices"), &[("again", "yes")])),
        5 => {
            meeting.server.pass(chance.below(300).cast_signed());
            meeting
                .server
                .sql("UPDATE outbox SET state = 'sent', attempts = 1, last_code = 250 WHERE state = 'queued'");
        }
        6 | 7 => edit(meeting, officer, words, code, chance.below(60) * 5, tell),
        _ => {
            // To another guest, under another title; the one it is taken from hears that it is off.
            let (other, _) = *chance.one_of(&GUESTS);
            edit(meeting, officer, words, other, chance.below(60) * 5, tell);
        }
    }
}

/// Every mail, page, file and error that is there for one delegation.
fn everything_for(meeting: &Meeting, officer: &Browser, code: &str) -> Vec<String> {
    let programme = meeting.programme();
    let party = programme.delegation_by_code(code).unwrap();
    let mut found = Vec::new();
    let event = meeting.event;
    let address = party.contacts[0].email.to_string();
    let mails = meeting.server.db.read_here(|conn| {
        let mut mails = Vec::new();
        for summary in outbox::list(conn, Some(event), 1000)? {
            if summary.recipient == address {
                mails.extend(outbox::get(conn, summary.id)?);
            }
        }
        Ok::<_, Error>(mails)
    });
    let mut links = Vec::new();
    let mut with_papers = Vec::new();
    for mail in mails.unwrap() {
        if let Some(enclosed) = mail.enclosed {
            with_papers.push(mail.summary.id);
            found.extend([enclosed.name, enclosed.says]);
        }
        let read = contents(&mail.raw);
        let prefix = format!("{}/d/", meeting.server.origin);
        links.extend(
            read.plain
                .lines()
                .filter(|line| line.starts_with(&prefix))
                .map(|line| line[meeting.server.origin.len()..].to_owned()),
        );
        found.extend([mail.summary.subject, read.plain, read.html]);
        found.extend(read.calendar.map(|calendar| calendar.replace("\n ", "")));
        found.push(String::from_utf8(mail.raw).unwrap());
    }
    // Each paper's words are in `says`; the oldest and the latest are looked at as they come out.
    for id in [with_papers.first(), with_papers.last()]
        .into_iter()
        .flatten()
    {
        let (status, paper) = officer.file(&format!("/mail/{id}/enclosure"));
        assert_eq!(status, 200, "the paper of {id}");
        let words = papers::read(&paper);
        assert!(words.contains("With our letter, version"), "{words}");
        found.push(words);
    }
    links.sort();
    links.dedup();
    let liaison = meeting.server.browser();
    for link in &links {
        let button = meeting.server.browser().get(link);
        assert_eq!(button.status, 200, "{link}");
        found.push(button.body);
        let address = liaison.open(link);
        let page = liaison.get(&address);
        assert_eq!(page.status, 200, "{address}");
        found.push(page.body);
        // Only the whole schedule has a calendar.
        let feed = liaison.get(&format!("{link}/schedule.ics"));
        assert!([200, 404].contains(&feed.status));
        found.push(feed.body.replace("\r\n ", ""));
        if address.contains("/slots/") {
            // What is refused says no more than what is shown.
            let address = address.split('?').next().unwrap();
            let refused = liaison.post(address, &[("answer", "perhaps")]);
            assert_eq!(refused.status, 422);
            found.push(refused.body);
        } else {
            let (status, paper) = liaison.file(&format!("{address}/schedule.pdf"));
            assert_eq!(status, 200);
            found.push(papers::read(&paper));
        }
    }
    for format in ["html", "csv", "json", "ics"] {
        let document = format!("/events/ca-jad-9/agenda.{format}?delegation={code}");
        let written = officer.get(&document);
        assert_eq!(written.status, 200, "{document}");
        found.push(written.body.replace("\r\n ", ""));
    }
    for document in ["agenda.pdf", "agenda/card.pdf"] {
        let (status, paper) =
            officer.file(&format!("/events/ca-jad-9/{document}?delegation={code}"));
        assert_eq!(status, 200, "{document}");
        found.push(papers::read(&paper));
    }
    // Others' slots by one's own good name: a link that is not signed opens nothing.
    let strange = PrivateLink {
        delegation: party.id,
        generation: 0,
        slot: None,
    };
    let key = iikura::store::private_link::address::LinkKey::draw();
    let forged =
        iikura::store::private_link::address::PrivateLinks::new(key, &meeting.server.origin)
            .path(strange);
    let refused = liaison.get(&forged);
    assert_eq!(refused.status, 404);
    found.push(refused.body);
    found
}
