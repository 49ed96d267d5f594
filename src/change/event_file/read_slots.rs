//! Reading the slots of an event file: each is judged by the same rules as one that is booked by hand.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use toml::Spanned;

use super::read::{EventImportError, FileReader};
use super::{OverrideEntry, Parties, SlotEntry};
use crate::change::dry_run;
use crate::core::decision::{
    ChangedSlot, Decision, DecisionRequest, GivenReasons, Refusal, SlotCommand, decide,
};
use crate::core::delegation::{DelegationId, PrincipalRole};
use crate::core::programme::Programme;
use crate::core::rule::{Level, Reason, Reasons, Rule};
use crate::core::rules::{Conflict, extent};
use crate::core::slot::{
    AudienceKind, MeetingFormat, MeetingStyle, Placement, Slot, SlotAudience, SlotContent,
    SlotDetails, SlotId, SlotKind, SlotState,
};
use crate::core::text::{self, TextLine};
use crate::core::text_enum::TextEnum;
use crate::core::time::interval::Interval;
use crate::core::time::{ClockTime, Moment};
use crate::core::wording;
use crate::runtime::random::fresh_id;

/// The reason on record for a rule that a file's slot breaks without naming one.
const IMPORTED: &str = "Taken over as it stands in the imported event file";

/// No slot has changed more often than this.
const MOST_CHANGES: i32 = 1_000_000;

/// What the slots read so far give as reasons, what was taken over without one, and what the history says.
#[derive(Default)]
pub(super) struct ReadSlots {
    reasons: HashMap<SlotId, Reasons>,
    pub(super) remarks: Vec<String>,
    pub(super) history: Vec<(SlotId, Value)>,
}

impl ReadSlots {
    /// A reason that another of the slots concerned gives: a file may name it at either.
    fn of_others(&self, conflict: &Conflict) -> Option<&Reason> {
        conflict
            .finding
            .others()
            .iter()
            .find_map(|slot| self.reasons.get(slot)?.get(&conflict.rule()))
    }
}

fn without(delegations: Vec<DelegationId>, left_out: &[DelegationId]) -> Vec<DelegationId> {
    let delegations = delegations.into_iter();
    delegations.filter(|id| !left_out.contains(id)).collect()
}

impl FileReader<'_> {
    /// Adds all slots to the programme, or collects the faults of all.
    pub(super) fn slots(
        &mut self,
        programme: &mut Arc<Programme>,
        by: (&str, Moment),
        entries: &[Spanned<SlotEntry>],
        watch: &mut dyn FnMut(usize, usize),
    ) -> Result<ReadSlots, EventImportError> {
        let mut read = ReadSlots::default();
        for (done, raw) in entries.iter().enumerate() {
            watch(done, entries.len());
            let entry = raw.as_ref();
            let reasons = self.reasons(&entry.overrides);
            let counted = (0..=MOST_CHANGES).contains(&entry.sequence);
            if !counted {
                self.fault(
                    &raw.span(),
                    format!("sequence: is a whole number from 0 to {MOST_CHANGES}"),
                );
            }
            let details = self.details(programme, entry);
            let Some(details) = details.filter(|_| counted) else {
                continue;
            };
            let slot = Slot::new(SlotId(fresh_id()), details, entry.sequence);
            read.reasons.insert(slot.id, reasons);
            if let Some(change) = self.decided(programme, by, raw, &slot, &mut read) {
                let programme = Arc::make_mut(programme);
                programme.add(change.slot.clone());
                if !change.overrides.is_empty() {
                    Arc::make_mut(&mut programme.overrides).extend(change.overrides);
                }
                let after = dry_run::history_of(programme, &change.slot);
                read.history.push((change.slot.id, after));
                self.told(programme, &change.slot, &entry.told);
            }
        }
        self.finish(Some(read))
    }

    /// Decides a slot by the slots before it; `None` when it cannot be taken over.
    ///
    /// Where the file gives no reason for a rule, the import is the reason on record.
    fn decided(
        &mut self,
        programme: &Arc<Programme>,
        (author, at): (&str, Moment),
        raw: &Spanned<SlotEntry>,
        slot: &Slot,
        read: &mut ReadSlots,
    ) -> Option<ChangedSlot> {
        let mut reasons = read.reasons.get(&slot.id).cloned().unwrap_or_default();
        let title = slot.title().clone();
        let command = SlotCommand::Import(slot.clone());
        loop {
            let given = GivenReasons {
                reasons: &reasons,
                author,
                at,
            };
            let command = &command;
            let refused = match decide(programme, DecisionRequest { command, given }) {
                Ok(Decision::Store(change)) => return Some(*change),
                Ok(Decision::Unchanged) => return None,
                Err(Refusal::Conflicts(refused)) => refused,
                Err(refusal) => {
                    self.fault(&raw.span(), format!("“{title}”: {refusal}"));
                    return None;
                }
            };
            let said = |conflict: &Conflict| {
                let sentence = wording::sentence(programme, refused.candidate(), conflict);
                format!("“{title}”: {sentence}")
            };
            // Their order depends on ids, which are drawn again by every import.
            let conflicts = refused.conflicts.iter();
            let mut found: Vec<(String, &Conflict)> = conflicts.map(|it| (said(it), it)).collect();
            found.sort_by(|(one, _), (other, _)| one.cmp(other));
            for (sentence, conflict) in found {
                match conflict.level {
                    Level::Blocked => self.fault(&raw.span(), sentence),
                    Level::NeedsReason
                        if !reasons.get(&conflict.rule()).is_some_and(|given| {
                            given.covers(extent(programme, slot.interval(), conflict))
                        }) =>
                    {
                        let reason = read.of_others(conflict).cloned();
                        let reason = reason.map(|reason| Reason {
                            approved: None,
                            ..reason
                        });
                        let reason = reason.unwrap_or_else(|| {
                            read.remarks.push(sentence);
                            Reason {
                                text: IMPORTED.to_owned(),
                                author: None,
                                approved: None,
                            }
                        });
                        reasons.insert(conflict.rule(), reason);
                    }
                    Level::NeedsReason | Level::Advice => {}
                }
            }
            if refused.is_blocked() {
                return None;
            }
        }
    }

    fn details(&mut self, programme: &Programme, entry: &SlotEntry) -> Option<SlotDetails> {
        let kind = self.word::<SlotKind>("kind", &entry.kind);
        let format = self.format(entry, kind);
        let state = self.word::<SlotState>("state", &entry.state);
        let title = self.parsed("title", &entry.title.span(), || {
            TextLine::parse(entry.title.as_ref())
        });
        let note = entry
            .note
            .as_ref()
            .map(|raw| self.parsed("note", &raw.span(), || text::note(raw.as_ref())));
        let interval = self.interval(programme, entry);
        let room = entry.room.as_ref().map(|raw| {
            let room = programme.room_by_code(raw.as_ref()).map(|room| room.id);
            self.known("room", raw, room)
        });
        let delegations = self.delegations(programme, "parties", &entry.parties);
        let left_out = self.delegations(programme, "left_out", &entry.left_out);
        let all_delegations = matches!(entry.parties.as_ref(), Parties::Word(_));
        if !all_delegations && left_out.as_ref().is_some_and(|named| !named.is_empty()) {
            let message = "left_out: only parties = \"all\" leaves some out";
            self.fault(&entry.left_out.span(), message);
        }
        let invited = self.invited(programme, entry);
        let audience = match entry.audience.as_ref() {
            Parties::Word(word) if word == "all" => Some(SlotAudience::All),
            _ => self
                .delegations(programme, "audience", &entry.audience)
                .map(|named| SlotAudience::of(AudienceKind::Named, named)),
        };
        let interpreters: Vec<_> = entry
            .interpreters
            .iter()
            .map(|raw| {
                let interpreter = programme
                    .interpreter_by_code(raw.as_ref())
                    .map(|interpreter| interpreter.id);
                self.known("interpreters", raw, interpreter)
            })
            .collect();
        let content = SlotContent {
            kind: kind?,
            format: format?,
            title: title?,
            note: note.unwrap_or_else(|| Some(String::new()))?,
            delegations: [without(delegations?, &left_out?), invited?].concat(),
            all_delegations,
            interpreters: interpreters.into_iter().flatten().collect(),
            interpretation_wanted: entry.interpretation,
            audience: audience?,
        };
        Some(SlotDetails {
            content: content.in_order(),
            placement: Placement {
                interval: interval?,
                room: room.unwrap_or_default(),
            },
            state: state?,
            fixed: entry.fixed,
        })
    }

    /// Reads who of those invited to single sessions takes part in a slot for all.
    fn invited(&mut self, programme: &Programme, entry: &SlotEntry) -> Option<Vec<DelegationId>> {
        let invited = self.delegations(programme, "invited", &entry.invited)?;
        let is_for_all = matches!(entry.parties.as_ref(), Parties::Word(_));
        let is_invited = |id: &DelegationId| {
            let party = programme.delegation(*id);
            party.is_some_and(|party| party.role == PrincipalRole::Invited)
        };
        if !invited.is_empty() && !is_for_all || !invited.iter().all(is_invited) {
            let message = "invited: with parties = \"all\" it names parties of the role \"invited\"; otherwise name \
                           them in parties";
            self.fault(&entry.invited.span(), message);
        }
        Some(invited)
    }

    fn format(&mut self, entry: &SlotEntry, kind: Option<SlotKind>) -> Option<MeetingFormat> {
        let style = match &entry.format {
            Some(raw) => {
                let style = self.word::<MeetingStyle>("format", raw)?;
                if kind.is_some_and(|kind| !MeetingFormat::has_style(kind)) {
                    self.fault(
                        &raw.span(),
                        "format: only a bilateral, multilateral or plenary has one",
                    );
                }
                Some(style)
            }
            None => None,
        };
        let accompanying = match &entry.accompanying {
            Some(raw) => {
                let range = MeetingFormat::ACCOMPANYING;
                let people = i32::try_from(*raw.as_ref()).ok();
                let people = people.filter(|people| range.contains(people));
                if people.is_none() {
                    let (least, most) = (range.start(), range.end());
                    let message = format!("accompanying: write a number from {least} to {most}");
                    self.fault(&raw.span(), message);
                }
                Some(people?)
            }
            None => None,
        };
        Some(MeetingFormat {
            style,
            accompanying,
        })
    }

    fn word<E: TextEnum>(&mut self, key: &str, raw: &Spanned<String>) -> Option<E> {
        let found = E::from_word(raw.as_ref());
        if found.is_none() {
            let words: Vec<&str> = E::ALL.iter().map(|variant| variant.as_str()).collect();
            self.fault(
                &raw.span(),
                format!("{key}: '{}' is none of {}", raw.as_ref(), words.join(", ")),
            );
        }
        found
    }

    fn known<T>(&mut self, key: &str, raw: &Spanned<String>, found: Option<T>) -> Option<T> {
        if found.is_none() {
            self.fault(
                &raw.span(),
                format!("{key}: there is no '{}' in this file", raw.as_ref()),
            );
        }
        found
    }

    fn interval(&mut self, programme: &Programme, entry: &SlotEntry) -> Option<Interval> {
        let zone = programme.event.time_zone;
        let date = self.date("day", &entry.day)?;
        let at = entry.start.span();
        let starts = self.parsed("start", &at, || {
            ClockTime::parse_start(entry.start.as_ref())
        })?;
        let start = self.parsed("start", &at, || zone.instant(date, starts))?;
        let (end, at) = match (&entry.end, &entry.minutes) {
            (Some(end), None) => {
                let at = end.span();
                let ends = self.parsed("end", &at, || {
                    ClockTime::parse_end(end.as_ref(), Some(starts))
                })?;
                let end = self.parsed("end", &at, || zone.instant(date, ends))?;
                (end, at)
            }
            (None, Some(minutes)) => {
                let length = i32::try_from(*minutes.as_ref()).unwrap_or(i32::MAX);
                (start.plus(length), minutes.span())
            }
            _ => {
                self.fault(
                    &entry.start.span(),
                    "give the slot either an end or minutes, not both or neither",
                );
                return None;
            }
        };
        self.parsed("end", &at, || Interval::new(start, end))
    }

    fn delegations(
        &mut self,
        programme: &Programme,
        key: &str,
        parties: &Spanned<Parties>,
    ) -> Option<Vec<DelegationId>> {
        let at = parties.span();
        match parties.as_ref() {
            Parties::Word(word) if word == "all" => Some(
                programme
                    .members()
                    .map(|delegation| delegation.id)
                    .collect(),
            ),
            Parties::Word(word) => {
                let message = format!("{key}: '{word}' is neither \"all\" nor a list of codes");
                self.fault(&at, message);
                None
            }
            Parties::Codes(codes) => {
                // All of the unknown ones are named; the slot is then left out of the rules, which would only add to it.
                let found: Vec<Option<DelegationId>> = codes
                    .iter()
                    .map(|code| {
                        let known = programme.delegation_by_code(code);
                        if known.is_none() {
                            let message = format!("{key}: there is no '{code}' in this file");
                            self.fault(&at, message);
                        }
                        known.map(|delegation| delegation.id)
                    })
                    .collect();
                found.into_iter().collect()
            }
        }
    }

    fn reasons(&mut self, entries: &[Spanned<OverrideEntry>]) -> Reasons {
        let mut reasons = Reasons::new();
        for raw in entries {
            let entry = raw.as_ref();
            let reason = self.parsed("reason", &raw.span(), || TextLine::parse(&entry.reason));
            let rule = Spanned::new(raw.span(), entry.rule.clone());
            let rule = self.word::<Rule>("override", &rule);
            if let (Some(rule), Some(reason)) = (rule, reason) {
                let author = entry.author.as_ref().and_then(|author| {
                    self.parsed("author", &raw.span(), || TextLine::parse(author))
                });
                let reason = Reason {
                    text: reason.to_string(),
                    author: author.map(|author| author.to_string()),
                    approved: entry.approved,
                };
                reasons.insert(rule, reason);
            }
        }
        reasons
    }
}
