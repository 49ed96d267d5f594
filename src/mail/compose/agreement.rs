//! Plain text and HTML are two looks of one letter: the same lines in the same order, and the same links.

use super::*;
use crate::core::notice::{News, Told};
use crate::core::slot::{MeetingFormat, SlotKind};
use crate::mail::Piece;
use crate::mail::sample::{Sample, bilateral};
use crate::mail::{Invitation, ReaderKnowledge};

/// The lines that people read in the plain text.
fn plain_lines(plain: &str) -> Vec<String> {
    let lines = plain.lines().map(|line| {
        let line = line.trim();
        line.strip_prefix("- ").unwrap_or(line).to_lowercase()
    });
    lines.filter(|line| !line.is_empty()).collect()
}

/// The lines that people see of the HTML; a table's row of two cells is `label: value`, as in plain text.
fn html_lines(html: &str) -> Vec<String> {
    let (_, body) = html.split_once("<body>").unwrap();
    let body = without_buttons(&body.replace('\n', " "));
    let mut cells = body.split("</th><td");
    let mut joined = cells.next().unwrap().to_owned();
    for cell in cells {
        let (_, cell) = cell.split_once('>').unwrap();
        joined.extend([": ", cell]);
    }
    let body = joined;
    let mut shown = String::new();
    for piece in body.split('<') {
        let (tag, text) = piece.split_once('>').unwrap_or(("", piece));
        let name = tag.trim_start_matches('/').split(' ').next().unwrap();
        if !["strong", "span", "a"].contains(&name) {
            shown.push('\n');
        }
        shown.push_str(text);
    }
    let shown = shown
        .replace("&#39;", "'")
        .replace("&#34;", "\"")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#38;", "&");
    let lines = shown.lines().map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.join(" ").to_lowercase()
    });
    lines.filter(|line| !line.is_empty()).collect()
}

/// The HTML without its buttons, whose addresses stand below them.
fn without_buttons(html: &str) -> String {
    let mut pieces = html.split("<a class=\"button\"");
    let mut rest = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let (button, after) = piece.split_once("</a>").unwrap();
        let (_, target) = button.split_once("href=\"").unwrap();
        let (target, _) = target.split_once('"').unwrap();
        assert!(
            after.contains(&format!("<a href=\"{target}\">{target}</a>")),
            "{html}"
        );
        rest.push_str(after);
    }
    rest
}

/// Links of the HTML, with their addresses and texts.
fn links(html: &str) -> Vec<(String, String)> {
    let links = html.split("<a href=\"").skip(1);
    links
        .map(|rest| {
            let (target, rest) = rest.split_once("\">").unwrap();
            let (text, _) = rest.split_once("</a>").unwrap();
            (target.replace("&#38;", "&"), text.replace("&#38;", "&"))
        })
        .collect()
}

fn assert_agreement(letter: &Letter<'_>) {
    let words = LetterWords::of(letter);
    let (plain, html) = (words.plain().unwrap(), words.html().unwrap());
    assert_eq!(plain_lines(&plain), html_lines(&html));
    for (target, text) in links(&html) {
        // A link says where it leads, so that it can be read, checked and typed.
        assert_eq!(target.trim_start_matches("mailto:"), text);
        assert!(plain.lines().any(|line| line == text), "{text} in {plain}");
    }
    let addresses = plain.lines().filter(|line| line.contains("://"));
    for address in addresses {
        let found = links(&html).iter().any(|(target, _)| target == address);
        assert!(found, "{address} is a link");
    }
    let (_, title) = html.split_once("<title>").unwrap();
    let (title, _) = title.split_once("</title>").unwrap();
    assert!(html.contains(&format!("<h1>{title}</h1>")), "{html}");
}

/// Every kind of notice.
fn all_news() -> Vec<News> {
    let salon = || bilateral("17:20", Some("Salon"));
    let changed = |now: Told| News::Changed {
        before: salon(),
        now,
    };
    vec![
        News::Confirmed(bilateral("17:20", None)),
        News::Confirmed(Told {
            title: "Talks <\"tea\" & 'sweets'>: first → last".into(),
            ..salon()
        }),
        changed(bilateral("17:30", Some("Conference Room"))),
        changed(bilateral("17:20", None)),
        changed(Told {
            title: "Talks".into(),
            kind: SlotKind::Meal.into(),
            format: MeetingFormat::default(),
            ..salon()
        }),
        News::Cancelled(salon()),
        News::Dropped(salon()),
        News::Withdrawn(salon()),
        News::Repeated(salon()),
    ]
}

#[test]
fn every_letter_says_the_same_in_plain_text_and_html() {
    let mut samples = vec![Sample::new(), Sample::new(), Sample::new(), Sample::new()];
    samples[1].delegation.time_zone = "America/New_York".parse().unwrap();
    samples[2].delegation.time_zone = samples[2].event.time_zone;
    samples[2].contact.letters_only = true;
    samples[3].schedule.clear();
    samples[3].event.office.phone.clear();
    samples[3].event.name_ja.clear();
    samples[3].event.venue_ja.clear();
    samples[3].delegation.name_ja.clear();
    for sample in &samples {
        for news in all_news() {
            for standing in [ReaderKnowledge::UpToDate, ReaderKnowledge::Behind] {
                let mut letter = sample.letter(&news);
                letter.news[0].standing = standing;
                assert_agreement(&letter);
                letter.news[0].answer = None;
                letter.schedule = None;
                assert_agreement(&letter);
            }
        }
    }
}

#[test]
fn a_letter_about_several_slots_says_the_same_in_both() {
    let sample = Sample::new();
    let news = all_news();
    let mut letter = sample.letter(&news[0]);
    letter.invitation = None::<Invitation<'_>>;
    letter.private_page = "https://iikura.example/d/all?of=it&more";
    letter.news = news
        .iter()
        .map(|news| Piece {
            news,
            standing: ReaderKnowledge::UpToDate,
            answer: Some("https://iikura.example/d/answer"),
        })
        .collect();
    assert_agreement(&letter);
}
