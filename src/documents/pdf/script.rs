//! Scripts that no font of this machine has: documents show empty boxes for them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::sync::{LazyLock, Mutex, PoisonError};

use unicode_script::{Script, UnicodeScript};

use super::world;
use crate::core::programme::Programme;
use crate::core::text::shows_nothing;

/// Signs of a script that are shown as examples, at most.
const MOST_SIGNS: usize = 6;

/// A script without a font, with the package of Debian that brings one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingScript {
    /// `Thai`; `Flags and emoji`
    pub name: &'static str,
    /// Some of its signs, as they were met.
    pub signs: String,
    /// `fonts-noto-core`
    pub package: &'static str,
}

impl fmt::Display for MissingScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.signs)
    }
}

/// Finds the scripts that documents of a programme could not show.
#[must_use]
pub fn missing_scripts(programme: &Programme) -> Vec<MissingScript> {
    of_signs(texts(programme).flat_map(str::chars), world::has_sign)
}

/// The scripts in a sentence, and what brings fonts for them; `None` when there are none.
#[must_use]
pub fn in_words(missing: &[MissingScript]) -> Option<(String, String)> {
    if missing.is_empty() {
        return None;
    }
    let scripts: Vec<String> = missing.iter().map(ToString::to_string).collect();
    let packages: BTreeSet<&str> = missing.iter().map(|script| script.package).collect();
    let packages: Vec<&str> = packages.into_iter().collect();
    Some((
        format!("no font for {}: documents show boxes", scripts.join(", ")),
        format!(
            "apt install {}, then restart the server",
            packages.join(" ")
        ),
    ))
}

/// Logs scripts that a document lacks, each once in the life of the program.
pub(super) fn log(data: &serde_json::Value) {
    static LOGGED: LazyLock<Mutex<HashSet<&str>>> = LazyLock::new(Mutex::default);
    let mut signs = BTreeSet::new();
    collect(data, &mut signs);
    let mut missing = of_signs(signs.into_iter(), world::has_sign);
    let mut logged = LOGGED.lock().unwrap_or_else(PoisonError::into_inner);
    missing.retain(|script| logged.insert(script.name));
    if let Some((words, next)) = in_words(&missing) {
        tracing::warn!("{words}; {next}");
    }
}

fn collect(data: &serde_json::Value, signs: &mut BTreeSet<char>) {
    match data {
        serde_json::Value::String(text) => {
            signs.extend(text.chars().filter(|sign| !sign.is_ascii()));
        }
        serde_json::Value::Array(parts) => parts.iter().for_each(|part| collect(part, signs)),
        serde_json::Value::Object(parts) => parts.values().for_each(|part| collect(part, signs)),
        _ => {}
    }
}

/// Everything that people typed and that a document may show. Japanese names are left out where there is no font for
/// them, which is said elsewhere.
fn texts(programme: &Programme) -> impl Iterator<Item = &str> {
    let event = &programme.event;
    let delegations = programme.delegations.iter().flat_map(|each| {
        let contacts = each.contacts.iter().map(|contact| contact.name.as_str());
        [
            each.name.as_str(),
            each.principal.as_str(),
            &each.principal_title,
        ]
        .into_iter()
        .chain(contacts)
    });
    let rooms = programme.rooms.iter().map(|room| room.name.as_str());
    let interpreters = programme.interpreters.iter().map(|one| one.name.as_str());
    let slots = programme.live_slots().flat_map(|slot| {
        let content = slot.content();
        [content.title.as_str(), content.note.as_str()]
    });
    let japanese = world::japanese().first().map(|_| {
        let delegations = programme.delegations.iter();
        let names = delegations.flat_map(|each| [&*each.name_ja, &*each.principal_ja]);
        let rooms = programme.rooms.iter().map(|room| &*room.name_ja);
        names
            .chain(rooms)
            .chain([&*event.name_ja, &*event.venue_ja])
    });
    [
        event.name.as_str(),
        event.venue.as_str(),
        event.office.name.as_str(),
    ]
    .into_iter()
    .chain(delegations)
    .chain(rooms)
    .chain(interpreters)
    .chain(slots)
    .chain(japanese.into_iter().flatten())
}

/// The scripts of those signs that `has_sign` denies, by name.
fn of_signs(
    signs: impl Iterator<Item = char>,
    has_sign: impl Fn(char) -> bool,
) -> Vec<MissingScript> {
    let shown = |sign: &char| {
        !sign.is_ascii() && !sign.is_whitespace() && !sign.is_control() && !shows_nothing(*sign)
    };
    let different: BTreeSet<char> = signs.filter(shown).collect();
    let mut missing: BTreeMap<&str, MissingScript> = BTreeMap::new();
    for sign in different.into_iter().filter(|sign| !has_sign(*sign)) {
        let (name, package) = script_of(sign);
        let script = missing.entry(name).or_insert_with(|| MissingScript {
            name,
            signs: String::new(),
            package,
        });
        if script.signs.chars().count() < MOST_SIGNS {
            script.signs.push(sign);
        }
    }
    missing.into_values().collect()
}

/// Name and package of a sign's script.
fn script_of(sign: char) -> (&'static str, &'static str) {
    match sign.script() {
        Script::Han | Script::Hiragana | Script::Katakana | Script::Hangul | Script::Bopomofo => {
            (sign.script().full_name(), "fonts-noto-cjk")
        }
        Script::Common | Script::Inherited | Script::Unknown => match sign {
            '\u{2600}'..='\u{27BF}' | '\u{1F000}'..='\u{1FAFF}' => {
                ("Flags and emoji", "fonts-noto-color-emoji")
            }
            _ => ("Symbols", "fonts-noto-core"),
        },
        script => (script.full_name(), "fonts-noto-core"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::sample;
    use crate::core::text::TextLine;

    fn latin_only(sign: char) -> bool {
        sign < '\u{500}'
            || ('\u{1E00}'..'\u{1F00}').contains(&sign)
            || ('\u{2010}'..'\u{2100}').contains(&sign)
    }

    fn missing(text: &str) -> Vec<(&'static str, &'static str)> {
        let found = of_signs(text.chars(), latin_only);
        found
            .iter()
            .map(|script| (script.name, script.package))
            .collect()
    }

    #[test]
    fn a_script_without_a_font_is_named_with_its_package() {
        let core = "fonts-noto-core";
        for (text, script, package) in [
            ("ราชอาณาจักรไทย", "Thai", core),
            ("မြန်မာ", "Myanmar", core),
            ("កម្ពុជា", "Khmer", core),
            ("ລາວ", "Lao", core),
            ("ኢትዮጵያ", "Ethiopic", core),
            ("ᠮᠣᠩᠭᠣᠯ", "Mongolian", core),
            ("საქართველო", "Georgian", core),
            ("भारत", "Devanagari", core),
            ("Emoji 🇯🇵 ☎ ★", "Flags and emoji", "fonts-noto-color-emoji"),
            ("대한민국", "Hangul", "fonts-noto-cjk"),
            ("秦刚", "Han", "fonts-noto-cjk"),
            ("①", "Symbols", core),
        ] {
            assert_eq!(missing(text), [(script, package)], "{text}");
        }
        assert_eq!(missing("Türkiye – Қазақстан, “Việt\u{200B}\u{FE0F}”\n"), []);
    }

    #[test]
    fn scripts_are_said_in_a_sentence_with_what_to_install() {
        let found = of_signs("ไทย 🇯🇵 កម្ពុជា".chars(), latin_only);
        let (words, next) = in_words(&found).unwrap();
        assert_eq!(
            words,
            "no font for Flags and emoji (🇯🇵), Khmer (កជពម\u{17B6}\u{17BB}), Thai (ทยไ): documents show boxes"
        );
        assert_eq!(
            next,
            "apt install fonts-noto-color-emoji fonts-noto-core, then restart the server"
        );
        assert_eq!(in_words(&[]), None);
    }

    #[test]
    fn every_name_and_title_of_a_programme_is_looked_at() {
        let mut programme = sample::ninth_meeting();
        assert_eq!(
            missing_scripts(&programme),
            [],
            "fonts for this are in the program"
        );
        // No font has these: a private use area, and a script of no living language.
        let mut slot = sample::slot_of(&programme, sample::KZ);
        slot.details.content.title = TextLine::stored("Title \u{F8FFF}".to_owned());
        programme = programme.with_slot(slot);
        let signs: String = missing_scripts(&programme)
            .into_iter()
            .map(|each| each.signs)
            .collect();
        assert_eq!(signs, "\u{F8FFF}");
    }
}
