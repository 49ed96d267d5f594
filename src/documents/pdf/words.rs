//! Text as it can be printed.

use chrono::NaiveDate;
use serde::Serialize;

use super::world;
use crate::core::agenda::{AgendaDelegation, AgendaRoom};
use crate::core::time::ClockRange;

/// A name in both languages; the Japanese one is empty where there is none, and where no font could show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Name {
    pub(super) en: String,
    ja: String,
}

impl Name {
    pub(super) fn new(en: &str, ja: &str) -> Self {
        let can_show = !world::japanese().is_empty();
        Self {
            en: text(en),
            ja: if can_show { text(ja) } else { String::new() },
        }
    }

    pub(super) fn of_place(place: &AgendaRoom) -> Self {
        Self::new(&place.name, &place.name_ja)
    }
}

/// A delegation with its minister.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Side {
    country: Name,
    principal: Name,
    title: String,
}

impl Side {
    pub(super) fn of(party: &AgendaDelegation) -> Self {
        Self {
            country: Name::new(&party.name, &party.name_ja),
            principal: Name::new(&party.principal, &party.principal_ja),
            title: text(&party.principal_title),
        }
    }
}

/// A text without characters that steer a terminal or turn a line around. Where a long word is broken is the
/// template's business, so that copied text is what was entered.
pub(super) fn text(raw: &str) -> String {
    raw.chars()
        .filter(|&sign| sign == '\n' || !steers(sign))
        .collect()
}

/// Control characters, and the embeddings, overrides and isolates of writing direction.
fn steers(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// `14:40–15:10`, and what of it is not as the day's heading says: the zone, the day on which it ends.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Time {
    range: String,
    remark: String,
}

impl Time {
    /// Below a heading that names the day `date` and the zone `usual`.
    pub(super) fn of(clock: &ClockRange, usual: &str, date: NaiveDate) -> Self {
        let day = |date: NaiveDate| date.format("%a %-d %b").to_string();
        let (first, last) = (clock.date, clock.last_date());
        let mut remarks = Vec::new();
        if first != date && first == last {
            remarks.push(day(first));
        } else {
            remarks.extend((first != date).then(|| format!("from {}", day(first))));
            remarks.extend((last != date).then(|| format!("until {}", day(last))));
        }
        if clock.zone != usual {
            remarks.push(clock.zone.clone());
        }
        let [start, end] = clock.clocks();
        Self {
            range: format!("{start}–{end}"),
            remark: remarks.join(", "),
        }
    }

    /// The same with more to say.
    pub(super) fn with(mut self, remark: &str) -> Self {
        if !self.remark.is_empty() {
            self.remark.push_str(", ");
        }
        self.remark.push_str(remark);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_and_nothing_is_added() {
        assert_eq!(text(&"W".repeat(300)), "W".repeat(300));
        assert_eq!(text("a\u{202E}b\u{7}c"), "abc");
        assert_eq!(text("#import \"/etc/passwd\""), "#import \"/etc/passwd\"");
        assert_eq!(
            text("Foreign Ministers' Meeting"),
            "Foreign Ministers' Meeting"
        );
    }
}
