//! A test language made of symbols: text without symbols was not asked of the language.

use super::*;
use crate::core::slot::{MeetingFormat, SlotKind};
use crate::core::text::{Email, TextLine};
use crate::mail::compose::compose;
use crate::mail::contents::contents;
use crate::mail::sample::{Sample, bilateral};
use crate::mail::{Letter, Piece};

pub(super) const SIGNS: Language = language!(
    "qaa",
    phrase(
        ext = "txt",
        source = "{% match phrase %}\
            {% when Phrase::Day(date) %}{{ date.format(\"%Y年%-m月%-d日（%u）\") }}\
            {% when Phrase::DayAndTime(date, time) %}{{ date.format(\"%Y年%-m月%-d日（%u）\") }}{{ time }}\
            {% when Phrase::Moment(date, clock, zone) %}{{ date.format(\"%Y年%-m月%-d日\") }}{{ clock }}（{{ zone }}）\
            {% when Phrase::Until(date, clock, zone) %}{{ date.format(\"%Y年%-m月%-d日\") }}→{{ clock }}（{{ zone }}）\
            {% when Phrase::NowIn(when, place) %}{{ when }}◈{{ place.unwrap_or_default() }}\
            {% when Phrase::Names(names) %}{{ names.join(\"、\") }}\
            {% when Phrase::Kind(_, _) %}◇\
            {% when Phrase::RoomUnknown %}◈？\
            {% when Phrase::Headline(_) %}★\
            {% when Phrase::Sentence(news, party) %}★{{ news.slot().title }}→{{ party }}。\
            {% when Phrase::Advice(_, _) %}☞。\
            {% when Phrase::SlotHeading(_) %}☆\
            {% when Phrase::Title(headline, title) %}{{ headline }}：{{ title }}\
            {% when Phrase::SeveralTitle(count) %}★×{{ count }}\
            {% when Phrase::SeveralSentence(count, party) %}★×{{ count }}→{{ party }}。\
            {% when Phrase::FinalTitle %}★▤\
            {% when Phrase::FinalSentence(count, party) %}★▤{{ count }}→{{ party }}。\
            {% when Phrase::CalendarHint(_) %}▤。\
            {% when Phrase::Issued(moment, version) %}✎{{ moment }}＃{{ version }}\
            {% when Phrase::TimeAt(place) %}◷{{ place }}\
            {% when Phrase::TimeAtHome %}◷⌂\
            {% when Phrase::Room %}◈\
            {% when Phrase::Venue %}⌖\
            {% when Phrase::Event %}❖\
            {% when Phrase::Office %}✉\
            {% when Phrase::TitleLabel %}❝\
            {% when Phrase::KindLabel %}◇\
            {% when Phrase::TakingPart %}☺\
            {% endmatch %}"
    ),
    subject(
        ext = "txt",
        source =
            "{{ words.title }}{% if let Some(piece) = words.only() %}／{{ piece.when }}{% endif %}"
    ),
    plain(
        ext = "txt",
        source = "{% for piece in words.pieces %}{{ piece.sentence }}{{ piece.advice }}\n\
            {% for change in piece.changes %}{{ change.label }}：{{ change.before }}→{{ change.now }}\n{% endfor %}\
            {{ piece.slot_heading }}{{ piece.slot.venue_time }}\n\
            {% if let Some(time) = piece.slot.home_time %}⌂{{ time }}\n{% endif %}\
            {% if let Some(room) = piece.slot.room %}◈{{ room }}\n{% endif %}\
            {{ piece.slot.kind }}：{{ piece.slot.participants }}\n{% endfor %}\
            {% if let Some(hint) = words.calendar %}{{ hint }}\n{% endif %}{{ words.issued }}\n\
            {% if let Some(days) = words.schedule %}{% for day in days %}{{ day.name }}\n\
            {% for slot in day.slots %}{{ slot.venue_time }}{{ slot.title }}\n{% endfor %}{% endfor %}{% endif %}"
    ),
    html(
        ext = "html",
        source = "<!DOCTYPE html><html lang=\"qaa\"><title>{{ words.title }}</title><body>\
            {% for piece in words.pieces %}<p>{{ piece.sentence }}</p>{% endfor %}</body></html>"
    ),
    calendar(
        ext = "txt",
        source = "{{ words.slot.venue_time }}\n{{ words.slot.kind }}：{{ words.slot.participants }}\n{{ words.office.name }}"
    )
);

/// The meeting with every name of it in signs.
fn in_signs() -> Sample {
    let mut sample = Sample::new();
    let line = |text: &str| TextLine::stored(text.into());
    sample.event.venue = line("飯倉公館");
    sample.event.office.name = line("儀典");
    sample.delegation.name = line("Қазақстан");
    sample.contact.name = line("連絡");
    sample.contact.language = "QAA-Latn-x-ours".into();
    for told in &mut sample.schedule {
        told.title = "全体".into();
        told.delegations = vec!["日本".into(), "Қазақстан".into()];
    }
    sample
}

fn moved() -> News {
    let told = |clock, room: Option<&str>, title: &str, kind: SlotKind| crate::core::notice::Told {
        title: title.into(),
        kind: kind.into(),
        format: MeetingFormat::default(),
        delegations: vec!["日本".into(), "Қазақстан".into()],
        ..bilateral(clock, room)
    };
    News::Changed {
        before: told("17:20", None, "二国間", SlotKind::Meal),
        now: told("23:45", Some("広間"), "会談", SlotKind::Bilateral),
    }
}

/// The words in Latin letters.
fn latin(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = text
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter(|word| !word.is_empty())
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

#[test]
fn a_second_language_is_all_there_is_in_a_letter() {
    let sample = in_signs();
    let news = moved();
    let mut letter = sample.letter(&news);
    letter.version = 3;
    let composed = compose(&letter).unwrap();
    assert_eq!(
        composed.subject,
        "★：会談／2022年12月24日23:45（JST, UTC+9）◈広間"
    );
    let read = contents(&composed.raw);
    assert_eq!(
        read.plain,
        "★会談→Қазақстан。☞。\n\
         ◷飯倉公館：17:20–17:50 (JST, UTC+9)→23:45 – 2022年12月25日（7）00:15 (JST, UTC+9)\n\
         ◷⌂：14:20–14:50 (Almaty, UTC+6)→20:45–21:15 (Almaty, UTC+6)\n\
         ◈：◈？→広間\n\
         ❝：二国間→会談\n\
         ☆2022年12月24日（6）23:45 – 2022年12月25日（7）00:15 (JST, UTC+9)\n\
         ⌂2022年12月24日（6）20:45–21:15 (Almaty, UTC+6)\n\
         ◈広間\n\
         ◇：日本、Қазақстан\n\
         ▤。\n\
         ✎2022年12月21日09:00（JST, UTC+9）＃3\n\
         2022年12月24日（6）\n\
         10:00–12:00 (JST, UTC+9)全体\n\
         17:20–17:50 (JST, UTC+9)全体\n"
    );
    assert_eq!(latin(&read.plain), ["Almaty", "JST", "UTC"]);
    assert!(
        read.html.contains("<p>★会談→Қазақстан。</p>"),
        "{}",
        read.html
    );
    let calendar = read.calendar.unwrap().replace("\n ", "");
    let description = calendar
        .lines()
        .find_map(|line| line.strip_prefix("DESCRIPTION:"))
        .unwrap();
    assert_eq!(
        description,
        "2022年12月24日（6）23:45 – 2022年12月25日（7）00:15 (JST\\, UTC+9)\\n◇：日本、Қазақстан\\n儀典"
    );
}

#[test]
fn a_letter_about_several_slots_asks_the_language_too() {
    let sample = in_signs();
    let news = moved();
    let letter = Letter {
        invitation: None,
        news: [&news, &news]
            .map(|news| Piece {
                news,
                standing: ReaderKnowledge::Behind,
                answer: None,
            })
            .to_vec(),
        ..sample.letter(&news)
    };
    let composed = compose(&letter).unwrap();
    assert_eq!(composed.subject, "★×2");
    assert_eq!(
        latin(&contents(&composed.raw).plain),
        ["Almaty", "JST", "UTC"]
    );
}

#[test]
fn contacts_of_one_delegation_each_read_their_own_language() {
    let mut sample = Sample::new();
    let news = News::Confirmed(bilateral("17:20", None));
    let subject = |sample: &Sample| compose(&sample.letter(&news)).unwrap().subject;
    assert!(subject(&sample).starts_with("Confirmed: "));
    sample.contact.language = "qaa".into();
    sample.contact.email = Email::parse("other@delegations.example").unwrap();
    assert!(subject(&sample).starts_with("★："));
}

#[test]
fn who_reads_none_of_the_languages_gets_english() {
    for (tag, found) in [
        ("en", "en"),
        ("en-GB", "en"),
        ("EN", "en"),
        ("qaa", "qaa"),
        ("qaa-Cyrl-KZ", "qaa"),
        // Begins with the same letters, and is another language.
        ("qaab", "en"),
        ("de", "en"),
        ("zh-Hant", "en"),
        ("", "en"),
    ] {
        assert_eq!(Language::of(tag).tag, found, "{tag}");
    }
}

#[test]
fn a_folder_is_a_language_by_its_line() {
    let folders = std::fs::read_dir("templates/mail/letter").unwrap();
    let mut folders: Vec<String> = folders
        .map(Result::unwrap)
        .filter(|entry| entry.path().is_dir())
        .map(|folder| folder.file_name().into_string().unwrap())
        .collect();
    folders.sort();
    let mut tags: Vec<&str> = LANGUAGES.iter().map(|language| language.tag).collect();
    tags.retain(|tag| *tag != SIGNS.tag);
    tags.sort_unstable();
    assert_eq!(folders, tags);
}
