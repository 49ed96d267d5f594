//! Interpreters on screen: who there is, who interprets what, and what becomes of a slot when one of them goes.

use support::both::{Scratch, on_both};
use support::meeting::{Meeting, OBSERVER, SLOTS, STRANGER, free_slot, send, with};

on_both!(
    an_interpreter_comes_changes_and_goes,
    a_faulty_interpreter_is_refused_with_everything_typed,
    interpreter_removed_meanwhile_returns_as_a_filled_form,
    removing_a_booked_interpreter_lists_slots_and_replacements,
    a_removal_is_for_the_slots_that_were_shown,
    a_colleague_steps_in_at_one_press_or_not_at_all,
    wanted_interpretation_needs_an_interpreter_or_a_reason,
    an_alternative_comes_with_an_interpreter,
    the_form_begins_with_what_is_usual_for_the_kind,
    roster_is_shown_to_users_with_a_role,
    the_figures_of_the_rule_are_settings,
);

pub const INTERPRETERS: &str = "/events/ca-jad-9/interpreters";

pub fn interpreter() -> Vec<(&'static str, String)> {
    [
        ("code", "de-1"),
        ("name", "Interpreter, Japanese–German"),
        ("pairs", "ja – de\r\n\r\nde-en"),
        ("presence", "2022-12-24 09:00 – 2022-12-24 18:00"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

fn an_interpreter_comes_changes_and_goes(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let added = send(&officer, INTERPRETERS, &interpreter());
    assert_eq!(added.location(), format!("{INTERPRETERS}?done=saved"));
    let list = officer.get(INTERPRETERS).body;
    assert!(list.contains("ja – de, de – en"), "{list}");
    let one = format!("{INTERPRETERS}/de-1");
    let stored = officer.get(&format!("{one}/edit"));
    assert!(stored.body.contains(">\nja – de\nde – en</textarea>"));
    let changed = with(
        with(interpreter(), "pairs", "de ja"),
        "name",
        "Interpreter, German",
    );
    assert_eq!(send(&officer, &one, &changed).status, 303);
    let programme = meeting.programme();
    let stored = programme.interpreter_by_code("de-1").unwrap();
    assert_eq!(stored.name.as_str(), "Interpreter, German");
    let pairs: Vec<String> = stored.pairs.iter().map(ToString::to_string).collect();
    assert_eq!(pairs, ["de – ja"]);
    let history = officer.get("/events/ca-jad-9/history").body;
    let words = "<del>ja – de, de – en</del> → <ins>de – ja</ins>";
    assert!(history.contains(words), "{history}");
    let removed = officer.post(&format!("{one}/removal"), &[]);
    assert_eq!(removed.location(), format!("{INTERPRETERS}?done=removed"));
    assert!(!officer.get(INTERPRETERS).body.contains("de-1"));
    assert_eq!(officer.post(&format!("{one}/removal"), &[]).status, 404);
}

fn a_faulty_interpreter_is_refused_with_everything_typed(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let before = (meeting.rows(), meeting.programme().interpreters.len());
    for (field, value, words) in [
        (
            "code",
            "ru-1",
            "another interpreter has the code &#39;ru-1&#39;",
        ),
        (
            "code",
            "RU-1",
            "another interpreter has the code &#39;ru-1&#39;",
        ),
        ("code", "a b", "letters (A–Z), digits and hyphens"),
        ("name", " ", "Name is missing; fill it in"),
        (
            "pairs",
            "",
            "Languages are missing; enter one pair at least.",
        ),
        (
            "pairs",
            "ja – ja",
            "Languages, line 1: a pair has two languages, not ja twice.",
        ),
        (
            "pairs",
            "ja – de\r\nJapanisch – de",
            "Languages, line 2: &#39;Japanisch&#39; is not a language; write it as in ja, ru or zh-Hant.",
        ),
        (
            "pairs",
            "ja – de\r\nja – de – en",
            "Languages, line 2: &#39;ja – de – en&#39; is not a pair of languages; write it as in ja – ru.",
        ),
        (
            "pairs",
            "ja – de\r\nDE – ja",
            "Languages, line 2: DE – ja is there twice.",
        ),
        (
            "presence",
            "2022-12-24 18:00 – 2022-12-24 09:00",
            "Presence, line 1: the departure must be after the arrival.",
        ),
        (
            "presence",
            "from nine",
            "Presence, line 1: write it as in 2022-12-22 18:00 – 2022-12-25 12:00.",
        ),
        (
            "presence",
            "2022-12-24 09:00 – 2022-12-24 12:00\r\n2022-12-24 11:00 – 2022-12-24 13:00",
            "Presence, line 2: overlaps another stay; join the two.",
        ),
    ] {
        let answer = send(&officer, INTERPRETERS, &with(interpreter(), field, value));
        assert_eq!(answer.status, 422, "{field} = {value}");
        assert!(answer.body.contains(words), "{words} in {}", answer.body);
        let kept = if field == "code" { value } else { "de-1" };
        assert_eq!(answer.input("code"), kept);
        assert!(answer.body.contains(&format!("href=\"#field-{field}\"")));
    }
    let unknown = with(interpreter(), "admin", "yes");
    assert_eq!(send(&officer, INTERPRETERS, &unknown).status, 400);
    let taken = with(interpreter(), "code", "ru-2");
    let answer = send(&officer, &format!("{INTERPRETERS}/ru-1"), &taken);
    assert_eq!(answer.status, 422);
    assert_eq!(
        (meeting.rows(), meeting.programme().interpreters.len()),
        before
    );
}

fn interpreter_removed_meanwhile_returns_as_a_filled_form(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    assert_eq!(
        officer
            .post(&format!("{INTERPRETERS}/en-1/removal"), &[])
            .status,
        303
    );
    let late = send(&officer, &format!("{INTERPRETERS}/en-1"), &interpreter());
    assert_eq!(late.status, 422);
    assert!(
        late.body.contains("this interpreter was removed meanwhile"),
        "{}",
        late.body
    );
    assert_eq!(late.input("name"), "Interpreter, Japanese–German");
    assert!(late.body.contains(&format!("action=\"{INTERPRETERS}\"")));
    // And on the form of a slot that was opened before.
    let late = send(&officer, SLOTS, &with(free_slot(), "interpreters", "en-1"));
    assert_eq!(late.status, 422);
    let words = "There is no such interpreter at this event, or no longer; choose from the list.";
    assert!(late.body.contains(words), "{}", late.body);
    assert_eq!(late.input("title"), "Evening meeting");
}

/// The hidden fields by which the page of a removal says what it has shown.
fn shown(page: &str) -> Vec<(&str, &str)> {
    let mark = "name=\"slot\" value=\"";
    let confirmation = &page[page.find("id=\"confirm-title\"").unwrap()..];
    let values = confirmation.split(mark).skip(1);
    values
        .map(|rest| ("slot", &rest[..rest.find('"').unwrap()]))
        .collect()
}

fn removing_a_booked_interpreter_lists_slots_and_replacements(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let cancelled = meeting.slot("Kazakhstan");
    let cancellation = format!("/slots/{}/cancellation", cancelled.id);
    assert_eq!(officer.post(&cancellation, &[("version", "1")]).status, 303);
    let before = meeting.rows();
    let removal = format!("{INTERPRETERS}/ru-1/removal");
    let asked = officer.post(&removal, &[]);
    assert_eq!(asked.status, 409);
    assert_eq!(meeting.rows(), before);
    for words in [
        "Japan–Kyrgyz Foreign Ministers&#39; Meeting",
        "<strong>No interpreter is left between Japan and Kyrgyz Republic.</strong>",
        "Covered by Interpreter, Japanese–Russian (2).",
        "Replace with Interpreter, Japanese–Russian (reserve)",
        "Japan–Kazakhstan Foreign Ministers&#39; Meeting",
    ] {
        assert!(asked.body.contains(words), "{words} in {}", asked.body);
    }
    // The colleague who would have no rest is not offered, nor the one of other languages.
    assert!(
        !asked
            .body
            .contains("Replace with Interpreter, Japanese–Russian (2)"),
        "{}",
        asked.body
    );
    assert!(
        !asked
            .body
            .contains("Replace with Interpreter, Japanese–English")
    );
    assert!(!asked.body.contains("Turkmenistan"), "the other's slot");
    let slots = shown(&asked.body);
    assert_eq!(slots.len(), 6);
    assert_eq!(officer.post(&removal, &slots).status, 303);

    let programme = meeting.programme();
    assert!(programme.interpreter_by_code("ru-1").is_none());
    let kyrgyz = meeting.slot("Kyrgyz");
    assert_eq!(kyrgyz.content().interpreters, []);
    assert_eq!((kyrgyz.version, kyrgyz.moves, kyrgyz.sequence), (2, 2, 0));
    assert_eq!(meeting.slot("Kazakhstan").details.content.interpreters, []);
    let page = officer.get(&format!("/slots/{}", kyrgyz.id)).body;
    assert!(page.contains("slot interpreter-removed"), "{page}");
    assert!(page.contains("<del>ru-1</del>"), "{page}");
    assert!(
        page.contains("Wanted; no interpreter is booked yet"),
        "{page}"
    );
    let timetable = officer.get("/events/ca-jad-9").body;
    let open = "Needs a reason</span> <span class=\"mark-rule\">Interpretation:</span>";
    let (_, found) = timetable.split_once(open).unwrap();
    let (found, _) = found.split_once("</ul>").unwrap();
    assert_eq!(found.matches("<li>").count(), 2, "{timetable}");
    // At two in the afternoon the plenaries are over, and their other interpreter covers them still.
    assert_eq!(meeting.mails(), []);
}

fn a_removal_is_for_the_slots_that_were_shown(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let removal = format!("{INTERPRETERS}/ru-3/removal");
    let shown_before = officer.get(&removal);
    assert!(
        shown_before
            .body
            .contains("No slot names this interpreter.")
    );
    let booked = with(
        with(free_slot(), "interpreters", "ru-3"),
        "interpretation",
        "wanted",
    );
    assert_eq!(send(&officer, SLOTS, &booked).status, 303);
    let before = meeting.rows();
    for fields in [
        &[][..],
        &[("slot", "7:1")],
        &[("slot", "7:1"), ("slot", "8:1")],
    ] {
        let answer = officer.post(&removal, fields);
        assert_eq!(answer.status, 409, "{fields:?}");
        assert!(answer.body.contains("Evening meeting"));
    }
    assert_eq!(officer.post(&removal, &[("slot", "seven")]).status, 400);
    assert_eq!(officer.post(&removal, &[("force", "yes")]).status, 400);
    assert_eq!(meeting.rows(), before);
    let page = officer.get(&removal);
    // Once it has come to an end, the removal is the reason on record.
    meeting.server.pass(8 * 3600);
    let officer = meeting.officer();
    assert_eq!(officer.post(&removal, &shown(&page.body)).status, 303);
    let slot = officer.get(&format!("/slots/{}", meeting.slot("Evening").id));
    let words = "Officer: Interpreted by Interpreter, Japanese–Russian (reserve), who was removed afterwards";
    assert!(slot.body.contains(words), "{}", slot.body);
}

fn a_colleague_steps_in_at_one_press_or_not_at_all(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let slot = meeting.slot("Kyrgyz");
    let id = slot.id.to_string();
    let replacements = format!("{INTERPRETERS}/ru-1/replacements");
    let press = |version: &str, by: &str| {
        let fields = [("slot", id.as_str()), ("version", version), ("by", by)];
        officer.post(&replacements, &fields)
    };
    let before = meeting.rows();
    for (version, by, status, words) in [
        ("1", "fr-1", 409, "the replacement was removed meanwhile"),
        (
            "2",
            "ru-3",
            409,
            "Another officer has changed the slot meanwhile.",
        ),
        ("one", "ru-3", 400, "The form names no version of the slot"),
        (
            "1",
            "ru-2",
            409,
            "Interpreter, Japanese–Russian (2) works alone from 14:40 to 15:45",
        ),
        (
            "1",
            "en-1",
            409,
            "Japan (ja) and Kyrgyz Republic (ky, ru) share no language",
        ),
    ] {
        let answer = press(version, by);
        assert_eq!(answer.status, status, "{version}, {by}");
        assert!(answer.body.contains(words), "{words} in {}", answer.body);
    }
    assert_eq!(
        officer
            .post(
                &replacements,
                &[("slot", "7"), ("version", "1"), ("by", "ru-3")]
            )
            .status,
        404
    );
    assert_eq!(meeting.rows(), before);
    let pressed = press("1", "ru-3");
    assert_eq!(
        pressed.location(),
        format!("{INTERPRETERS}/ru-1/removal?done=replaced")
    );
    let replaced = meeting.slot("Kyrgyz");
    let reserve = meeting.programme().interpreter_by_code("ru-3").unwrap().id;
    assert_eq!(replaced.content().interpreters, [reserve]);
    assert_eq!((replaced.version, replaced.sequence), (2, 0));
    let page = officer.get(&format!("/slots/{id}")).body;
    assert!(page.contains("slot interpreter-replaced"), "{page}");
    assert_eq!(press("2", "ru-3").status, 404, "it is no longer theirs");
    let undone = officer.post(&format!("/slots/{id}/undo"), &[("version", "2")]);
    assert_eq!(undone.status, 303, "{}", undone.body);
    assert_eq!(meeting.slot("Kyrgyz").details, slot.details);
}

fn wanted_interpretation_needs_an_interpreter_or_a_reason(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let wanted = with(free_slot(), "interpretation", "wanted");
    let before = meeting.rows();
    let refused = send(&officer, SLOTS, &wanted);
    assert_eq!(refused.status, 409);
    let words = "Japan (ja) and Kazakhstan (kk, ru) share no language, and no booked interpreter works between them. \
                 Free: \
                 Interpreter, Japanese–Russian (1), Interpreter, Japanese–Russian (2), Interpreter, Japanese–Russian (reserve).";
    assert!(refused.body.contains(words), "{}", refused.body);
    assert_eq!(meeting.rows(), before);
    let other = send(
        &officer,
        SLOTS,
        &with(wanted.clone(), "interpreters", "en-1"),
    );
    assert_eq!(other.status, 409, "Japanese and English are no help");
    let reasoned = with(
        wanted.clone(),
        "reason-interpretation",
        "The minister speaks Japanese",
    );
    assert_eq!(send(&officer, SLOTS, &reasoned).status, 303);
    let slot = meeting.slot("Evening");
    assert!(slot.content().interpretation_wanted);
    let page = officer.get(&format!("/slots/{}", slot.id)).body;
    assert!(
        page.contains("Officer: The minister speaks Japanese"),
        "{page}"
    );
    // Its form keeps the wish and the reason; whoever is booked ends the need for it.
    let form = officer.get(&format!("/slots/{}/edit", slot.id));
    assert!(
        form.body
            .contains("name=\"interpretation\" value=\"wanted\" checked")
    );
    assert_eq!(
        form.input("reason-interpretation"),
        "The minister speaks Japanese"
    );
    let staffed = with(with(wanted, "interpreters", "ru-2"), "version", "1");
    let path = format!("/slots/{}", slot.id);
    assert_eq!(send(&officer, &path, &staffed).status, 303);
    let page = officer.get(&path).body;
    assert!(
        page.contains("Wanted: Interpreter, Japanese–Russian (2)"),
        "{page}"
    );
    assert!(!page.contains("mark-overridden"), "{page}");
    // Without the wish nobody is asked for anything.
    let unwanted = with(with(free_slot(), "version", "2"), "note", "");
    assert_eq!(send(&officer, &path, &unwanted).status, 303);
    let page = officer.get(&path).body;
    assert!(
        page.contains("<dt>Interpretation</dt><dd>Not wanted</dd>"),
        "{page}"
    );
    assert!(
        page.contains("<del>wanted</del> → <ins>not wanted</ins>"),
        "{page}"
    );
    // And who comes to want it later is asked.
    let wanting = with(
        with(free_slot(), "version", "3"),
        "interpretation",
        "wanted",
    );
    assert_eq!(send(&officer, &path, &wanting).status, 409);
}

fn an_alternative_comes_with_an_interpreter(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let wanted = with(free_slot(), "interpretation", "wanted");
    let refused = send(&officer, SLOTS, &wanted);
    let start = refused.body.find("class=\"alternatives\"").unwrap();
    let first = &refused.body[start..];
    let first = &first[..first.find("</form>").unwrap()];
    assert!(
        first.contains("18:30–19:00, Conference Room, with Interpreter, Japanese–Russian (1)"),
        "{first}"
    );
    let fields: Vec<(&str, &str)> = first
        .split("type=\"hidden\" name=\"")
        .skip(1)
        .map(|rest| {
            let (name, rest) = rest.split_once("\" value=\"").unwrap();
            (name, rest.split_once('"').unwrap().0)
        })
        .collect();
    let booked = officer.post(SLOTS, &fields);
    assert_eq!(booked.status, 303, "{}", booked.body);
    let programme = meeting.programme();
    let slot = meeting.slot("Evening");
    let names: Vec<&str> = programme
        .interpreters_of(slot.content())
        .map(|each| each.code.as_str())
        .collect();
    assert_eq!(names, ["ru-1"]);
}

fn the_form_begins_with_what_is_usual_for_the_kind(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let ticked = |query: &str| {
        let form = officer.get(&format!("{SLOTS}/new{query}")).body;
        form.contains("name=\"interpretation\" value=\"wanted\" checked")
    };
    for (query, expected) in [
        ("", true),
        ("?kind=bilateral", true),
        ("?kind=plenary", true),
        ("?kind=meal", false),
        ("?kind=photo", false),
        ("?kind=banquet", false),
    ] {
        assert_eq!(ticked(query), expected, "{query}");
    }
}

fn roster_is_shown_to_users_with_a_role(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let observer = meeting.server.signed_in(OBSERVER);
    let stranger = meeting.server.signed_in(STRANGER);
    let roster = format!("{INTERPRETERS}/ru-1");
    let page = observer.get(&roster);
    assert_eq!(page.status, 200);
    for words in [
        "Japan (ja) with Kyrgyz Republic (ky, ru)",
        "in turns with Interpreter, Japanese–Russian (2)",
        "6 slots, 300 minutes of work",
        "10 minutes, too short for a rest",
        "45 minutes: a rest",
        "on for 130 min",
        "30 of them alone",
        "alone at most 40 minutes, in turns at most 210.",
    ] {
        assert!(page.body.contains(words), "{words} in {}", page.body);
    }
    assert!(
        !page.body.contains("Turkmenistan Foreign"),
        "the other's slot"
    );
    assert!(
        !page.body.contains("cooperation programme"),
        "internal notes stay in"
    );
    assert!(!page.body.contains("/edit"), "an observer changes nothing");
    let idle = officer.get(&format!("{INTERPRETERS}/ru-3")).body;
    assert!(idle.contains("Booked for nothing yet."), "{idle}");
    for path in ["", "/edit", "/removal"] {
        let path = format!("{roster}{path}");
        assert_eq!(stranger.get(&path).status, 404, "{path}");
        assert_eq!(officer.get(&path).status, 200, "{path}");
        let nobody = path.replace("ru-1", "fr-1");
        assert_eq!(officer.get(&nobody).status, 404, "{nobody}");
    }
    for path in ["/edit", "/removal"] {
        assert_eq!(
            observer.get(&format!("{roster}{path}")).status,
            403,
            "{path}"
        );
    }
    assert_eq!(observer.get(&format!("{INTERPRETERS}/new")).status, 403);
    for path in ["", "/removal", "/replacements"] {
        let path = format!("{roster}{path}");
        assert_eq!(observer.post(&path, &[]).status, 403, "{path}");
        assert_eq!(stranger.post(&path, &[]).status, 404, "{path}");
    }
    assert_eq!(observer.post(INTERPRETERS, &[]).status, 403);
    // A sketch is on it as what it is, a cancelled slot is not.
    let kyrgyz = meeting.slot("Kyrgyz");
    let cancellation = format!("/slots/{}/cancellation", kyrgyz.id);
    assert_eq!(officer.post(&cancellation, &[("version", "1")]).status, 303);
    let sketch = with(
        with(free_slot(), "interpreters", "ru-1"),
        "state",
        "pencilled",
    );
    assert_eq!(send(&officer, SLOTS, &sketch).status, 303);
    let page = observer.get(&roster).body;
    assert!(!page.contains("Japan–Kyrgyz"), "{page}");
    assert!(page.contains("5 slots, 270 minutes of work"), "{page}");
    assert!(page.contains("no work yet"), "{page}");
}

fn the_figures_of_the_rule_are_settings(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let officer = meeting.officer();
    let path = "/events/ca-jad-9/settings";
    let shown = officer.get(path);
    let fields = [
        "name",
        "venue",
        "time_zone",
        "office_name",
        "office_email",
        "grid_minutes",
        "minimum_gap_minutes",
        "chair_run_minutes",
        "interpreter_alone_minutes",
        "interpreter_team_minutes",
        "interpreter_rest_minutes",
    ];
    let mut settings: Vec<(&'static str, String)> = fields
        .into_iter()
        .map(|field| (field, shown.input(field)))
        .collect();
    settings.push(("days", "2022-12-24 08:30–21:00".to_owned()));
    let figures: Vec<&str> = settings[8..11]
        .iter()
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(figures, ["40", "210", "30"]);
    for (field, value, words) in [
        (
            "interpreter_alone_minutes",
            "5",
            "An interpreter’s longest run alone is a whole number from 10 to 1440.",
        ),
        (
            "interpreter_team_minutes",
            "long",
            "An interpreter’s longest run in turns is a whole number from 10 to 1440.",
        ),
        (
            "interpreter_rest_minutes",
            "0",
            "An interpreter’s rest is a whole number from 5 to 240.",
        ),
    ] {
        let answer = send(&officer, path, &with(settings.clone(), field, value));
        assert_eq!(answer.status, 422, "{field}");
        assert!(answer.body.contains(words), "{words} in {}", answer.body);
    }
    let strict = with(settings, "interpreter_alone_minutes", "30");
    assert_eq!(send(&officer, path, &strict).status, 303);
    let timetable = officer.get("/events/ca-jad-9").body;
    let words = "Interpreter, Japanese–Russian (1) works alone from 15:55 to 16:35 (40 minutes) without a rest of 30 \
                 minutes; 30 minutes is the limit alone. Free to take turns: Interpreter, Japanese–Russian (2), Interpreter, \
                 Japanese–Russian (reserve).";
    assert!(timetable.contains(words), "{timetable}");
}
