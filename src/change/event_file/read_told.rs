//! Reading notices and answers.

use std::ops::Range;

use chrono::DateTime;
use toml::Spanned;

use super::read::FileReader;
use super::{AnswerEntry, ToldEntry};
use crate::core::delegation::DelegationId;
use crate::core::notice::answer::{Answer, NoticeReply, Via};
use crate::core::notice::{Method, Notice, Told, ToldEvent, ToldKind};
use crate::core::programme::Programme;
use crate::core::slot::{Slot, SlotId};
use crate::core::text::{self, Email, TextLine, optional_line};
use crate::core::text_enum::TextEnum;
use crate::core::time::Moment;
use crate::core::time::interval::Interval;

/// Reports an invitation that cannot be imported, since its UID belongs to another one.
pub(super) fn is_there_already(uid: &str) -> String {
    format!(
        "told: the invitation {uid} is there already; to import a copy of the event, export it with --without-notices"
    )
}

impl FileReader<'_> {
    /// Imports notices and answers, so that the next letter continues from there.
    pub(super) fn told(
        &mut self,
        programme: &mut Programme,
        slot: &Slot,
        entries: &[Spanned<ToldEntry>],
    ) {
        let mut notices = Vec::new();
        let mut answers = Vec::new();
        for raw in entries {
            let entry = raw.as_ref();
            let party = programme.delegation_by_code(&entry.party);
            let at = DateTime::parse_from_rfc3339(&entry.at).ok();
            let (Some(delegation), Some(method), Some(at)) =
                (party, Method::from_word(&entry.method), at)
            else {
                self.fault(
                    &raw.span(),
                    "told: party, method (REQUEST or CANCEL) and at (RFC 3339) must be valid",
                );
                continue;
            };
            let fits = [&entry.uid, &entry.thread].into_iter().all(|name| {
                (1..=200).contains(&name.len())
                    && name
                        .bytes()
                        .all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>')
            });
            if !fits {
                self.fault(&raw.span(), "told: uid and thread are names as an export writes them; leave them as they are");
                continue;
            }
            if !(0..=slot.sequence).contains(&entry.sequence) {
                self.fault(
                    &raw.span(),
                    format!(
                        "told: the sequence is from 0 to that of the slot, {}",
                        slot.sequence
                    ),
                );
                continue;
            }
            if notices
                .iter()
                .any(|other: &Notice| other.delegation == delegation.id)
            {
                let message = format!("told: {} is there twice", entry.party);
                self.fault(&raw.span(), message);
                continue;
            }
            let at_line = self.line_of(&raw.span());
            if !self.known_as(&entry.uid, at_line) {
                self.fault(&raw.span(), is_there_already(&entry.uid));
                continue;
            }
            let around = ToldEvent::of(&programme.event, delegation);
            let organizer = entry.organizer.as_ref().unwrap_or(&around.office_email);
            let (Some(told), Some(organizer)) = (
                self.told_slot(&raw.span(), &entry.slot, &around),
                self.parsed("told", &raw.span(), || Email::parse(organizer)),
            ) else {
                continue;
            };
            if let Some(answer) = &entry.answer {
                let asked = (slot.id, delegation.id);
                answers.extend(self.answer(&raw.span(), asked, (entry.sequence, &around), answer));
            }
            notices.push(Notice {
                slot: slot.id,
                delegation: delegation.id,
                uid: entry.uid.clone(),
                organizer,
                sequence: entry.sequence,
                method,
                told,
                thread: entry.thread.clone(),
                told_at: Moment::from_seconds(at.timestamp()),
            });
        }
        programme.ledger.tell(notices);
        programme.ledger.hear(answers);
    }

    /// An answer, at the latest to the last notice.
    fn answer(
        &mut self,
        at: &Range<usize>,
        (slot, delegation): (SlotId, DelegationId),
        (latest, around): (i32, &ToldEvent),
        entry: &AnswerEntry,
    ) -> Option<Answer> {
        let answered_at = DateTime::parse_from_rfc3339(&entry.at).ok();
        let words = (
            NoticeReply::from_word(&entry.reply),
            Via::from_word(&entry.via),
        );
        let (Some(answered_at), (Some(reply), Some(via))) = (answered_at, words) else {
            self.fault(
                at,
                "answer: reply (accepted, declined or tentative), via (link, mail or office) and at (RFC 3339) must be valid",
            );
            return None;
        };
        if !(0..=latest).contains(&entry.sequence) {
            self.fault(
                at,
                format!("answer: the sequence is from 0 to that of the notice, {latest}"),
            );
            return None;
        }
        let told = self.told_slot(at, &entry.told, around);
        let comment = self.parsed("answer", at, || text::note(&entry.comment));
        let by = if entry.by.is_empty() {
            Some(String::new())
        } else {
            self.parsed("answer", at, || TextLine::parse(&entry.by))
                .map(|line| line.to_string())
        };
        Some(Answer {
            slot,
            delegation,
            reply,
            comment: comment?,
            via,
            by: by?,
            sequence: entry.sequence,
            told: told?,
            answered_at: Moment::from_seconds(answered_at.timestamp()),
        })
    }

    /// A notice, which the next letter repeats: lines, and a time that ends after it begins. Files of earlier releases do
    /// not say what the letter had about the event: what is true in the file counts.
    fn told_slot(&mut self, at: &Range<usize>, told: &Told, around: &ToldEvent) -> Option<Told> {
        let (starts, ends) = (told.starts_at(), told.ends_at());
        self.parsed("told", at, || Interval::new(starts, ends))?;
        let mut line = |text: &String| {
            self.parsed("told", at, || TextLine::parse(text))
                .map(|line| line.to_string())
        };
        let delegations: Vec<Option<String>> = told.delegations.iter().map(&mut line).collect();
        let title = line(&told.title);
        let kind = match &told.kind {
            ToldKind::Known(kind) => Some(ToldKind::Known(*kind)),
            ToldKind::Unknown(word) => line(word).map(ToldKind::Unknown),
        };
        let room = told.room.as_ref().map(&mut line);
        let mut event = told.event.as_deref().unwrap_or(around).clone();
        for text in event.texts() {
            *text = self.parsed("told", at, || optional_line(text))?;
        }
        Some(Told {
            title: title?,
            kind: kind?,
            format: told.format,
            starts: told.starts,
            ends: told.ends,
            room: room.map_or(Some(None), |room| room.map(Some))?,
            delegations: delegations.into_iter().collect::<Option<_>>()?,
            event: Some(Box::new(event)),
        })
    }
}
