//! Values as people entered them in a form or a file, each with its source, and what is wrong with them.
//!
//! The constructors of nouns read them, so that a limit is stated once. A form or a file only collects the values, and
//! places the faults.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::core::time::Zone;
use crate::core::time::interval::Interval;

/// A value as it was entered, and where.
#[derive(Debug, Clone)]
pub(crate) struct Entered<S, V> {
    /// The value.
    pub(crate) value: V,
    /// The field or line that a fault is placed at.
    pub(crate) source: S,
}

/// A text as it was entered; empty where nothing was.
pub(crate) type EnteredText<'a, S> = Entered<S, Cow<'a, str>>;

/// The start and end of a stay as they were entered, or how to write them.
pub(crate) type EnteredStay<'a, S> = Entered<S, Result<[Cow<'a, str>; 2], &'static str>>;

/// What is wrong with entered values, in the order found: each fault goes on a sentence that begins with the name of
/// the field ("is missing; fill it in"), or says all of it ("the departure must be after the arrival").
#[derive(Debug)]
pub(crate) struct Faults<S>(Vec<(S, String)>);

impl<S> Default for Faults<S> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<S: Clone + PartialEq> Faults<S> {
    /// Notes a fault; one that is known is noted once.
    pub(crate) fn add(&mut self, source: &S, fault: impl Display) {
        let fault = (source.clone(), fault.to_string());
        if !self.0.contains(&fault) {
            self.0.push(fault);
        }
    }

    /// Returns a parsed value, or notes its fault.
    pub(crate) fn take<T>(&mut self, source: &S, parsed: Result<T, impl Display>) -> Option<T> {
        parsed.map_err(|fault| self.add(source, fault)).ok()
    }

    /// Parses a text.
    pub(crate) fn parse<T, E: Display>(
        &mut self,
        entered: &EnteredText<'_, S>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.take(&entered.source, parse(&entered.value))
    }

    /// Parses a whole number within its range.
    pub(crate) fn number(
        &mut self,
        entered: &EnteredText<'_, S>,
        range: RangeInclusive<i32>,
    ) -> Option<i32> {
        let number = entered.value.trim().parse().ok();
        let (least, most) = (range.start(), range.end());
        self.take(
            &entered.source,
            number
                .filter(|number| range.contains(number))
                .ok_or_else(|| format!("is a whole number from {least} to {most}")),
        )
    }

    /// The first `most` entries of a list; that there are more is a fault.
    pub(crate) fn first<'l, T>(
        &mut self,
        list: &'l [T],
        most: usize,
        source: impl Fn(&T) -> &S,
    ) -> &'l [T] {
        if let Some(extra) = list.get(most) {
            let message = format!("there are {}, and {most} is the limit", list.len());
            self.add(source(extra), message);
        }
        &list[..most.min(list.len())]
    }

    /// Reads stays at the venue, which do not overlap; none means always.
    pub(crate) fn presence(
        &mut self,
        venue: Zone,
        entered: &[EnteredStay<'_, S>],
    ) -> Vec<Interval> {
        let mut stays: Vec<Interval> = Vec::new();
        for Entered { value, source } in self.first(entered, MOST_STAYS, |stay| &stay.source) {
            let written = self.take(source, value.as_ref());
            let read = written.and_then(|[from, until]| {
                let from = self.take(source, venue.parse_moment(from));
                let until = self.take(source, venue.parse_moment(until));
                let stay = Interval::stay(from?, until?);
                self.take(
                    source,
                    stay.ok_or("the departure must be after the arrival"),
                )
            });
            match read {
                Some(stay) if stays.iter().any(|other| other.overlaps(stay)) => {
                    self.add(source, "overlaps another stay; join the two");
                }
                read => stays.extend(read),
            }
        }
        stays.sort();
        stays
    }
}

/// Stays of a delegation or interpreter that are read at most.
const MOST_STAYS: usize = 366;

impl<S> IntoIterator for Faults<S> {
    type Item = (S, String);
    type IntoIter = std::vec::IntoIter<(S, String)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
