//! Header of every page: event, revision, time of issue, addressee, and state.

use serde::Serialize;

use super::words::{Name, text};
use super::world;
use crate::core::agenda::Agenda;
use crate::core::time::Moment;

/// The frame around a document.
#[derive(Debug, Serialize)]
pub(super) struct SheetHead {
    /// The title of the document as a file.
    title: String,
    /// What it is: `Programme`, `Door sheets`.
    document: &'static str,
    event: Name,
    venue: Name,
    office: String,
    /// `DRAFT – contains tentative slots`; empty when everything is firm.
    mark: String,
    /// The addressee; empty for the protocol office.
    addressee: String,
    /// `Revision 12`
    edition: String,
    /// `Issued Tuesday, 20 December 2022, 18:00 (JST, UTC+9)`
    issued: String,
    /// Families for Japanese.
    japanese: &'static [&'static str],
    #[serde(skip)]
    pub(super) issued_at: Moment,
}

impl SheetHead {
    /// The frame of a document made from `agenda`; `mark` is of what the document shows of it.
    pub(super) fn of(agenda: &Agenda, document: &'static str, mark: Option<&str>) -> Self {
        let office = &agenda.office;
        let addressee = agenda.addressee().map_or_else(String::new, |party| {
            format!("For the delegation of {}", party.name)
        });
        let subject = agenda
            .addressee()
            .map_or_else(String::new, |party| format!(" of {}", party.name));
        Self {
            title: text(&format!("{document}{subject} – {}", agenda.name)),
            document,
            event: Name::new(&agenda.name, &agenda.name_ja),
            venue: Name::new(&agenda.venue, &agenda.venue_ja),
            office: [
                office.name.as_str(),
                office.email.as_str(),
                office.phone.as_str(),
            ]
            .into_iter()
            .filter(|part| !part.is_empty())
            .map(text)
            .collect::<Vec<_>>()
            .join(" · "),
            mark: mark.unwrap_or_default().to_owned(),
            addressee: text(&addressee),
            edition: format!("Revision {}", agenda.revision),
            issued: format!("Issued {}", agenda.issued()),
            japanese: world::japanese(),
            issued_at: agenda.issued_at,
        }
    }

    /// Replaces the addressee.
    pub(super) fn addressed(mut self, to: &str) -> Self {
        self.addressee = text(to);
        self
    }

    /// With something else in the place of the revision.
    pub(super) fn edition(mut self, edition: String) -> Self {
        self.edition = edition;
        self
    }

    /// Whom to ask, in a line.
    pub(super) fn office(&self) -> &str {
        &self.office
    }
}
