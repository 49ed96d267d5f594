//! Wording of findings about interpreters: missing interpretation, free colleagues, missing rests.

use super::{Speaker, minutes, resource_name};
use crate::core::coverage::Relay;
use crate::core::delegation::{Delegation, DelegationId};
use crate::core::free;
use crate::core::interpreter::{Interpreter, InterpreterId};
use crate::core::rules::interpretation::free_interpreters;
use crate::core::slot::Resource;
use crate::core::time::interval::Interval;

impl Speaker<'_> {
    pub(super) fn uncovered(&self, hub: DelegationId, others: &[DelegationId]) -> String {
        let Some(hub) = self.programme.delegation(hub) else {
            return String::new();
        };
        let others: Vec<&Delegation> = others
            .iter()
            .filter_map(|id| self.programme.delegation(*id))
            .collect();
        let names: Vec<String> = others.iter().map(|other| with_languages(other)).collect();
        let share = match names.as_slice() {
            [one] => format!("{} and {one} share no language", with_languages(hub)),
            many => format!(
                "{} shares no language with {}",
                with_languages(hub),
                many.join(", ")
            ),
        };
        let help = self.help(hub, &others);
        format!("{share}, and no booked interpreter works between them. {help}")
    }

    pub(super) fn relayed(&self, hub: DelegationId, other: DelegationId, relay: &Relay) -> String {
        let delegation = |id| resource_name(self.programme, Resource::Delegation(id));
        let interpreter = |id| resource_name(self.programme, Resource::Interpreter(id));
        format!(
            "{} and {} understand each other by relay through “{}”: {} and {}, one after the other. A direct \
             interpreter would be better.",
            delegation(hub),
            delegation(other),
            relay.through,
            interpreter(relay.first),
            interpreter(relay.second),
        )
    }

    pub(super) fn interpreter_rest(
        &self,
        interpreter: InterpreterId,
        span: Interval,
        allowed: i32,
        alone: bool,
    ) -> String {
        let rest = minutes(self.programme.event.settings.interpreter_rest_minutes);
        let (how, limit) = if alone {
            (" alone", "is the limit alone")
        } else {
            ("", "is the limit, even in turns")
        };
        let relief = self
            .programme
            .interpreter(interpreter)
            .filter(|_| alone)
            .map(|interpreter| self.relief(interpreter))
            .unwrap_or_default();
        format!(
            "{} works{how} from {} to {} ({}) without a rest of {rest}; {} {limit}.{relief}",
            resource_name(self.programme, Resource::Interpreter(interpreter)),
            self.clock(span.start()),
            self.clock(span.end()),
            minutes(span.minutes()),
            minutes(allowed),
        )
    }

    /// Who could take turns with an interpreter.
    fn relief(&self, interpreter: &Interpreter) -> String {
        let names: Vec<&str> = free_interpreters(self.programme, self.candidate)
            .filter(|other| interpreter.shares_a_pair_with(other))
            .map(|other| other.name.as_str())
            .collect();
        if names.is_empty() {
            String::new()
        } else {
            format!(" Free to take turns: {}.", names.join(", "))
        }
    }

    /// Who would be free to interpret between `hub` and each of `others`.
    fn help(&self, hub: &Delegation, others: &[&Delegation]) -> String {
        let free: Vec<&Interpreter> = free_interpreters(self.programme, self.candidate).collect();
        let names = |other: &Delegation| {
            let able = free
                .iter()
                .filter(|each| each.works_between(&hub.languages, &other.languages));
            let names: Vec<&str> = able.map(|each| each.name.as_str()).collect();
            names.join(", ")
        };
        let offers: Vec<(&Delegation, String)> =
            others.iter().map(|other| (*other, names(other))).collect();
        match offers.first() {
            Some((_, first)) if offers.iter().all(|(_, offer)| offer == first) => {
                if first.is_empty() {
                    self.no_interpreter(hub, others)
                } else {
                    format!("Free: {first}.")
                }
            }
            _ => {
                let offers: Vec<String> = offers
                    .into_iter()
                    .map(|(other, offer)| match offer.as_str() {
                        "" => format!("none for {}", other.name),
                        names => format!("{names} for {}", other.name),
                    })
                    .collect();
                format!("Free: {}.", offers.join("; "))
            }
        }
    }

    /// Says that no interpreter is free, and who is free first again.
    fn no_interpreter(&self, hub: &Delegation, others: &[&Delegation]) -> String {
        let able: Vec<&Interpreter> = self
            .programme
            .interpreters
            .iter()
            .filter(|each| {
                others
                    .iter()
                    .any(|other| each.works_between(&hub.languages, &other.languages))
            })
            .collect();
        if able.is_empty() {
            return "No interpreter at this event does.".to_owned();
        }
        let wanted = self.candidate.placement.interval;
        let again = able
            .into_iter()
            .filter_map(|each| {
                let resource = Resource::Interpreter(each.id);
                let from =
                    free::resource_free_from(self.programme, resource, self.candidate, None)?;
                (from > wanted.start()).then_some((from, each))
            })
            .min_by_key(|(from, _)| *from);
        match again {
            Some((from, each)) => {
                // The offers name who interprets; this names the same, or says that it holds for one person.
                let whole = free::bookable_from(self.programme, self.candidate, from);
                let who = whole.map_or_else(
                    || format!("{} alone is", each.name),
                    |offer| {
                        let names = offer.interpreters.iter();
                        let names: Vec<String> = names
                            .map(|id| resource_name(self.programme, Resource::Interpreter(*id)))
                            .collect();
                        let verb = if names.len() == 1 { "is" } else { "are" };
                        format!("{} {verb}", names.join(" and "))
                    },
                );
                format!(
                    "No interpreter who does is free; {who} free again, for {}, from {}.",
                    minutes(wanted.minutes()),
                    self.clock(from)
                )
            }
            None => "No interpreter who does is free.".to_owned(),
        }
    }
}

/// `Kazakhstan (kk, ru)`
#[must_use]
pub fn with_languages(delegation: &Delegation) -> String {
    format!("{} ({})", delegation.name, delegation.languages.join(", "))
}
