//! Half-open intervals of time: a slot from 10:00 to 10:30 does not touch one from 10:30.

use crate::core::time::Instant;

/// The longest a slot may be: a day, in minutes (the database checks the same).
pub const LONGEST_SLOT: i32 = 1440;

/// From `start` up to, but not including, `end`; never empty. A slot is at most a day long, a stay may be longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    start: Instant,
    end: Instant,
}

/// Why two instants make no interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IntervalError {
    /// The end is not after the start.
    #[error("the end must be after the start")]
    EndNotAfterStart,
    /// Longer than a day.
    #[error("a slot lasts at most 24 hours")]
    TooLong,
}

impl Interval {
    /// Makes the interval from `start` to `end`.
    ///
    /// # Errors
    /// When the end is not after the start, or more than a day after it.
    pub fn new(start: Instant, end: Instant) -> Result<Self, IntervalError> {
        match end.minutes_since(start) {
            ..=0 => Err(IntervalError::EndNotAfterStart),
            1..=LONGEST_SLOT => Ok(Self { start, end }),
            _ => Err(IntervalError::TooLong),
        }
    }

    /// A stay of any length; `None` unless the departure is after the arrival.
    #[must_use]
    pub fn stay(arrives: Instant, departs: Instant) -> Option<Self> {
        (departs > arrives).then_some(Self {
            start: arrives,
            end: departs,
        })
    }

    /// The first instant inside.
    #[must_use]
    pub const fn start(self) -> Instant {
        self.start
    }

    /// The first instant after.
    #[must_use]
    pub const fn end(self) -> Instant {
        self.end
    }

    /// Length in minutes.
    #[must_use]
    pub const fn minutes(self) -> i32 {
        self.end.minutes_since(self.start)
    }

    /// True when the two share at least one minute.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The part that the two share.
    #[must_use]
    pub fn shared(self, other: Self) -> Option<Self> {
        Self::stay(self.start.max(other.start), self.end.min(other.end))
    }

    /// True when `other` is wholly inside.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Minutes between the two, whichever comes first; `None` when they overlap.
    #[must_use]
    pub fn gap_to(self, other: Self) -> Option<i32> {
        if self.overlaps(other) {
            None
        } else if self.end <= other.start {
            Some(other.start.minutes_since(self.end))
        } else {
            Some(self.start.minutes_since(other.end))
        }
    }

    /// The same length, beginning at `start`.
    #[must_use]
    pub const fn starting_at(self, start: Instant) -> Self {
        Self {
            start,
            end: start.plus(self.minutes()),
        }
    }
}

/// The shortest interval that contains all of these.
pub(crate) fn hull(first: Interval, others: impl Iterator<Item = Interval>) -> Interval {
    others.fold(first, |hull, other| Interval {
        start: hull.start.min(other.start),
        end: hull.end.max(other.end),
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn interval(start: i32, end: i32) -> Interval {
        Interval::new(Instant::from_minutes(start), Instant::from_minutes(end)).unwrap()
    }

    /// Name, B, whether they overlap, the gap between them.
    pub(crate) type Relation = (&'static str, (i32, i32), bool, Option<i32>);

    /// Allen's thirteen relations of A = 10–20 to B, whether they overlap, and the gap between them.
    /// (J. F. Allen, "Maintaining knowledge about temporal intervals", CACM 26 (1983) 832.)
    pub(crate) const RELATIONS: [Relation; 13] = [
        ("A before B", (23, 30), false, Some(3)),
        ("A after B", (1, 7), false, Some(3)),
        ("A meets B", (20, 30), false, Some(0)),
        ("A met by B", (1, 10), false, Some(0)),
        ("A overlaps B", (15, 25), true, None),
        ("A overlapped by B", (5, 15), true, None),
        ("A starts B", (10, 25), true, None),
        ("A started by B", (10, 15), true, None),
        ("A during B", (5, 25), true, None),
        ("A contains B", (12, 18), true, None),
        ("A finishes B", (5, 20), true, None),
        ("A finished by B", (15, 20), true, None),
        ("A equals B", (10, 20), true, None),
    ];

    #[test]
    fn overlap_and_gap_over_all_thirteen_relations() {
        let a = interval(10, 20);
        for (relation, (start, end), overlaps, gap) in RELATIONS {
            let b = interval(start, end);
            assert_eq!(a.overlaps(b), overlaps, "{relation}");
            assert_eq!(b.overlaps(a), overlaps, "{relation}, turned round");
            assert_eq!(a.gap_to(b), gap, "{relation}");
            assert_eq!(b.gap_to(a), gap, "{relation}, turned round");
        }
    }

    #[test]
    fn an_interval_has_an_end_after_its_start_and_is_at_most_a_day() {
        let at = Instant::from_minutes;
        assert_eq!(
            Interval::new(at(10), at(10)),
            Err(IntervalError::EndNotAfterStart)
        );
        assert_eq!(
            Interval::new(at(10), at(9)),
            Err(IntervalError::EndNotAfterStart)
        );
        assert_eq!(Interval::new(at(0), at(1441)), Err(IntervalError::TooLong));
        assert!(Interval::new(at(0), at(1440)).is_ok());
    }
}
