//! Booking, confirming, changing and cancelling through the pages, on both databases.

use iikura::core::slot::SlotState;

use support::both::{Scratch, on_both};
use support::meeting::{COLLEAGUE, Meeting, SLOTS, free_slot, send, with};
use support::server::{Answer, Browser};

on_both!(
    booked_slot_is_in_the_history_with_its_author,
    conflict_is_refused_with_reasons_and_alternatives,
    extended_slot_moves_what_follows_at_one_press,
    format_is_typed_shown_and_kept_by_a_move,
    confirmation_shows_its_letters_first,
    rule_that_needs_a_reason_is_overridden_by_one,
    a_sketch_may_lie_over_everything,
    the_second_of_two_officers_sees_both_versions,
    double_confirmation_notifies_each_contact_once,
    pending_change_is_notified_with_old_and_new_values,
    cancelling_and_withdrawing_take_the_slot_out_of_calendars,
    dropped_delegation_is_notified_of_it,
    delegation_without_contacts_stays_pending,
);

fn booked_slot_is_in_the_history_with_its_author(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let answer = send(&officer, SLOTS, &free_slot());
    assert_eq!(answer.status, 303, "{}", answer.body);
    let slot = meeting.slot("Evening meeting");
    assert_eq!(answer.location(), format!("/slots/{}?done=booked", slot.id));
    assert_eq!(
        (slot.version, slot.sequence, slot.state()),
        (1, 0, SlotState::Tentative)
    );
    let page = officer.get(answer.location()).body;
    for words in [
        "The slot is booked.",
        "18:30–19:00",
        "Bring the gift",
        "<strong>Officer</strong> slot booked",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
    assert!(
        meeting.mails().is_empty(),
        "nobody is told of what is tentative"
    );
}

fn conflict_is_refused_with_reasons_and_alternatives(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let before = meeting.rows();
    let wanted = with(with(free_slot(), "start", "15:30"), "end", "16:00");
    let answer = send(&officer, SLOTS, &wanted);
    assert_eq!(answer.status, 409);
    assert_eq!(meeting.rows(), before);
    for words in [
        "Japan is in “Japan–Turkmenistan Foreign Ministers&#39; Meeting” (Conference Room) from 15:15 until 15:45.",
        "Japan is in “Japan–Tajikistan Foreign Ministers&#39; Meeting” (Conference Room) from 15:55 until 16:35.",
        "Conference Room is taken by “Japan–Turkmenistan",
        "Free again for 30 minutes from 17:50.",
        "value=\"Evening meeting\"",
    ] {
        assert!(answer.body.contains(words), "{words} in {}", answer.body);
    }
    let fields = first_alternative(&answer.body);
    assert_eq!(post(&officer, SLOTS, &fields).status, 303);
    let slot = meeting.slot("Evening meeting");
    assert_eq!(
        meeting
            .programme()
            .event
            .time_zone
            .clock(slot.interval().start()),
        "17:50"
    );
}

/// The fields of the first alternative, as its button sends them.
fn first_alternative(page: &str) -> Vec<(String, String)> {
    let start = page.find("class=\"alternatives\"").unwrap();
    let form = &page[start..start + page[start..].find("</form>").unwrap()];
    form.split("<input type=\"hidden\" name=\"")
        .skip(1)
        .map(|input| {
            let (name, rest) = input.split_once("\" value=\"").unwrap();
            (name.to_owned(), rest.split_once('"').unwrap().0.to_owned())
        })
        .collect()
}

fn post(officer: &Browser, path: &str, fields: &[(String, String)]) -> Answer {
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    officer.post(path, &fields)
}

fn extended_slot_moves_what_follows_at_one_press(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let slot = meeting.slot("Japan–Turkmenistan");
    let path = format!("/slots/{}", slot.id);
    let extension = [
        ("day", "2022-12-24".to_owned()),
        ("start", "15:15".to_owned()),
        ("end", "15:55".to_owned()),
        ("room", "conference".to_owned()),
        ("version", slot.version.to_string()),
    ];
    let refused = send(&officer, &format!("{path}/placement"), &extension);
    assert_eq!(refused.status, 409);
    let offer = "Extend it, and move “Japan–Tajikistan Foreign Ministers&#39; Meeting” to 16:00–16:40, \
                 “Japan–Uzbekistan Foreign Ministers&#39; Meeting” to 16:45–17:15";
    assert!(refused.body.contains(offer), "{}", refused.body);
    let fields = first_alternative(&refused.body);
    let rows = meeting.rows();
    let with_move = |value: &str| {
        let mut fields = fields.clone();
        fields.push(("following".to_owned(), value.to_owned()));
        post(&officer, &path, &fields)
    };
    for nonsense in ["", "1.2", "1.1.-5", "x.1.5", "1.1.5.5", "1.1.99999"] {
        assert_eq!(with_move(nonsense).status, 400, "{nonsense}");
    }
    assert_eq!(with_move("1.1.5").status, 422, "there is no such slot");
    assert_eq!(meeting.rows(), rows);
    // One that was to move is changed by a colleague: nothing is stored.
    let uzbekistan = meeting.slot("Japan–Uzbekistan");
    let fixed = [("version", uzbekistan.version.to_string())];
    let confirmation = format!("/slots/{}/confirmation", uzbekistan.id);
    assert_eq!(
        send(&meeting.server.signed_in(COLLEAGUE), &confirmation, &fixed).status,
        303
    );
    let rows = meeting.rows();
    let stale = post(&officer, &path, &fields);
    assert_eq!(stale.status, 422);
    assert!(
        stale.body.contains("What follows has changed meanwhile."),
        "{}",
        stale.body
    );
    assert_eq!(meeting.rows(), rows);
    let refused = send(&officer, &format!("{path}/placement"), &extension);
    let moved = post(&officer, &path, &first_alternative(&refused.body));
    assert_eq!(moved.status, 303, "{}", moved.body);
    for (guest, start, end) in [
        ("Turkmenistan", "15:15", "15:55"),
        ("Tajikistan", "16:00", "16:40"),
        ("Uzbekistan", "16:45", "17:15"),
        ("Kazakhstan", "17:20", "17:45"),
    ] {
        let slot = meeting.slot(&format!("Japan–{guest}"));
        let (_, begins, ends) = meeting.programme().event.typed(slot.interval());
        assert_eq!((begins.as_str(), ends.as_str()), (start, end), "{guest}");
    }
}

fn confirmation_shows_its_letters_first(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let slot = meeting.slot("Japan–Kazakhstan");
    let path = format!("/slots/{}/confirmation", slot.id);
    let page = officer.get(&format!("/slots/{}", slot.id)).body;
    assert!(page.contains(&format!("href=\"{path}\"")), "{page}");
    let rows = meeting.rows();
    let preview = officer.get(&path);
    assert_eq!(preview.status, 200);
    for words in [
        "2 letters, as they would go out now. Nothing is confirmed or sent yet.",
        "Confirmed: Japan–Kazakhstan",
        "kz@delegations.example",
        "protocol@delegations.example",
        "Confirm and notify",
    ] {
        assert!(preview.body.contains(words), "{words}: {}", preview.body);
    }
    assert_eq!(meeting.rows(), rows, "nothing is stored");
    assert!(meeting.mails().is_empty());
    let form = [("version", preview.input("version"))];
    assert_eq!(send(&officer, &path, &form).status, 303);
    assert_eq!(meeting.mails().len(), 2);
    assert_eq!(officer.get(&path).status, 409, "it is confirmed already");
    assert_eq!(officer.get("/slots/1/confirmation").status, 404);
    let small = with(free_slot(), "room", "salon");
    let small = with(small, "reason-capacity", "Four aides wait outside");
    let small = send(&officer, SLOTS, &small);
    let evening = small.location().split('?').next().unwrap().to_owned();
    assert_eq!(officer.get(&format!("{evening}/confirmation")).status, 200);
}

fn format_is_typed_shown_and_kept_by_a_move(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let mut agreed = free_slot();
    agreed.push(("format", "tete_a_tete".to_owned()));
    agreed.push(("accompanying", "1".to_owned()));
    for (name, value, words) in [
        (
            "accompanying",
            "many",
            "Accompanying: enter a number from 0 to 99",
        ),
        (
            "accompanying",
            "100",
            "Accompanying: enter a number from 0 to 99",
        ),
        ("format", "loud", "There is no such format"),
        (
            "kind",
            "break",
            "Only bilaterals, multilaterals and plenaries",
        ),
    ] {
        let refused = send(&officer, SLOTS, &with(agreed.clone(), name, value));
        assert_eq!(refused.status, 422, "{value}");
        assert!(refused.body.contains(words), "{words}: {}", refused.body);
    }
    let booked = send(&officer, SLOTS, &agreed);
    assert_eq!(booked.status, 303, "{}", booked.body);
    let slot = meeting.slot("Evening meeting");
    let path = format!("/slots/{}", slot.id);
    let page = officer.get(&path).body;
    let words = "Bilateral (tête-à-tête, principal + 1)";
    assert!(page.contains(words), "{page}");
    let moved = [
        ("day", "2022-12-24".to_owned()),
        ("start", "18:40".to_owned()),
        ("end", "19:10".to_owned()),
        ("room", "conference".to_owned()),
        ("version", "1".to_owned()),
    ];
    let moved = send(&officer, &format!("{path}/placement"), &moved);
    assert_eq!(moved.status, 303, "{}", moved.body);
    assert!(officer.get(&path).body.contains(words));
    let agenda = officer.get("/events/ca-jad-9/agenda.csv").body;
    assert!(agenda.contains(",tete_a_tete,1"), "{agenda}");
    let agenda = officer.get("/events/ca-jad-9/agenda.html").body;
    assert!(agenda.contains(words), "{agenda}");
    // A search for another time knows how many people come, and keeps what is agreed.
    let typed = with(agreed, "version", "2");
    let found = send(
        &officer,
        &format!("/events/ca-jad-9/free-slots?slot={}", slot.id),
        &typed,
    );
    let found = officer.get(found.location()).body;
    assert!(
        found.contains("name=\"format\" value=\"tete_a_tete\""),
        "{found}"
    );
    assert!(
        found.contains("name=\"accompanying\" value=\"1\""),
        "{found}"
    );
    assert!(!found.contains("Not offered, since too small"), "{found}");
}

fn rule_that_needs_a_reason_is_overridden_by_one(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let small = with(free_slot(), "room", "salon");
    let answer = send(&officer, SLOTS, &small);
    assert_eq!(answer.status, 409);
    assert!(
        answer.body.contains("This needs a reason")
            && answer.body.contains("name=\"reason-capacity\"")
    );
    let reasoned = with(small, "reason-capacity", "Four aides wait outside");
    assert_eq!(send(&officer, SLOTS, &reasoned).status, 303);
    let id = meeting.slot("Evening meeting").id;
    let page = officer.get(&format!("/slots/{id}")).body;
    assert!(
        page.contains("Overridden") && page.contains("Officer: Four aides wait outside"),
        "{page}"
    );
    let programme = meeting.programme();
    let entry = programme
        .overrides
        .iter()
        .find(|entry| entry.slot == id)
        .unwrap();
    assert_eq!((entry.author.as_str(), entry.slot_moves), ("Officer", 1));
}

fn a_sketch_may_lie_over_everything(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let over = with(
        with(with(free_slot(), "start", "15:30"), "end", "16:00"),
        "state",
        "pencilled",
    );
    assert_eq!(send(&officer, SLOTS, &over).status, 303);
    let slot = meeting.slot("Evening meeting");
    let fields = with(
        with(with(free_slot(), "start", "15:30"), "end", "16:00"),
        "version",
        &slot.version.to_string(),
    );
    let answer = send(&officer, &format!("/slots/{}", slot.id), &fields);
    assert_eq!(answer.status, 409, "as a booking it is judged");
    assert_eq!(meeting.slot("Evening meeting"), slot);
}

fn the_second_of_two_officers_sees_both_versions(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let (first, second) = (meeting.officer(), meeting.server.signed_in(COLLEAGUE));
    send(&first, SLOTS, &free_slot());
    let slot = meeting.slot("Evening meeting");
    let path = format!("/slots/{}", slot.id);
    let fields = with(free_slot(), "version", "1");
    assert_eq!(
        send(
            &first,
            &path,
            &with(with(fields.clone(), "start", "18:35"), "fixed", "yes")
        )
        .status,
        303
    );
    let answer = send(&second, &path, &with(fields, "end", "19:05"));
    assert_eq!(answer.status, 409);
    for words in [
        "Officer saved first.",
        "18:30–19:05",
        "18:35–19:00",
        "Fixed",
        "Replace with mine",
    ] {
        assert!(answer.body.contains(words), "{words} in {}", answer.body);
    }
    assert_eq!(answer.input("version"), "2");
    let again = with(with(free_slot(), "end", "19:05"), "version", "2");
    assert_eq!(send(&second, &path, &again).status, 303);
    assert_eq!(meeting.slot("Evening meeting").version, 3);
}

fn double_confirmation_notifies_each_contact_once(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let slot = meeting.slot("Japan–Kazakhstan");
    let path = format!("/slots/{}/confirmation", slot.id);
    let mut statuses = std::thread::scope(|scope| {
        let press = || scope.spawn(|| meeting.officer().post(&path, &[("version", "1")]).status);
        let (one, other) = (press(), press());
        [one.join().unwrap(), other.join().unwrap()]
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409]);
    let told = |desk: &str| {
        (
            format!("{desk}@delegations.example"),
            "Request".to_owned(),
            0,
        )
    };
    assert_eq!(meeting.mails(), [told("kz"), told("protocol")]);
}

fn pending_change_is_notified_with_old_and_new_values(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let slot = meeting.slot("Japan–Kazakhstan");
    let page = format!("/slots/{}", slot.id);
    officer.post(&format!("{page}/confirmation"), &[("version", "1")]);
    // Delivered: who never read of the old time is told of the new one as new.
    meeting
        .server
        .sql("UPDATE outbox SET state = 'sent', attempts = 1");
    let place = [
        ("day", "2022-12-24"),
        ("start", "17:30"),
        ("end", "17:55"),
        ("room", "conference"),
        ("version", "2"),
    ];
    assert_eq!(
        officer.post(&format!("{page}/placement"), &place).status,
        303
    );
    assert_eq!(meeting.mails().len(), 2, "nobody is told yet");
    let moved = officer.get(&page).body;
    assert!(moved.contains("<strong>the change</strong>"));
    assert!(moved.contains("Not notified yet</dt><dd><strong>Japan, Kazakhstan</strong>"));
    assert!(
        officer
            .get("/events/ca-jad-9")
            .body
            .contains("Foreign Ministers&#39; Meeting</a>: Japan, Kazakhstan")
    );
    assert_eq!(officer.post(&format!("{page}/notices"), &[]).status, 303);
    assert!(!officer.get(&page).body.contains("Not notified yet</dt>"));
    assert_eq!(officer.post(&format!("{page}/notices"), &[]).status, 303);
    let update = ("kz@delegations.example".to_owned(), "Request".to_owned(), 1);
    assert_eq!(
        meeting
            .mails()
            .iter()
            .filter(|mail| **mail == update)
            .count(),
        1,
        "told once"
    );
    let list = officer.get("/mail").body;
    assert!(list.contains("Changed: Japan–Kazakhstan"), "{list}");
}

fn cancelling_and_withdrawing_take_the_slot_out_of_calendars(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let slot = meeting.slot("Japan–Kazakhstan");
    let page = format!("/slots/{}", slot.id);
    officer.post(&format!("{page}/confirmation"), &[("version", "1")]);
    // Delivered: a cancellation of what never left would have nothing to take back.
    meeting
        .server
        .sql("UPDATE outbox SET state = 'sent', attempts = 1");
    let withdrawal = [("version", "2"), ("method", "delete"), ("tell", "now")];
    assert_eq!(
        officer
            .post(&format!("{page}/confirmation"), &withdrawal)
            .status,
        303
    );
    assert_eq!(
        meeting.slot("Japan–Kazakhstan").state(),
        SlotState::Tentative
    );
    let off = |sequence| {
        (
            "kz@delegations.example".to_owned(),
            "Cancel".to_owned(),
            sequence,
        )
    };
    assert!(meeting.mails().contains(&off(1)), "{:?}", meeting.mails());

    officer.post(&format!("{page}/confirmation"), &[("version", "3")]);
    meeting
        .server
        .sql("UPDATE outbox SET state = 'sent', attempts = 1");
    assert_eq!(
        officer
            .post(
                &format!("{page}/cancellation"),
                &[("version", "4"), ("tell", "now")]
            )
            .status,
        303
    );
    assert!(meeting.mails().contains(&off(3)), "{:?}", meeting.mails());
    let answer = officer.post(&format!("{page}/cancellation"), &[("version", "5")]);
    assert_eq!(answer.status, 409);
    assert!(
        answer
            .body
            .contains("A slot that is cancelled cannot be cancelled"),
        "{}",
        answer.body
    );
}

fn dropped_delegation_is_notified_of_it(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    send(&officer, SLOTS, &free_slot());
    let slot = meeting.slot("Evening meeting");
    let page = format!("/slots/{}", slot.id);
    officer.post(&format!("{page}/confirmation"), &[("version", "1")]);
    meeting
        .server
        .sql("UPDATE outbox SET state = 'sent', attempts = 1");
    let mut fields = free_slot();
    fields.retain(|field| field != &("delegations", "KZ".to_owned()));
    fields.extend([
        ("delegations", "UZ".to_owned()),
        ("version", "2".to_owned()),
        ("tell", "now".to_owned()),
    ]);
    let answer = send(&officer, &page, &fields);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let expected = [
        ("kz", "Cancel", 1),
        ("kz", "Request", 0),
        ("protocol", "Request", 0),
        ("protocol", "Request", 1),
        ("uz", "Request", 1),
    ];
    let expected = expected.map(|(desk, method, sequence)| {
        (
            format!("{desk}@delegations.example"),
            method.to_owned(),
            sequence,
        )
    });
    assert_eq!(meeting.mails(), expected);
}

fn delegation_without_contacts_stays_pending(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    meeting
        .server
        .sql("DELETE FROM contacts WHERE email = 'kz@delegations.example'");
    // As the delegation's form does, which raises the revision.
    meeting
        .server
        .sql("UPDATE events SET revision = revision + 1");
    let officer = meeting.officer();
    let slot = meeting.slot("Japan–Kazakhstan");
    let page = format!("/slots/{}", slot.id);
    assert_eq!(
        officer
            .post(&format!("{page}/confirmation"), &[("version", "1")])
            .status,
        303
    );
    assert_eq!(
        meeting.mails(),
        [(
            "protocol@delegations.example".to_owned(),
            "Request".to_owned(),
            0
        )]
    );
    let body = officer.get(&page).body;
    assert!(
        body.contains("No contact: no notices are sent")
            && body.contains("<strong>the confirmation</strong>"),
        "{body}"
    );
}
