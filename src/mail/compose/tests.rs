use super::*;
use crate::core::notice::{News, Told};
use crate::core::text::TextLine;
use crate::mail::ReaderKnowledge;
use crate::mail::sample::{Sample, at, bilateral, plenary};

fn text(letter: &Letter<'_>) -> String {
    String::from_utf8(compose(letter).unwrap().raw)
        .unwrap()
        .replace("\r\n", "\n")
}

/// The plain and the HTML body as people read them.
fn bodies(letter: &Letter<'_>, standing: ReaderKnowledge) -> (String, String) {
    let mut letter = letter.clone();
    for piece in &mut letter.news {
        piece.standing = standing;
    }
    let words = LetterWords::of(&letter);
    (words.plain().unwrap(), words.html().unwrap())
}

fn moved() -> News {
    News::Changed {
        before: bilateral("17:20", Some("Salon")),
        now: bilateral("17:30", Some("Conference Room")),
    }
}

#[test]
fn a_confirmation() {
    let sample = Sample::new();
    let news = News::Confirmed(bilateral("17:20", Some("Salon")));
    let letter = sample.letter(&news);
    assert_eq!(
        compose(&letter).unwrap().subject,
        "Confirmed: Japan–Kazakhstan Foreign Ministers' Meeting, 24 December 2022, 17:20 (JST, UTC+9)"
    );
    let (plain, html) = bodies(&letter, ReaderKnowledge::UpToDate);
    insta::assert_snapshot!("confirmed_mail", text(&letter));
    insta::assert_snapshot!("confirmed_plain", plain);
    insta::assert_snapshot!("confirmed_html", html);
}

#[test]
fn a_change() {
    let mut sample = Sample::new();
    sample.sequence = 1;
    sample.first_message_id = Some("<7.0.0000000000000@iikura.example>");
    sample.schedule.pop();
    sample
        .schedule
        .push(bilateral("17:30", Some("Conference Room")));
    let news = moved();
    let letter = sample.letter(&news);
    let (plain, _) = bodies(&letter, ReaderKnowledge::UpToDate);
    insta::assert_snapshot!("changed_mail", text(&letter));
    insta::assert_snapshot!("changed_plain", plain);
}

#[test]
fn a_cancellation() {
    let mut sample = Sample::new();
    sample.sequence = 2;
    sample.schedule.pop();
    let news = News::Cancelled(bilateral("17:20", None));
    let letter = sample.letter(&news);
    let (plain, _) = bodies(&letter, ReaderKnowledge::UpToDate);
    insta::assert_snapshot!("cancelled_mail", text(&letter));
    insta::assert_snapshot!("cancelled_plain", plain);
}

/// The letter of a slot that was notified before, after `news`.
fn later(news: &News, schedule: &[Told]) -> String {
    let mut sample = Sample::new();
    sample.sequence = 3;
    sample.first_message_id = Some("<7.0.0000000000000@iikura.example>");
    sample.schedule = schedule.to_vec();
    text(&sample.letter(news))
}

#[test]
fn dropped_delegation_is_notified() {
    let news = News::Dropped(bilateral("17:20", Some("Salon")));
    insta::assert_snapshot!("dropped_mail", later(&news, &[plenary()]));
}

#[test]
fn what_is_no_longer_confirmed_is_taken_out() {
    let news = News::Withdrawn(bilateral("17:20", Some("Salon")));
    insta::assert_snapshot!("withdrawn_mail", later(&news, &[]));
}

#[test]
fn the_same_again_says_that_nothing_has_changed() {
    let told = bilateral("17:20", Some("Salon"));
    let news = News::Repeated(told.clone());
    insta::assert_snapshot!("repeated_mail", later(&news, &[plenary(), told]));
}

#[test]
fn changed_room_is_the_only_change_listed() {
    let now = bilateral("17:20", Some("Conference Room"));
    let news = News::Changed {
        before: bilateral("17:20", None),
        now: now.clone(),
    };
    insta::assert_snapshot!("room_mail", later(&news, &[plenary(), now]));
}

#[test]
fn changed_title_is_the_only_change_listed() {
    let now = Told {
        title: "Japan–Kazakhstan Talks".into(),
        ..bilateral("17:20", Some("Salon"))
    };
    let news = News::Changed {
        before: bilateral("17:20", Some("Salon")),
        now: now.clone(),
    };
    insta::assert_snapshot!("title_mail", later(&news, &[plenary(), now]));
}

#[test]
fn the_same_letter_gives_the_same_bytes() {
    let sample = Sample::new();
    let news = moved();
    let letter = sample.letter(&news);
    assert_eq!(compose(&letter).unwrap(), compose(&letter).unwrap());
}

#[test]
fn who_wants_letters_only_gets_no_calendar() {
    let mut sample = Sample::new();
    sample.contact.letters_only = true;
    let news = moved();
    let mail = text(&sample.letter(&news));
    for absent in ["text/calendar", "invite.ics", "application/ics"] {
        assert!(!mail.contains(absent), "{absent}");
    }
    assert!(mail.contains("multipart/alternative"));
    let mut alone = sample.letter(&news);
    alone.enclosure = None;
    assert!(!text(&alone).contains("multipart/mixed"));
    assert!(
        !bodies(&sample.letter(&news), ReaderKnowledge::UpToDate)
            .0
            .contains("invite.ics")
    );
}

#[test]
fn who_missed_a_change_reads_no_old_time() {
    let sample = Sample::new();
    let news = moved();
    let (plain, html) = bodies(&sample.letter(&news), ReaderKnowledge::Behind);
    for body in [plain, html] {
        assert!(
            body.contains("An earlier change did not reach you"),
            "{body}"
        );
        assert!(!body.contains('→'), "{body}");
        assert!(body.contains("17:30–18:00 (JST, UTC+9)"), "{body}");
    }
}

#[test]
fn another_day_at_home_is_written_out() {
    let mut sample = Sample::new();
    sample.delegation.time_zone = "America/New_York".parse().unwrap();
    let news = News::Changed {
        before: bilateral("17:20", None),
        now: bilateral("09:00", None),
    };
    let (plain, _) = bodies(&sample.letter(&news), ReaderKnowledge::UpToDate);
    assert!(
        plain.contains(
            "Time at Iikura House: 17:20–17:50 (JST, UTC+9) → 09:00–09:30 (JST, UTC+9)\n"
        ),
        "{plain}"
    );
    assert!(
        plain.contains(
            "Time at home: Saturday, 24 December 2022, 03:20–03:50 (New York, UTC−5) → \
             Friday, 23 December 2022, 19:00–19:30 (New York, UTC−5)\n"
        ),
        "{plain}"
    );
}

#[test]
fn a_slot_past_midnight_names_both_days() {
    let sample = Sample::new();
    let mut late = bilateral("23:45", None);
    late.ends = at("23:45").minutes() + 30;
    let news = News::Confirmed(late);
    let (plain, _) = bodies(&sample.letter(&news), ReaderKnowledge::UpToDate);
    assert!(
        plain.contains(
            "At Iikura House: Saturday, 24 December 2022, 23:45 – Sunday, 25 December 2022, 00:15 (JST, UTC+9)\n"
        ),
        "{plain}"
    );
}

#[test]
fn the_host_reads_one_time_only() {
    let mut sample = Sample::new();
    sample.delegation.time_zone = sample.event.time_zone;
    let news = News::Confirmed(bilateral("17:20", None));
    let (plain, html) = bodies(&sample.letter(&news), ReaderKnowledge::UpToDate);
    assert!(!plain.contains("At home") && !html.contains("At home"));
}

#[test]
fn name_with_line_break_breaks_no_header() {
    let mut sample = Sample::new();
    // As if the database had been edited by hand.
    for name in ["a\r\nBcc: x@y.example", "\u{0}", "\"", "a\nb", "\r\n"] {
        sample.contact.name = TextLine::stored(name.into());
        sample.event.office.name = TextLine::stored(name.into());
        let mut told = bilateral("17:20", None);
        told.title = name.into();
        let news = News::Confirmed(told);
        let mail = text(&sample.letter(&news));
        let (headers, _) = mail.split_once("\n\n").unwrap();
        let names: Vec<&str> = headers
            .lines()
            .filter(|line| !line.starts_with(' '))
            .map(|line| line.split(':').next().unwrap())
            .collect();
        assert_eq!(
            names,
            [
                "From",
                "To",
                "Reply-To",
                "Subject",
                "Date",
                "Message-ID",
                "Auto-Submitted",
                "MIME-Version",
                "Content-Type"
            ],
            "{name:?}"
        );
    }
}

#[test]
fn markup_in_a_title_stays_text() {
    let sample = Sample::new();
    let mut told = bilateral("17:20", Some("<img src=x>"));
    told.title = "<script>alert(1)</script>".into();
    let news = News::Confirmed(told);
    let (_, html) = bodies(&sample.letter(&news), ReaderKnowledge::UpToDate);
    assert!(
        !html.contains("<script") && !html.contains("<img"),
        "{html}"
    );
}

#[test]
fn an_address_no_mail_can_carry_is_an_error() {
    let mut sample = Sample::new();
    sample.contact.email = Email::stored("kz@x.example\r\nBcc: a@b.example".into());
    let news = moved();
    assert!(matches!(
        compose(&sample.letter(&news)),
        Err(ComposeError::Address(_))
    ));
}

#[test]
fn a_letter_about_several_slots_and_the_mail_beside_it() {
    let sample = Sample::new();
    let (changed, off) = (moved(), News::Cancelled(bilateral("18:00", None)));
    let mut letter = sample.letter(&changed);
    letter.version = 3;
    letter.invitation = None;
    letter.news.push(crate::mail::Piece {
        news: &off,
        standing: ReaderKnowledge::UpToDate,
        answer: None,
    });
    let composed = compose(&letter).unwrap();
    assert_eq!(composed.subject, "2 changes to your schedule, Iikura House");
    let whole = String::from_utf8(composed.raw).unwrap();
    assert!(!whole.contains("text/calendar"), "{whole}");
    let words = LetterWords::of(&letter);
    insta::assert_snapshot!("gathered_plain", words.plain().unwrap());
    insta::assert_snapshot!("gathered_html", words.html().unwrap());

    let mut beside = sample.letter(&changed);
    (beside.schedule, beside.enclosure) = (None, None);
    let words = LetterWords::of(&beside);
    insta::assert_snapshot!("beside_plain", words.plain().unwrap());
    assert!(text(&beside).contains("text/calendar; method=REQUEST"));
}

#[test]
fn subject_names_what_has_changed() {
    let sample = Sample::new();
    let before = bilateral("17:20", Some("Salon"));
    let subject = |now: &Told| {
        let news = News::Changed {
            before: before.clone(),
            now: now.clone(),
        };
        let subject = compose(&sample.letter(&news)).unwrap().subject;
        let title = "Changed: Japan–Kazakhstan Foreign Ministers' Meeting, ";
        subject.strip_prefix(title).unwrap().to_owned()
    };
    let longer = Told {
        ends: before.ends + 10,
        ..before.clone()
    };
    let elsewhere = bilateral("17:20", Some("Main Hall"));
    let later = bilateral("17:40", Some("Salon"));
    assert_eq!(
        subject(&longer),
        "24 December 2022, now until 18:00 (JST, UTC+9)"
    );
    assert_eq!(subject(&later), "24 December 2022, 17:40 (JST, UTC+9)");
    assert_eq!(
        subject(&elsewhere),
        "24 December 2022, 17:20 (JST, UTC+9), now in Main Hall"
    );
}

#[test]
fn letter_is_addressed_by_name_and_title_and_signed() {
    let mut sample = Sample::new();
    let title = "Deputy Prime Minister and Minister of Foreign Affairs";
    sample.delegation.principal_title = title.to_owned();
    let news = News::Confirmed(bilateral("17:20", Some("Salon")));
    let (plain, html) = bodies(&sample.letter(&news), ReaderKnowledge::UpToDate);
    let office = "Protocol Office, Iikura House";
    assert!(plain.starts_with(&format!("{office}\n")), "{plain}");
    let address = format!(
        "To the Office of\nH.E. Mr. Mukhtar TILEUBERDI\n{title}\nAttention: Liaison desk\n"
    );
    assert!(plain.contains(&address), "{plain}");
    let signature = format!("Yours sincerely,\n{office}\nprotocol@iikura.example\n+81 3 0000 0000");
    assert!(plain.trim_end().ends_with(&signature), "{plain}");
    let button = "<a class=\"button\" style=";
    assert_eq!(html.matches(button).count(), 2, "{html}");
}

#[test]
fn final_schedule_is_a_letter_without_news() {
    let sample = Sample::new();
    let news = News::Confirmed(bilateral("17:20", Some("Salon")));
    let letter = Letter {
        news: Vec::new(),
        invitation: None,
        is_final: true,
        ..sample.letter(&news)
    };
    let composed = compose(&letter).unwrap();
    assert_eq!(composed.subject, "Your final schedule, Iikura House");
    insta::assert_snapshot!("final_plain", bodies(&letter, ReaderKnowledge::UpToDate).0);
}
