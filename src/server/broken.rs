//! Slots that a change of facts has broken: named in the address that follows the change, and listed on that page.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::core::programme::Programme;
use crate::core::rules::breakage::broken_by;
use crate::core::slot::SlotId;
use crate::core::timetable::ConflictMark;

/// The most slots that are named.
const MOST_NAMED: usize = 50;

/// The slots that a change has broken, as an address has them: `3:12.15.17`, the number of all before those named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BrokenSlots {
    /// Slots beyond those named.
    pub unnamed: usize,
    /// The first slots, by time.
    pub named: Vec<SlotId>,
}

impl BrokenSlots {
    /// Lists the slots that a change from one programme to another has broken.
    #[must_use]
    pub fn by(before: &Programme, after: &Programme) -> Self {
        let mut named = broken_by(before, after);
        let unnamed = named.len().saturating_sub(MOST_NAMED);
        named.truncate(MOST_NAMED);
        Self { unnamed, named }
    }

    /// What the address says after a change: the word of [`crate::core::done`], and the slots.
    #[must_use]
    pub fn after(&self, word: &str) -> String {
        if self.named.is_empty() {
            return word.to_owned();
        }
        let ids: Vec<String> = self.named.iter().map(SlotId::to_string).collect();
        let count = self.named.len() + self.unnamed;
        format!("{word}&broken={count}:{}", ids.join("."))
    }

    /// Reads the slots of a query string; of one that is malformed, none.
    #[must_use]
    pub fn in_query(query: &str) -> Self {
        let found =
            url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "broken");
        found
            .and_then(|(_, value)| Self::parse(&value))
            .unwrap_or_default()
    }

    fn parse(value: &str) -> Option<Self> {
        let (count, ids) = value.split_once(':')?;
        let count: u16 = count.parse().ok()?;
        let ids = ids.split('.').take(MOST_NAMED);
        let named = ids.map(|id| id.parse().ok().map(SlotId));
        let named: Vec<SlotId> = named.collect::<Option<_>>()?;
        Some(Self {
            unnamed: usize::from(count).saturating_sub(named.len()),
            named,
        })
    }
}

/// A list of slots that break rules, with what could be done about each.
#[derive(Debug, Clone, Template)]
#[template(path = "components/broken_list.html")]
pub struct BrokenList {
    /// The heading.
    pub title: String,
    /// Slots beyond those listed.
    pub unnamed: usize,
    /// The slots, by time.
    pub slots: Vec<BrokenSlot>,
}

impl HtmlSafe for BrokenList {}

/// A slot that breaks rules, in words.
#[derive(Debug, Clone)]
pub struct BrokenSlot {
    /// The slot.
    pub slot: SlotId,
    /// The day on which it starts.
    pub day: String,
    /// Its times, by the venue's clock.
    pub time: String,
    /// Its title.
    pub title: String,
    /// What is against it.
    pub marks: Vec<ConflictMark>,
    /// Free times and rooms, each at one press.
    pub alternatives: Vec<OfferForm>,
}

/// An alternative, ready to be sent.
#[derive(Debug, Clone)]
pub struct OfferForm {
    /// The time, the room, and what else differs.
    pub label: String,
    /// The slot form, filled in.
    pub fields: Vec<(String, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_in_an_address_are_read_as_written() {
        let broken = BrokenSlots {
            unnamed: 7,
            named: vec![SlotId(12), SlotId(15)],
        };
        assert_eq!(broken.after("saved"), "saved&broken=9:12.15");
        assert_eq!(BrokenSlots::in_query("done=saved&broken=9:12.15"), broken);
        assert_eq!(BrokenSlots::default().after("saved"), "saved");
        for malformed in ["", "x", "12.15", "2:12.x", ":", "-1:12", "70000:12", "1:"] {
            let query = format!("broken={malformed}");
            assert_eq!(BrokenSlots::in_query(&query), BrokenSlots::default());
        }
    }
}
