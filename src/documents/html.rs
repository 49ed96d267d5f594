//! The agenda as a page to print and put on a table.

use askama::Template;

use crate::core::agenda::{Agenda, AgendaDay, AgendaEntry, Audience};
use crate::core::text_enum::TextEnum;
use crate::core::time::day_in_words;

/// The look of the page, on screen and on A4.
pub const STYLESHEET: &str = include_str!("../server/assets/agenda.css");

/// Where the page has its look from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stylesheet {
    /// A file of the server, by its URL.
    Link(&'static str),
    /// The page itself, for a file that is opened without a server.
    #[default]
    Embedded,
}

/// Writes the whole page.
pub fn render(agenda: &Agenda, stylesheet: Stylesheet) -> askama::Result<String> {
    AgendaHtml { agenda, stylesheet }.render()
}

#[derive(Template)]
#[template(path = "agenda/page.html")]
struct AgendaHtml<'a> {
    agenda: &'a Agenda,
    stylesheet: Stylesheet,
}

impl AgendaHtml<'_> {
    /// The title of the window and of a PDF made of the page.
    fn title(&self) -> String {
        match self.agenda.addressee() {
            Some(party) => format!("Programme for {} – {}", party.name, self.agenda.name),
            None => format!("Programme – {}", self.agenda.name),
        }
    }

    /// What each sheet carries, should it come away from the others.
    fn reference(&self) -> String {
        let reader = self
            .agenda
            .addressee()
            .map_or("Protocol office", |party| party.name.as_str());
        format!(
            "{} · {reader} · Revision {}",
            self.agenda.slug, self.agenda.revision
        )
    }

    /// True when home times have their own column.
    fn has_home(&self) -> bool {
        self.agenda.days.iter().any(|day| day.home_zone.is_some())
    }

    fn columns(&self) -> usize {
        if self.has_home() { 5 } else { 4 }
    }

    /// The name of the reader's zone at home.
    fn home(&self) -> &'static str {
        match &self.agenda.audience {
            Audience::Delegation(_, zone) => zone.name(),
            Audience::Staff => "",
        }
    }

    /// The entries of a day as lines of its table.
    fn rows(day: &AgendaDay) -> impl Iterator<Item = AgendaRow<'_>> {
        day.shown().map(move |entry| AgendaRow { entry, day })
    }
}

/// One line of a day's table.
struct AgendaRow<'a> {
    entry: &'a AgendaEntry,
    day: &'a AgendaDay,
}

impl<'a> AgendaRow<'a> {
    /// True when the ministers' names fit beside the entry: a bilateral, not a plenary.
    fn names_principals(&self) -> bool {
        self.entry.parties.len() <= 2
    }

    /// Countries in a line, for an entry of many.
    fn countries(&self) -> String {
        if self.entry.everyone {
            return "All delegations".to_owned();
        }
        let names: Vec<_> = self
            .entry
            .parties
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        names.join(", ")
    }

    /// Names of the interpreters; `None` without any and for a delegation.
    fn interpreters(&self) -> Option<String> {
        let names: Vec<_> = self
            .entry
            .interpreters
            .iter()
            .flatten()
            .map(|one| one.name.as_str())
            .collect();
        (!names.is_empty()).then(|| names.join("; "))
    }

    /// `14:40–15:10`, as it reads on this day.
    fn range(&self) -> String {
        self.entry.venue.range_on(self.day.date)
    }

    /// The zone, where it is not that of the day because the clocks are changed.
    fn odd_zone(&self) -> Option<&'a str> {
        (self.entry.venue.zone != self.day.zone).then_some(self.entry.venue.zone.as_str())
    }

    /// The home zone, where it is not that of the day.
    fn odd_home_zone(&self) -> Option<&'a str> {
        let zone = self.entry.home.as_ref().map(|home| home.zone.as_str())?;
        (self.day.home_zone.as_deref() != Some(zone)).then_some(zone)
    }

    /// The day at home, where it is not that at the venue: `Friday, 23 December 2022`.
    fn other_day(&self) -> Option<String> {
        let home = self.entry.home.as_ref()?;
        (home.date != self.entry.venue.date).then(|| day_in_words(home.date))
    }
}
