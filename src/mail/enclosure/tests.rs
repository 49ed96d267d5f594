use std::io::Write;
use std::process::Command;

use mail_parser::{MessageParser, MimeHeaders};
use proptest::prelude::*;

use super::*;
use crate::core::notice::News;
use crate::mail::Enclosure;
use crate::mail::compose::{compose, compose_both};
use crate::mail::contents::contents;
use crate::mail::sample::{Sample, bilateral, plenary, written_at};

fn says(sample: &Sample) -> String {
    let (event, delegation) = (&sample.event, &sample.delegation);
    ToldSchedule::in_letter(event, delegation, &sample.schedule, 3, written_at())
        .keep()
        .unwrap()
}

/// The words of a PDF in one line.
fn read(pdf: &[u8]) -> String {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(pdf).unwrap();
    let output = Command::new("pdftotext")
        .arg("-layout")
        .arg(file.path())
        .arg("-")
        .output()
        .unwrap();
    assert!(output.status.success(), "poppler reads it");
    let words = String::from_utf8(output.stdout).unwrap();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_paper_says_what_the_letter_lists() {
    let sample = Sample::new();
    let words = read(&set(&says(&sample)).unwrap());
    for part in [
        "For the delegation of Kazakhstan",
        "With our letter, version 3 · Issued Wednesday, 21 December 2022, 09:00 (JST, UTC+9)",
        "Plenary session",
        "10:00–12:00",
        "Japan–Kazakhstan Foreign Ministers'",
        "17:20–17:50",
        // At home in Almaty.
        "14:20–14:50",
        "Salon",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let mut later = Sample::new();
    later.schedule = vec![plenary()];
    let words = read(&set(&says(&later)).unwrap());
    assert!(
        !words.contains("17:20") && words.contains("10:00–12:00"),
        "{words}"
    );
}

#[test]
fn the_same_words_are_the_same_bytes() {
    let sample = Sample::new();
    let first = set(&says(&sample)).unwrap();
    let mut other = Sample::new();
    other.schedule = vec![bilateral("11:00", None)];
    assert_ne!(set(&says(&other)).unwrap(), first);
    assert_eq!(set(&says(&sample)).unwrap(), first);
}

#[test]
fn a_schedule_in_no_known_form_is_refused_and_sets_nothing() {
    let good = says(&Sample::new());
    assert!(good.starts_with("{\"format\":\"1\","), "{good}");
    for (says, fault) in [
        (String::new(), "could not be read"),
        ("{".to_owned(), "could not be read"),
        (
            good.replace("\"format\":\"1\"", "\"format\":\"9\""),
            "unknown variant",
        ),
        (good.replace("\"slots\"", "\"plots\""), "missing field"),
        (
            good.replace("Asia/Almaty", "Asia/Atlantis"),
            "'Asia/Atlantis' is not known",
        ),
    ] {
        let refused = set(&says).unwrap_err().to_string();
        assert!(refused.contains(fault), "{refused}");
    }
}

#[test]
fn a_file_name_is_plain_whatever_the_code() {
    assert_eq!(file_name("KZ", 42), "schedule-KZ-v42.pdf");
    assert_eq!(
        file_name("../K\"Z\r\n\u{202E}カ;a=b", 1),
        "schedule-KZab-v1.pdf"
    );
}

#[test]
fn what_has_no_place_takes_no_paper() {
    let sample = Sample::new();
    let news = News::Confirmed(bilateral("17:20", None));
    let mut letter = sample.letter(&news);
    letter.enclosure = None;
    let without = compose(&letter).unwrap().raw;
    assert_eq!(enclose(&without, b"%PDF"), None);
    assert_eq!(taken_out(&without), None);
    assert_eq!(enclose(b"", b"%PDF"), None);
    assert_eq!(enclose(b"Subject: x\r\n\r\ny\r\n--\r\n", b"%PDF"), None);
}

/// Each with and without a calendar part.
fn letters(of: impl Fn(&[u8])) {
    for letters_only in [false, true] {
        let mut sample = Sample::new();
        sample.contact.letters_only = letters_only;
        let news = News::Confirmed(bilateral("17:20", None));
        of(&compose(&sample.letter(&news)).unwrap().raw);
    }
}

#[test]
fn a_mail_with_its_paper_is_built_as_others_expect_it() {
    letters(|letter| {
        let paper = vec![0xA5; 1000];
        let raw = enclose(letter, &paper).unwrap();
        let mail = MessageParser::default().parse(&raw).unwrap();
        let kind = |part: &mail_parser::ContentType<'_>| {
            format!("{}/{}", part.ctype(), part.subtype().unwrap_or_default())
        };
        assert_eq!(kind(mail.content_type().unwrap()), "multipart/mixed");
        let last = mail.attachments().last().unwrap();
        assert_eq!(kind(last.content_type().unwrap()), "application/pdf");
        assert!(last.content_disposition().unwrap().is_attachment());
        assert_eq!(last.attachment_name(), Some("schedule-KZ-v1.pdf"));
        assert_eq!(last.contents(), paper);
        let (plain, html) = (mail.body_text(0).unwrap(), mail.body_html(0).unwrap());
        for body in [plain, html] {
            assert!(
                body.contains("The attached schedule-KZ-v1.pdf is this schedule for printing.")
            );
        }
        let text = String::from_utf8(raw).unwrap();
        let (_, packed) = text.rsplit_once("\r\n\r\n").unwrap();
        assert!(packed.lines().all(|line| line.len() <= 76), "{packed}");
        assert!(text.is_ascii() && !text.replace("\r\n", "").contains(['\r', '\n']));
    });
}

#[test]
fn a_mail_without_its_paper_does_not_speak_of_one() {
    let sample = Sample::new();
    let news = News::Confirmed(bilateral("17:20", None));
    let mut letter = sample.letter(&news);
    letter.enclosure = None;
    let read = contents(&compose(&letter).unwrap().raw);
    assert!(!read.plain.contains("schedule-KZ") && !read.html.contains("schedule-KZ"));
    letter.enclosure = Some(Enclosure {
        name: "schedule-KZ-v1.pdf",
        says: "",
    });
    let read = contents(&compose(&letter).unwrap().raw);
    assert!(read.plain.contains("schedule-KZ") && read.html.contains("schedule-KZ"));
}

#[test]
fn both_forms_of_a_mail_are_those_composed_alone() {
    for letters_only in [false, true] {
        let mut sample = Sample::new();
        sample.contact.letters_only = letters_only;
        let news = News::Confirmed(bilateral("17:20", None));
        let mut letter = sample.letter(&news);
        let (without, with) = compose_both(&letter).unwrap();
        assert_eq!(with.unwrap(), compose(&letter).unwrap().raw);
        letter.enclosure = None;
        assert_eq!(without, compose(&letter).unwrap());
        assert_eq!(compose_both(&letter).unwrap(), (without, None));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn any_paper_comes_out_as_it_went_in(paper in prop::collection::vec(any::<u8>(), 1..600)) {
        letters(|letter| {
            let raw = enclose(letter, &paper).unwrap();
            assert_eq!(contents(&raw).paper.as_deref(), Some(paper.as_slice()));
            assert_eq!(taken_out(&raw).as_deref(), Some(letter));
        });
    }
}
